import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FakeClock } from './fake-clock.ts'
import { KeyQueue } from './queue.ts'

describe('KeyQueue', () => {
  test('a key waits once however often it is added', async () => {
    const queue = new KeyQueue()
    queue.add('a')
    queue.add('b')
    queue.add('a')
    expect(queue.length).toBe(2)
    expect(await queue.take()).toBe('a')
    expect(await queue.take()).toBe('b')
    expect(queue.length).toBe(0)
  })

  test('a key added while being worked on waits for done', async () => {
    const queue = new KeyQueue()
    queue.add('a')
    await queue.take()
    queue.add('a')
    expect(queue.length).toBe(0)
    queue.done('a')
    expect(queue.length).toBe(1)
  })

  test('a waiting taker gets the next key; the signal and shutdown give undefined', async () => {
    const queue = new KeyQueue()
    const first = queue.take()
    const abort = new AbortController()
    const second = queue.take(abort.signal)
    const third = queue.take()
    queue.add('a')
    abort.abort()
    expect(await first).toBe('a')
    expect(await second).toBeUndefined()
    queue.shutDown()
    expect(await third).toBeUndefined()
    queue.add('b')
    expect(queue.length).toBe(0)
  })

  test('the earliest of several delays wins, and an immediate add replaces them', async () => {
    const clock = new FakeClock()
    const queue = new KeyQueue({ clock })
    queue.addAfter('a', 100)
    queue.addAfter('a', 50)
    queue.addAfter('a', 200)
    await clock.advance(49)
    expect(queue.length).toBe(0)
    await clock.advance(1)
    expect(queue.length).toBe(1)
    queue.addAfter('b', 10)
    queue.add('b')
    expect(queue.delayed).toBe(0)
    await clock.advance(500)
    expect(queue.length).toBe(2)
  })

  test('failures wait 5 ms, doubling up to 1,000 s, until forgotten', () => {
    const queue = new KeyQueue({ clock: new FakeClock() })
    const waits = Array.from({ length: 20 }, () => queue.addRateLimited('a'))
    expect(waits.slice(0, 4)).toEqual([5, 10, 20, 40])
    expect(waits.at(-1)).toBe(1_000_000)
    queue.forget('a')
    expect(queue.addRateLimited('a')).toBe(5)
  })

  test('the overall bucket slows retries of many keys', () => {
    const queue = new KeyQueue<number>({ clock: new FakeClock(), retryLimit: { perSecond: 10, burst: 2 } })
    expect([1, 2, 3, 4].map(key => queue.addRateLimited(key))).toEqual([5, 5, 100, 200])
  })

  test('whenIdle waits for what is worked on', async () => {
    const queue = new KeyQueue()
    queue.add('a')
    await queue.take()
    let idle = false
    const waiting = queue.whenIdle().then(() => {
      idle = true
    })
    await Promise.resolve()
    expect(idle).toBe(false)
    queue.done('a')
    await waiting
    expect(idle).toBe(true)
  })

  test('no key is ever in two hands, and no addition is lost', async () => {
    const command = fc.oneof(
      fc.record({ do: fc.constant('add' as const), key: fc.nat(3) }),
      fc.record({ do: fc.constant('addAfter' as const), key: fc.nat(3), ms: fc.nat(50) }),
      fc.record({ do: fc.constant('retry' as const), key: fc.nat(3) }),
      fc.record({ do: fc.constant('take' as const) }),
      fc.record({ do: fc.constant('done' as const), key: fc.nat(3) }),
      fc.record({ do: fc.constant('advance' as const), ms: fc.nat(40) }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(command, { maxLength: 60 }), async commands => {
        const clock = new FakeClock()
        const queue = new KeyQueue<number>({ clock })
        const hands = new Set<number>()
        const owed = new Set<number>()
        const takeNow = async (): Promise<void> => {
          if (queue.length === 0) return
          const key = await queue.take()
          if (key === undefined) throw new Error('the queue gave nothing though a key waits')
          expect(hands.has(key)).toBe(false)
          hands.add(key)
          owed.delete(key)
        }
        for (const step of commands) {
          if (step.do === 'add') queue.add(step.key)
          if (step.do === 'addAfter') queue.addAfter(step.key, step.ms)
          if (step.do === 'retry') queue.addRateLimited(step.key)
          if (step.do === 'add' || step.do === 'addAfter' || step.do === 'retry') owed.add(step.key)
          if (step.do === 'take') await takeNow()
          if (step.do === 'advance') await clock.advance(step.ms)
          if (step.do === 'done' && hands.delete(step.key)) queue.done(step.key)
        }
        for (const key of hands) {
          hands.delete(key)
          queue.done(key)
        }
        await clock.advance(2_000_000)
        while (queue.length > 0) await takeNow()
        expect([...owed]).toEqual([])
      }),
      { numRuns: 200 },
    )
  })
})
