import { describe, expect, test } from 'vitest'
import { s } from './builder.ts'
import { fieldErrorText } from './status.ts'
import type { StructuralSchema } from './structural.ts'
import { validate } from './validate.ts'

const texts = (schema: StructuralSchema, value: unknown, old?: unknown) => validate(schema, value, old).map(fieldErrorText)
const spec = (schema: StructuralSchema, value: unknown) =>
  texts({ type: 'object', properties: { spec: { type: 'object', properties: { x: schema } } } }, { spec: { x: value } })

describe('texts of Kubernetes', () => {
  test.each<[string, StructuralSchema, unknown, string[]]>([
    ['integer', s.int32(), 'string', ['spec.x: Invalid value: "string": spec.x in body must be of type integer: "string"']],
    ['float for integer', s.int32(), 1.5, ['spec.x: Invalid value: "number": spec.x in body must be of type integer: "number"']],
    ['null', s.string(), null, ['spec.x: Invalid value: "null": spec.x in body must be of type string: "null"']],
    ['nullable', s.nullable(s.string()), null, []],
    ['object', s.map(s.string()), [], ['spec.x: Invalid value: "array": spec.x in body must be of type object: "array"']],
    ['number takes integers', { type: 'number' }, 3, []],
    ['minimum', s.int32({ minimum: 0 }), -1, ['spec.x: Invalid value: -1: spec.x in body should be greater than or equal to 0']],
    [
      'exclusive maximum',
      { type: 'integer', maximum: 5, exclusiveMaximum: true },
      5,
      ['spec.x: Invalid value: 5: spec.x in body should be less than 5'],
    ],
    ['enum', s.string({ enum: ['a', 'b'] }), 'x', ['spec.x: Unsupported value: "x": supported values: "a", "b"']],
    ['pattern', s.string({ pattern: '^a+$' }), 'b', ['spec.x: Invalid value: "b": spec.x in body should match \'^a+$\'']],
    ['minLength', s.string({ minLength: 2 }), 'b', ['spec.x: Invalid value: "b": spec.x in body should be at least 2 chars long']],
    ['maxLength', s.string({ maxLength: 1 }), 'ab', ['spec.x: Too long: may not be more than 1 byte']],
    ['length in code points', s.string({ maxLength: 1 }), '🎮', []],
    ['minItems', s.list(s.string(), { minItems: 1 }), [], ['spec.x: Invalid value: 0: spec.x in body should have at least 1 items']],
    ['maxItems', s.list(s.string(), { maxItems: 1 }), ['a', 'b'], ['spec.x: Too many: 2: must have at most 1 item']],
    ['required', s.object({ name: s.string() }), {}, ['spec.x.name: Required value']],
    ['date-time', s.time(), 'yesterday', ['spec.x: Invalid value: "yesterday": spec.x in body must be of type date-time: "yesterday"']],
    [
      'int-or-string',
      s.intOrString(),
      true,
      ['spec.x: Invalid value: "boolean": spec.x in body must be of type integer,string: "boolean"'],
    ],
    ['int-or-string int', s.intOrString(), 3, []],
    ['int-or-string text', s.intOrString(), '30%', []],
    ['quantity', s.quantity(), '1Gi', []],
    ['map value', s.map(s.string()), { a: 1 }, ['spec.x.a: Invalid value: "integer": spec.x.a in body must be of type string: "integer"']],
    ['set', s.list(s.string(), { listType: 'set' }), ['a', 'b', 'a'], ['spec.x[2]: Duplicate value: "a"']],
    [
      'sets in maps',
      s.map(s.object({ set: s.map(s.list(s.string(), { listType: 'set' })) })),
      { a: { set: { b: ['c', 'c'] } } },
      ['spec.x[a].set[b][1]: Duplicate value: "c"'],
    ],
    [
      'list map',
      s.list(s.object({ name: s.string(), v: s.optional(s.string()) }), { listType: 'map', mapKeys: ['name'] }),
      [{ name: 'a' }, { name: 'a', v: '1' }],
      ['spec.x[1]: Duplicate value: {"name":"a"}'],
    ],
  ])('%s', (_, schema, value, expected) => {
    expect(spec(schema, value)).toEqual(expected)
  })
})

test('metadata of custom resources is checked against ObjectMeta', () => {
  expect(texts({ type: 'object', properties: { metadata: { type: 'object' } } }, { metadata: { labels: { a: 1 } } })).toEqual([
    'metadata.labels.a: Invalid value: "integer": metadata.labels.a in body must be of type string: "integer"',
  ])
})

test('duplicates are the business of built-in kinds themselves', () => {
  const schema = s.object({ list: s.list(s.string(), { listType: 'set' }) })
  expect(validate(schema, { list: ['a', 'a'] }, undefined, { duplicates: false })).toEqual([])
})

test('cyclic schemas end where the value ends', () => {
  const node: { type: 'object'; properties: Record<string, StructuralSchema> } = {
    type: 'object',
    properties: { name: { type: 'string' } },
  }
  node.properties['child'] = node
  expect(texts(node, { name: 'a', child: { name: 'b', child: { name: 3 } } })).toEqual([
    'child.child.name: Invalid value: "integer": child.child.name in body must be of type string: "integer"',
  ])
})
