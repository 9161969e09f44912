import { expect, test } from 'vitest'
import { FakeClock } from '../../../kube/fake-clock.ts'
import { DueQueue } from './due-queue.ts'
import { PodAddresses } from './pod-addresses.ts'

test('keys come up when they are due, the earlier time winning', async () => {
  const clock = new FakeClock(0)
  const seen: string[] = []
  const handle = (key: string): Promise<void> => {
    seen.push(`${key}@${clock.now()}`)
    return Promise.resolve()
  }
  await using queue = new DueQueue<string>({ clock, concurrency: 10, handle })
  queue.add('b', 50)
  queue.add('a', 20)
  queue.add('b', 90)
  queue.add('gone', 30)
  queue.delete('gone')
  await clock.advance(100)
  expect(seen).toEqual(['a@20', 'b@50'])
})

test('no more than so many at a time, and never one key twice', async () => {
  const clock = new FakeClock(0)
  const active = new Map<string, number>()
  let most = 0
  let handled = 0
  const handle = async (key: string): Promise<void> => {
    active.set(key, (active.get(key) ?? 0) + 1)
    most = Math.max(most, active.size)
    expect(active.get(key)).toBe(1)
    await clock.sleep(10)
    active.delete(key)
    handled += 1
  }
  await using queue = new DueQueue<string>({ clock, concurrency: 3, handle })
  for (let n = 0; n < 20; n += 1) queue.add(`k${n}`, 0)
  await clock.advance(5)
  queue.add('k0', 0)
  await clock.advance(500)
  expect(most).toBe(3)
  expect(handled).toBe(21)
})

test('addresses are given once, kept, and come back when released', () => {
  const addresses = new PodAddresses(n => `10.0.0.${n}`)
  expect(addresses.of('restored', '10.0.0.1')).toBe('10.0.0.1')
  expect(addresses.of('a')).toBe('10.0.0.0')
  expect(addresses.of('b')).toBe('10.0.0.2')
  expect(addresses.of('a')).toBe('10.0.0.0')
  addresses.release('a')
  expect(addresses.of('c')).toBe('10.0.0.0')
})
