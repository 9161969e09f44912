import { describe, expect, it } from 'vitest'
import { builtinSchema } from '../../../apis/core/schemas.ts'
import type { StructuralSchema } from '../../../schema/structural.ts'
import { typedErrors } from './typed-value.ts'

const pod = builtinSchema({ group: '', version: 'v1', kind: 'Pod' }) ?? {}
const custom: StructuralSchema = {
  type: 'object',
  properties: {
    spec: { type: 'object', properties: { n: { type: 'integer' } } },
    any: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
  },
}

describe('typed values', () => {
  it.each([
    [pod, { metadata: { name: 'a', labels: { a: 'b' } }, spec: { containers: [{ name: 'a', ports: [{ containerPort: 1 }] }] } }, []],
    [
      pod,
      { spec: { bogus: 1, containers: [{ name: 'a', bogus: 2 }] } },
      ['.spec.bogus: field not declared in schema', '.spec.containers[name="a"].bogus: field not declared in schema'],
    ],
    [pod, { spec: { containers: [{ name: 'a' }, { name: 'a' }] } }, ['.spec.containers: duplicate entries for key [name="a"]']],
    [
      pod,
      { spec: { containers: [{ image: 'a' }] } },
      [
        '.spec.containers: element 0: associative list with keys has an element that omits key field "name" (and doesn\'t have default value)',
      ],
    ],
    [
      pod,
      { spec: { terminationGracePeriodSeconds: 'x' } },
      ['.spec.terminationGracePeriodSeconds: expected numeric (int or float), got string'],
    ],
    [
      pod,
      { spec: { hostNetwork: 'x', containers: 3, nodeSelector: 4 } },
      [
        '.spec.hostNetwork: expected boolean, got &value.valueUnstructured{Value:"x"}',
        '.spec.containers: expected list, got &value.valueUnstructured{Value:3}',
        '.spec.nodeSelector: expected map, got &value.valueUnstructured{Value:4}',
      ],
    ],
    [custom, { apiVersion: 'g/v1', kind: 'K', metadata: { name: 'x' }, spec: { n: 1 }, any: { thing: [1] } }, []],
    [custom, { spec: { zz: 1 } }, ['.spec.zz: field not declared in schema']],
  ] as const)('%#', (schema, config, errors) => {
    expect(typedErrors(schema, config)).toEqual(errors)
  })
})
