import { describe, expect, test } from 'vitest'
import { ApiError } from './api-error.ts'
import type { Client } from './client.ts'
import { createEventRecorder, type EventRecorderOptions } from './event-recorder.ts'
import { FakeClock } from './fake-clock.ts'

const subject = {
  apiVersion: 'game.kruise.io/v1alpha1',
  kind: 'GameServer',
  metadata: { name: 'mc-0', namespace: 'g', uid: 'u0', resourceVersion: '5' },
}

interface Written {
  metadata: { name: string; namespace: string }
  message: string
  count: number
}

function setUp(more: Pick<EventRecorderOptions, 'flowControl'> = {}) {
  const clock = new FakeClock()
  const created: Written[] = []
  const patched: { name: string; patch: { count: number; message: string } }[] = []
  const faults: Error[] = []
  let passable = Promise.resolve()
  const part = {
    create: async (_type: unknown, event: Written) => {
      const fault = faults.shift()
      if (fault !== undefined) throw fault
      await passable
      created.push(structuredClone(event))
      return event
    },
    patch: async (_type: unknown, ref: { name: string }, patch: { count: number; message: string }) => {
      const fault = faults.shift()
      if (fault !== undefined) throw fault
      patched.push({ name: ref.name, patch })
    },
  }
  const recorder = createEventRecorder({ client: part as unknown as Client, component: 'berth', clock, ...more })
  /** Holds writes back until what is returned is called. */
  const gate = (): (() => void) => {
    const { promise, resolve } = Promise.withResolvers<void>()
    passable = promise
    return resolve
  }
  return { clock, created, patched, faults, recorder, gate }
}

describe('createEventRecorder', () => {
  test('writes what kubectl describe reads', async () => {
    const { clock, created, recorder } = setUp()
    recorder.event(subject, 'Warning', 'AddressPending', 'no room in lb-1')
    await clock.advance(0)
    expect(created).toMatchObject([
      {
        metadata: { namespace: 'g' },
        involvedObject: {
          apiVersion: 'game.kruise.io/v1alpha1',
          kind: 'GameServer',
          name: 'mc-0',
          namespace: 'g',
          uid: 'u0',
          resourceVersion: '5',
        },
        reason: 'AddressPending',
        message: 'no room in lb-1',
        type: 'Warning',
        count: 1,
        firstTimestamp: '2026-01-01T00:00:00Z',
        source: { component: 'berth' },
      },
    ])
    expect(created[0]?.metadata.name).toMatch(/^mc-0\.[0-9a-f]+$/)
  })

  test('the same again counts up in the same event; a burst is one write', async () => {
    const { clock, created, patched, recorder } = setUp()
    for (let index = 0; index < 3; index += 1) recorder.event(subject, 'Normal', 'Started', 'x')
    await clock.advance(0)
    expect(created.map(({ count }) => count)).toEqual([3])
    recorder.event(subject, 'Normal', 'Started', 'x')
    await clock.advance(0)
    expect(created).toHaveLength(1)
    expect(patched).toMatchObject([{ name: created[0]?.metadata.name, patch: { count: 4 } }])
  })

  test('what comes faster than it may be written is written later, and at the end at once', async () => {
    const { clock, created, recorder } = setUp({ flowControl: { perSecond: 2, burst: 3 } })
    for (let index = 0; index < 10; index += 1)
      recorder.event({ ...subject, metadata: { ...subject.metadata, uid: `u${index}` } }, 'Normal', 'Allocated', 'Allocated')
    await clock.advance(0)
    expect(created).toHaveLength(3)
    await clock.advance(1000)
    expect(created).toHaveLength(5)
    await clock.advance(1500)
    expect(created).toHaveLength(8)
    await recorder[Symbol.asyncDispose]()
    expect(created).toHaveLength(10)
  })

  test('an event that expired meanwhile is begun anew', async () => {
    const { clock, created, faults, recorder } = setUp()
    recorder.event(subject, 'Normal', 'Started', 'x')
    await clock.advance(0)
    faults.push(new ApiError({ code: 404, reason: 'NotFound' }))
    recorder.event(subject, 'Normal', 'Started', 'x')
    await clock.advance(0)
    expect(created.map(({ count }) => count)).toEqual([1, 2])
  })

  test('many messages of one reason are combined, and an object has a limited share', async () => {
    const { clock, created, patched, recorder } = setUp()
    for (let index = 0; index < 100; index += 1) {
      recorder.event(subject, 'Normal', 'Changed', `value ${index}`)
      await clock.advance(1)
    }
    expect(created).toHaveLength(11)
    expect(created[10]?.message).toBe('(combined from similar events): value 10')
    expect(patched.at(-1)?.patch).toMatchObject({ count: 15, message: '(combined from similar events): value 24' })
  })

  test('one write at a time, warnings first', async () => {
    const { created, recorder, gate } = setUp()
    const open = gate()
    recorder.event(subject, 'Normal', 'A', 'first')
    await Promise.resolve()
    for (const reason of ['B', 'C']) recorder.event(subject, 'Normal', reason, 'later')
    recorder.event(subject, 'Warning', 'D', 'before them')
    expect(created).toEqual([])
    open()
    await recorder[Symbol.asyncDispose]()
    expect(created.map(({ message }) => message)).toEqual(['first', 'before them', 'later', 'later'])
  })

  test('failures are nobody else\u2019s problem, and disposal flushes', async () => {
    const { created, faults, recorder } = setUp()
    faults.push(new ApiError({ code: 403, reason: 'Forbidden' }))
    recorder.event(subject, 'Normal', 'A', 'x')
    recorder.event(subject, 'Normal', 'B', 'x')
    await recorder[Symbol.asyncDispose]()
    expect(created).toHaveLength(1)
    recorder.event(subject, 'Normal', 'C', 'x')
    expect(created).toHaveLength(1)
  })
})
