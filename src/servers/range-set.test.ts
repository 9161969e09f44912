import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RangeSet } from './range-set.ts'

describe('RangeSet', () => {
  it.each([
    [[1, 2, '5-7'], '1,2,5-7'],
    [['4-6', 5, '7'], '4-7'],
    [[3, 1], '1,3'],
    [[], ''],
  ])('%j reads and writes as %s', (items, text) => {
    expect(RangeSet.parse(items).toString()).toBe(text)
  })

  it('hands invalid items back', () => {
    const invalid: (string | number)[] = []
    expect(RangeSet.parse([-1, '7-3', 'x', 2.5, '2'], item => invalid.push(item)).toString()).toBe('2')
    expect(invalid).toEqual([-1, '7-3', 'x', 2.5])
  })

  it('behaves like a set of numbers', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(30)), fc.array(fc.nat(30)), fc.nat(35), (a, b, n) => {
        const set = RangeSet.of(...a).union(RangeSet.of(...b))
        const model = new Set([...a, ...b])
        expect([...set]).toEqual([...model].sort((x, y) => x - y))
        expect(set.size).toBe(model.size)
        expect(set.has(n)).toBe(model.has(n))
        expect(RangeSet.parse(set.toItems()).equals(set)).toBe(true)
        expect([...set.absentBelow(n)]).toEqual(Array.from({ length: n }, (_, i) => i).filter(i => !model.has(i)))
        let next = n
        while (model.has(next)) next++
        expect(set.nextAbsent(n)).toBe(next)
      }),
    )
  })
})
