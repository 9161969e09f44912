import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compareQuantities, isInteger, milliValue, parseQuantity, wholeValue } from './quantity.ts'

test.each<[string | number, bigint | undefined]>([
  ['0', 0n],
  ['1', 1_000_000_000n],
  [2, 2_000_000_000n],
  ['100m', 100_000_000n],
  ['1.5', 1_500_000_000n],
  ['.5', 500_000_000n],
  ['1Ki', 1024_000_000_000n],
  ['1.5Ki', 1536_000_000_000n],
  ['2k', 2000_000_000_000n],
  ['1e3', 1000_000_000_000n],
  ['1E', 10n ** 27n],
  ['-1', -1_000_000_000n],
  ['5n', 5n],
  ['0.0000000001', 1n],
  ['1X', undefined],
  ['', undefined],
  ['1 Gi', undefined],
  ['Gi', undefined],
])('%s', (text, nano) => {
  expect(parseQuantity(text)?.nano).toBe(nano)
})

test('values round up', () => {
  const q = (text: string) => parseQuantity(text)!
  expect(milliValue(q('1.0001'))).toBe(1001)
  expect(wholeValue(q('1500m'))).toBe(2)
  expect(wholeValue(q('-1500m'))).toBe(-1)
  expect(isInteger(q('2000m'))).toBe(true)
})

test('comparing follows the numbers', () => {
  fc.assert(
    fc.property(fc.integer(), fc.integer(), (a, b) => {
      expect(Math.sign(compareQuantities(parseQuantity(a)!, parseQuantity(`${b}`)!))).toBe(Math.sign(a - b))
    }),
  )
})
