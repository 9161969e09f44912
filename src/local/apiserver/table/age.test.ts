import { describe, expect, it } from 'vitest'
import { ageOf, humanDuration } from './age.ts'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

describe('humanDuration', () => {
  it.each([
    [-2000, '<invalid>'],
    [-500, '0s'],
    [0, '0s'],
    [119_999, '119s'],
    [2 * minute, '2m'],
    [3 * minute + 20_000, '3m20s'],
    [10 * minute + 5000, '10m'],
    [179 * minute, '179m'],
    [3 * hour, '3h'],
    [7 * hour + 30 * minute, '7h30m'],
    [47 * hour, '47h'],
    [2 * day, '2d'],
    [7 * day + 3 * hour, '7d3h'],
    [8 * day + 3 * hour, '8d'],
    [729 * day, '729d'],
    [730 * day, '2y'],
    [800 * day, '2y70d'],
    [9 * 365 * day, '9y'],
  ])('%d ms is %s', (milliseconds, text) => {
    expect(humanDuration(milliseconds)).toBe(text)
  })

  it('knows times that are not set', () => {
    const now = new Date('2026-01-01T00:00:10Z')
    expect([ageOf(undefined, now), ageOf(null, now), ageOf('x', now), ageOf('2026-01-01T00:00:00Z', now)]).toEqual([
      '<unknown>',
      '<unknown>',
      '<invalid>',
      '10s',
    ])
  })
})
