import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseQuantity } from '../../../../schema/quantity.ts'
import { canonicalQuantity } from './canonical-quantity.ts'

describe('canonicalQuantity', () => {
  it.each([
    [1, '1'],
    [0.5, '500m'],
    ['0', '0'],
    ['0.5', '500m'],
    ['1000m', '1'],
    ['1500m', '1500m'],
    ['1000', '1k'],
    ['1024Mi', '1Gi'],
    ['1.5Gi', '1536Mi'],
    ['512Mi', '512Mi'],
    ['0.5Ki', '512'],
    ['100u', '100u'],
    ['1e3', '1e3'],
    ['-2000m', '-2'],
    ['nonsense', 'nonsense'],
  ])('%s is %s', (text, expected) => {
    expect(canonicalQuantity(text)).toBe(expected)
  })

  it('keeps the value, and is canonical itself', () => {
    const suffix = fc.constantFrom('', 'm', 'k', 'M', 'G', 'Ki', 'Mi', 'Gi', 'Ti')
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1_000_000 }), suffix, (number, unit) => {
        const text = `${number}${unit}`
        const canonical = canonicalQuantity(text)
        expect(parseQuantity(canonical)).toEqual(parseQuantity(text))
        expect(canonicalQuantity(canonical)).toBe(canonical)
      }),
    )
  })
})
