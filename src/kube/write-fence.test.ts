import { describe, expect, test } from 'vitest'
import { FakeClock } from './fake-clock.ts'
import { startStopwatch } from './stopwatch.ts'
import { FencedError, WriteFence } from './write-fence.ts'

function openFence(limitMs = 3000) {
  const clock = new FakeClock()
  const fence = new WriteFence(clock)
  fence.extend(startStopwatch(clock), limitMs)
  return { clock, fence }
}

describe('WriteFence', () => {
  test('is shut until it is extended', () => {
    const fence = new WriteFence(new FakeClock())
    expect(fence.isOpen).toBe(false)
    expect(() => fence.check()).toThrow(FencedError)
  })

  test('stays open as long as it is extended, and counts from the moment the stopwatch was started', async () => {
    const { clock, fence } = openFence()
    for (let renewal = 0; renewal < 10; renewal += 1) {
      const age = startStopwatch(clock)
      await clock.advance(1000)
      fence.extend(age, 3000)
      expect(fence.leftMs).toBe(2000)
    }
    fence.check()
    await clock.advance(1999)
    expect(fence.isOpen).toBe(true)
    await clock.advance(1)
    expect(fence.isOpen).toBe(false)
  })

  test('closes by its timer: the signal is aborted and what is on its way is given up', async () => {
    const { clock, fence } = openFence()
    const aborted: string[] = []
    const answered = fence.enter(() => aborted.push('answered'))
    fence.enter(reason => aborted.push(reason.code))
    answered[Symbol.dispose]()
    await clock.advance(3000)
    expect(aborted).toEqual(['KUBE_FENCED'])
    expect(fence.signal.reason).toBeInstanceOf(FencedError)
  })

  test.each([
    ['the event loop stalls', (clock: FakeClock) => clock.stall(3000)],
    ['the machine sleeps', (clock: FakeClock) => clock.suspend(3000)],
  ])('refuses before any timer could fire when %s', (_, lose) => {
    const { clock, fence } = openFence()
    lose(clock)
    expect(() => fence.check()).toThrow(FencedError)
    expect(fence.signal.aborted).toBe(true)
  })

  test.each([
    ['has run out unseen', (clock: FakeClock) => clock.stall(5000)],
    ['was closed', (_: FakeClock, fence: WriteFence) => fence.close('for good')],
  ])('never opens again once it %s', (_, end) => {
    const { clock, fence } = openFence()
    end(clock, fence)
    fence.extend(startStopwatch(clock), 3000)
    expect(fence.isOpen).toBe(false)
    expect(fence.leftMs).toBe(0)
    expect(() => fence.check()).toThrow(FencedError)
  })

  test('an answer that comes too late does not open it', () => {
    const clock = new FakeClock()
    const fence = new WriteFence(clock)
    const age = startStopwatch(clock)
    clock.stall(3000)
    fence.extend(age, 3000)
    expect(fence.isOpen).toBe(false)
  })
})
