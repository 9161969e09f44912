import fc from 'fast-check'
import { expect, test } from 'vitest'
import { canonicalJson, cloneJson, equalJson } from './json.ts'

test('a clone is equal and shares nothing that can change', () => {
  fc.assert(
    fc.property(fc.jsonValue(), value => {
      const before = JSON.stringify(value)
      const copy = cloneJson(value)
      expect(copy).toEqual(value)
      expect(JSON.stringify(copy)).toBe(before)
      if (typeof value === 'object' && value !== null) expect(copy).not.toBe(value)
    }),
  )
})

test('a member named __proto__ is a member like any other', () => {
  const value = JSON.parse('{"__proto__":{"a":1},"b":2}') as unknown
  expect(JSON.stringify(cloneJson(value))).toBe('{"__proto__":{"a":1},"b":2}')
})

test('equality and canonical text agree', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
      expect(equalJson(a, b)).toBe(canonicalJson(a) === canonicalJson(b))
      expect(equalJson(a, cloneJson(a))).toBe(true)
    }),
  )
  expect(equalJson({ a: 1, b: [2] }, { b: [2], a: 1 })).toBe(true)
  expect(canonicalJson({ b: 1, a: 2 })).toBe('{"a":2,"b":1}')
})
