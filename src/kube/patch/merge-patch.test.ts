import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { applyMergePatch, createMergePatch } from './merge-patch.ts'

describe('applyMergePatch', () => {
  // The examples of RFC 7386, appendix A.
  it.each([
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [
      ['a', 'b'],
      ['c', 'd'],
      ['c', 'd'],
    ],
    [{ a: 'b' }, ['c'], ['c']],
    [{ a: 'foo' }, null, null],
    [{ a: 'foo' }, 'bar', 'bar'],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [[1, 2], { a: 'b', c: null }, { a: 'b' }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ])('%j with %j is %j', (target, patch, expected) => {
    expect(applyMergePatch(target, patch)).toEqual(expected)
  })

  it('leaves the target as it is and shares what it does not touch', () => {
    const target = Object.freeze({ spec: Object.freeze({ a: 1 }), metadata: Object.freeze({ labels: Object.freeze({ x: 'y' }) }) })
    const result = applyMergePatch(target, { metadata: { labels: { z: '1' } } }) as typeof target
    expect(result.spec).toBe(target.spec)
    expect(result.metadata.labels).toEqual({ x: 'y', z: '1' })
    expect(target.metadata.labels).toEqual({ x: 'y' })
  })
})

/** JSON without nulls: what objects of an API server consist of. */
const { value } = fc.letrec(tie => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.integer(),
    fc.boolean(),
    fc.string({ maxLength: 4 }),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('a', 'b', 'c', '__proto__', 'toString'), tie('value'), { maxKeys: 4 }),
  ),
}))
const object = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd', '__proto__', 'constructor'), value, { maxKeys: 5 })

describe('createMergePatch', () => {
  it('turns one object into the other', () => {
    fc.assert(
      fc.property(object, object, (from, to) => {
        const patch = createMergePatch(from, to)
        expect(JSON.stringify(sorted(patch === undefined ? from : applyMergePatch(from, patch)))).toBe(JSON.stringify(sorted(to)))
      }),
    )
  })

  it('is undefined exactly when nothing differs', () => {
    fc.assert(
      fc.property(object, object, (from, to) => {
        const same = JSON.stringify(sorted(from)) === JSON.stringify(sorted(to))
        expect(createMergePatch(from, to) === undefined).toBe(same)
      }),
    )
  })

  it.each([
    [{ a: 1, b: { c: 1, d: 2 } }, { a: 1, b: { c: 1, d: 3 } }, { b: { d: 3 } }],
    [{ a: [1, 2] }, { a: [1] }, { a: [1] }],
    [{ a: 1 }, {}, { a: null }],
    [{}, { a: { b: 1 } }, { a: { b: 1 } }],
    [{ a: undefined }, {}, undefined],
    [{ a: {} }, { a: 1 }, { a: 1 }],
  ])('from %j to %j is %j', (from, to, expected) => {
    expect(createMergePatch(from, to)).toEqual(expected)
  })
})

function sorted(json: unknown): unknown {
  if (Array.isArray(json)) return json.map(sorted)
  if (typeof json !== 'object' || json === null) return json
  return Object.entries(json)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, inner]) => [key, sorted(inner)])
}
