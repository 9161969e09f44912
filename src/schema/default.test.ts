import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { s } from './builder.ts'
import { applyDefaults } from './default.ts'
import { cloneJson } from './json.ts'
import { dropNulls } from './nulls.ts'
import { prune, strictDecodingMessage } from './prune.ts'
import type { StructuralSchema } from './structural.ts'

const schema = s.object({
  spec: s.optional(
    s.object(
      {
        policy: s.optional(s.string({ default: 'Cascade' })),
        count: s.optional(s.int32({ default: 1 })),
        note: s.optional(s.nullable(s.string({ default: 'n' }))),
        items: s.optional(s.list(s.object({ name: s.string(), weight: s.optional(s.int32({ default: 5 })) }))),
        byName: s.optional(s.map(s.object({ on: s.optional(s.boolean({ default: true })) }))),
        raw: s.optional(s.preserve()),
        labels: s.optional(s.map(s.string())),
      },
      { default: {} },
    ),
  ),
})

function defaulted(value: unknown): unknown {
  applyDefaults(schema, value)
  return value
}

describe('applyDefaults', () => {
  test.each([
    ['a default object gets the defaults of its members', {}, { spec: { policy: 'Cascade', count: 1, note: 'n' } }],
    ['what is there stays', { spec: { policy: 'Delete', count: 0, note: 'x' } }, { spec: { policy: 'Delete', count: 0, note: 'x' } }],
    [
      'null counts as absent unless nullable',
      { spec: { policy: null, note: null } },
      { spec: { policy: 'Cascade', count: 1, note: null } },
    ],
    [
      'inside lists and maps',
      { spec: { items: [{ name: 'a' }], byName: { a: {} } } },
      { spec: { policy: 'Cascade', count: 1, note: 'n', items: [{ name: 'a', weight: 5 }], byName: { a: { on: true } } } },
    ],
  ])('%s', (_, before, after) => {
    expect(defaulted(before)).toEqual(after)
  })

  test('is idempotent and never shares the default with the object', () => {
    fc.assert(
      fc.property(
        fc.record({
          spec: fc.option(fc.record({ count: fc.integer(), items: fc.array(fc.record({ name: fc.string() })) }, { requiredKeys: [] }), {
            nil: undefined,
          }),
        }),
        value => {
          const once = cloneJson(defaulted(value))
          expect(defaulted(cloneJson(once))).toEqual(once)
        },
      ),
    )
    const object = defaulted({}) as { spec: { count: number } }
    object.spec.count = 99
    expect(defaulted({})).toEqual({ spec: { policy: 'Cascade', count: 1, note: 'n' } })
  })

  test('works on cyclic schemas', () => {
    const node: { type: 'object'; properties: Record<string, StructuralSchema> } = { type: 'object', properties: {} }
    node.properties['child'] = node
    node.properties['size'] = { type: 'integer', default: 3 }
    const value = { child: { child: {} } }
    applyDefaults(node, value)
    expect(value).toEqual({ size: 3, child: { size: 3, child: { size: 3 } } })
  })
})

describe('prune', () => {
  test('removes unknown members and names them as strict decoding does', () => {
    const value = {
      apiVersion: 'v1',
      kind: 'X',
      metadata: { name: 'a', labels: { any: 'x' }, oops: 1 },
      spec: { polcy: 'x', items: [{ name: 'a' }, { name: 'b', wieght: 1 }], raw: { a: { b: 1 } }, labels: { k: 'v' } },
      extra: true,
    }
    const paths = prune(schema, value)
    expect(paths).toEqual(['metadata.oops', 'spec.polcy', 'spec.items[1].wieght', 'extra'])
    expect(strictDecodingMessage(paths.slice(1, 3))).toBe(
      'strict decoding error: unknown field "spec.polcy", unknown field "spec.items[1].wieght"',
    )
    expect(value).toEqual({
      apiVersion: 'v1',
      kind: 'X',
      metadata: { name: 'a', labels: { any: 'x' } },
      spec: { items: [{ name: 'a' }, { name: 'b' }], raw: { a: { b: 1 } }, labels: { k: 'v' } },
    })
    expect(prune(schema, value)).toEqual([])
  })

  test('members known beside preserved ones are pruned inside', () => {
    const open = s.object({ template: s.open({ claims: s.optional(s.list(s.object({ name: s.string() }))) }) })
    const value = { template: { anything: { x: 1 }, claims: [{ name: 'a', y: 1 }] } }
    expect(prune(open, value)).toEqual(['template.claims[0].y'])
  })

  test('embedded resources keep apiVersion, kind and metadata', () => {
    const value = { inner: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a', foo: 1 } } }
    expect(prune({ type: 'object', properties: { inner: { type: 'object', 'x-kubernetes-embedded-resource': true } } }, value)).toEqual([
      'inner.metadata.foo',
    ])
  })

  test('a member named like an object method is unknown', () => {
    expect(prune(s.object({}), JSON.parse('{"constructor":1,"__proto__":2}'))).toEqual(['constructor', '__proto__'])
  })
})

test('dropNulls removes what Go would decode to nothing', () => {
  const value = { spec: { policy: null, note: null, items: [{ name: 'a', weight: null }], raw: { keep: null } } }
  dropNulls(schema, value)
  expect(value).toEqual({ spec: { note: null, items: [{ name: 'a' }], raw: { keep: null } } })
})
