import { expect, test } from 'vitest'
import { FakeClock } from './fake-clock.ts'
import { TokenBucket } from './token-bucket.ts'

test('lets a burst go, then a steady rate, and saves up no more than the burst', async () => {
  const clock = new FakeClock()
  const bucket = new TokenBucket({ perSecond: 10, burst: 3, clock })
  expect([1, 2, 3, 4, 5].map(() => bucket.reserve())).toEqual([0, 0, 0, 100, 200])
  await clock.advance(10_000)
  expect([1, 2, 3, 4].map(() => bucket.tryTake())).toEqual([true, true, true, false])
  await clock.advance(100)
  expect(bucket.tryTake()).toBe(true)
})

test('an infinite rate never makes anybody wait', () => {
  const bucket = new TokenBucket({ perSecond: Number.POSITIVE_INFINITY, burst: 1, clock: new FakeClock() })
  expect([1, 2, 3].map(() => bucket.reserve())).toEqual([0, 0, 0])
  expect(bucket.tryTake() && bucket.tryTake()).toBe(true)
})
