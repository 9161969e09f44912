import { expect, test } from 'vitest'
import { formatDuration, kubernetesBackOff, nextBackOff, retryDelay } from './back-off.ts'
import type { ContainerState, Exit } from './container-state.ts'

function run(startedAt: number, finishedAt: number): Exit {
  return { containerID: '', exitCode: 1, reason: 'Error', startedAt, finishedAt }
}

test('restarts at once, then after 10 s doubling to 5 min', () => {
  let backOff: ContainerState['backOff']
  const delays: number[] = []
  for (let crash = 0; crash < 8; crash += 1) {
    backOff = nextBackOff(backOff, 'h', run(0, 1_000), kubernetesBackOff)
    delays.push(backOff.delayMs / 1000)
    expect(backOff.until).toBe(1_000 + backOff.delayMs)
  }
  expect(delays).toEqual([0, 10, 20, 40, 80, 160, 300, 300])
})

test('a changed definition and a long run start afresh', () => {
  const previous = { hash: 'h', delayMs: 80_000, until: 0 }
  expect(nextBackOff(previous, 'other', run(0, 1), kubernetesBackOff).delayMs).toBe(0)
  expect(nextBackOff(previous, 'h', run(0, 600_001), kubernetesBackOff).delayMs).toBe(0)
  expect(nextBackOff(previous, 'h', run(0, 600_000), kubernetesBackOff).delayMs).toBe(160_000)
})

test('retry delays double to their limit', () => {
  expect([1, 2, 3, 4, 9].map(attempts => retryDelay(attempts, 1_000, 5_000))).toEqual([1_000, 2_000, 4_000, 5_000, 5_000])
})

test('durations are written as Go does', () => {
  expect([10_000, 60_000, 160_000, 3_661_000].map(formatDuration)).toEqual(['10s', '1m0s', '2m40s', '1h1m1s'])
})
