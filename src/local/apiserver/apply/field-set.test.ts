import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { difference, equalSets, type FieldSet, intersection, pathsOf, union } from './field-set.ts'

const element = fc.constantFrom('f:a', 'f:b', 'k:{"name":"x"}', 'v:"y"')
const { node } = fc.letrec<{ node: FieldSet }>(tie => ({
  node: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.constant({}),
    fc.dictionary(element, tie('node'), { minKeys: 1, maxKeys: 3 }),
    fc.dictionary(element, tie('node'), { minKeys: 1, maxKeys: 3 }).map(children => ({ '.': {}, ...children })),
  ),
}))
const set = fc.dictionary(element, node, { maxKeys: 4 })
const members = (fields: FieldSet) => pathsOf(fields).toSorted()

describe('field sets', () => {
  it('combine as sets of paths do', () => {
    fc.assert(
      fc.property(set, set, (a, b) => {
        const [left, right] = [new Set(members(a)), new Set(members(b))]
        expect(members(union(a, b))).toEqual([...left.union(right)].toSorted())
        expect(members(intersection(a, b))).toEqual([...left.intersection(right)].toSorted())
        expect(members(difference(a, b))).toEqual([...left.difference(right)].toSorted())
      }),
      { numRuns: 500 },
    )
  })

  it('are equal exactly when they hold the same paths', () => {
    fc.assert(
      fc.property(set, set, (a, b) => {
        expect(equalSets(a, b)).toBe(JSON.stringify(members(a)) === JSON.stringify(members(b)))
        expect(equalSets(union(a, b), union(b, a))).toBe(true)
        expect(equalSets(difference(a, a), {})).toBe(true)
      }),
    )
  })

  it('share what a combination leaves alone', () => {
    const a: FieldSet = { 'f:spec': { 'f:x': {} }, 'f:metadata': { 'f:labels': { 'f:l': {} } } }
    expect(difference(a, { 'f:status': {} })).toBe(a)
    expect(difference(a, { 'f:spec': { 'f:x': {} } })['f:metadata']).toBe(a['f:metadata'])
  })

  it('print paths as Kubernetes does', () => {
    expect(
      pathsOf({
        'f:spec': { 'f:ports': { '.': {}, 'k:{"containerPort":80,"protocol":"TCP"}': { 'f:name': {} } }, 'f:set': { 'v:"a"': {} } },
      }),
    ).toEqual(['.spec.ports', '.spec.ports[containerPort=80,protocol="TCP"].name', '.spec.set[="a"]'])
  })
})
