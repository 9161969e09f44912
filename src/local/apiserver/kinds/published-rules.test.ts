import { expect, it } from 'vitest'
import { builtinSchema } from '../../../apis/core/schemas.ts'
import { fieldErrorText } from '../../../schema/status.ts'
import type { Draft } from '../registry.ts'
import { publishedErrors } from './published-rules.ts'

function answer(apiVersion: string, kind: string, object: object): string[] {
  const [group = '', version = ''] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion]
  const schema = builtinSchema({ group, version, kind })
  if (schema === undefined) throw new Error(`no schema of ${kind}`)
  return publishedErrors(schema, { apiVersion, kind, metadata: { name: 'x' }, ...object } as Draft).map(fieldErrorText)
}

it.each([
  [
    'networking.k8s.io/v1',
    'Ingress',
    { spec: { rules: [{ http: { paths: [{ backend: { service: { name: '' } } }] } }] } },
    ['spec.rules[0].http.paths[0].pathType: Required value', 'spec.rules[0].http.paths[0].backend.service.name: Required value'],
  ],
  [
    'networking.k8s.io/v1',
    'NetworkPolicy',
    { spec: { policyTypes: ['Foo'] } },
    ['spec.policyTypes[0]: Unsupported value: "Foo": supported values: "Egress", "Ingress"'],
  ],
  ['networking.k8s.io/v1', 'NetworkPolicy', { spec: { podSelector: {}, policyTypes: ['Egress'] } }, []],
  ['v1', 'Pod', { spec: { containers: [{ name: 'a' }] }, status: { phase: 'Nonsense' } }, []],
  [
    'v1',
    'Pod',
    { spec: { containers: [{ name: 'a', terminationMessagePolicy: 'Foo' }] } },
    ['spec.containers[0].terminationMessagePolicy: Unsupported value: "Foo": supported values: "FallbackToLogsOnError", "File"'],
  ],
] as const)('%s %s %j', (apiVersion, kind, object, errors) => {
  expect(answer(apiVersion, kind, object)).toEqual(errors)
})
