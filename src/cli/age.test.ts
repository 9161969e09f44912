import { describe, expect, test } from 'vitest'
import { parseSpan } from '../schema/span.ts'
import { ageSince, formatAge } from './age.ts'

describe('ages', () => {
  const second = 1000
  const minute = 60 * second
  const hour = 60 * minute
  const day = 24 * hour
  test.each([
    [0, '0s'],
    [119 * second, '119s'],
    [2 * minute, '2m'],
    [2 * minute + 5 * second, '2m5s'],
    [10 * minute + 5 * second, '10m'],
    [179 * minute, '179m'],
    [3 * hour + 7 * minute, '3h7m'],
    [8 * hour + 7 * minute, '8h'],
    [47 * hour, '47h'],
    [2 * day + 3 * hour, '2d3h'],
    [30 * day, '30d'],
    [800 * day, '2y70d'],
    [-5, '0s'],
  ])('%d ms is %s', (ms, text) => expect(formatAge(ms)).toBe(text))

  test.each([
    ['90', 90_000],
    ['90s', 90_000],
    ['1h30m', 5_400_000],
    ['500ms', 500],
    ['1.5m', 90_000],
    ['soon', undefined],
    ['5x', undefined],
    ['', undefined],
  ])('the span %j', (text, ms) => expect(parseSpan(text)).toBe(ms))

  test('an unknown time has an unknown age', () => expect(ageSince(null, 0)).toBe('<unknown>'))
})
