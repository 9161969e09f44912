import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { applyDefaults } from './default.ts'
import { cloneJson } from './json.ts'
import { prune } from './prune.ts'
import { fieldErrorText } from './status.ts'
import type { StructuralSchema } from './structural.ts'
import { validate } from './validate.ts'

// What the packages of k8s.io/apiextensions-apiserver v0.34.1 (pruning, defaulting, validation, listtype, cel) say to the same
// schemas and values, each as `spec.x` of an object. Left out on purpose: a format lets kube-openapi accept any list for a text, and
// cel-go words failed conversions differently.
interface Recorded {
  schema: StructuralSchema
  answers: { value: unknown; errors?: string[]; pruned?: string[]; becomes?: unknown; gone?: boolean }[]
}

const recorded = JSON.parse(readFileSync(new URL('./recorded-answers.generated.json', import.meta.url), 'utf8')) as Recorded[]

describe.each(recorded.map(({ schema, answers }) => [JSON.stringify(schema), schema, answers] as const))(
  'as Kubernetes answers to %s',
  (_, x, answers) => {
    const schema: StructuralSchema = { type: 'object', properties: { spec: { type: 'object', properties: { x } } } }

    test.each(answers.map(answer => [JSON.stringify(answer.value), answer] as const))('%s', (__, answer) => {
      const object = { spec: { x: cloneJson(answer.value) } }
      const pruned = prune(schema, object)
      applyDefaults(schema, object)
      expect(pruned.toSorted()).toEqual((answer.pruned ?? []).toSorted())
      expect(object).toEqual({ spec: answer.gone === true ? {} : { x: 'becomes' in answer ? answer.becomes : answer.value } })
      // That rules were left out is said by the strategy above those packages.
      const errors = validate(schema, object).filter(({ detail }) => !detail.startsWith('some validation rules were not checked'))
      expect(errors.map(fieldErrorText).toSorted()).toEqual((answer.errors ?? []).toSorted())
    })
  },
)
