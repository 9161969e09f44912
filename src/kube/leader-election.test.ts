import { describe, expect, test } from 'vitest'
import { ApiError } from './api-error.ts'
import type { CallOptions, Client, WatchEvent } from './client.ts'
import { FakeClock } from './fake-clock.ts'
import { LeaderElector, LeadershipLostError, type Silence } from './leader-election.ts'
import type { Lease } from './lease.ts'
import { FencedError, type WriteFence } from './write-fence.ts'

/** One lease with optimistic locking, shared by all candidates; clients can be cut off. */
class LeaseServer {
  lease: Lease | undefined
  readonly requests: string[] = []
  readonly #watchers = new Set<(event: WatchEvent<Lease> | undefined) => void>()
  #version = 0
  canWatch = true

  client(identity: string, trouble: Trouble = { cutOff: false, deaf: false }): Client {
    const reach = async (what: string, { signal }: { signal?: AbortSignal }): Promise<void> => {
      if (trouble.cutOff) throw new ApiError({ code: 0, reason: 'Unreachable' })
      if (trouble.deaf) await new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)))
      this.requests.push(`${identity} ${what}`)
    }
    const part = {
      get: async (_type: unknown, _ref: unknown, options: CallOptions) => {
        await reach('GET', options)
        if (this.lease === undefined) throw new ApiError({ code: 404, reason: 'NotFound' })
        return this.lease
      },
      create: async (_type: unknown, lease: Lease, options: CallOptions) => {
        await reach('POST', options)
        if (this.lease !== undefined) throw new ApiError({ code: 409, reason: 'AlreadyExists' })
        return this.store(lease)
      },
      update: async (_type: unknown, lease: Lease, options: CallOptions) => {
        await reach('PUT', options)
        if (this.lease === undefined) throw new ApiError({ code: 404, reason: 'NotFound' })
        if (lease.metadata.resourceVersion !== this.lease.metadata.resourceVersion) throw new ApiError({ code: 409, reason: 'Conflict' })
        return this.store(lease)
      },
      watch: (_type: unknown, { signal }: { signal: AbortSignal }) => {
        this.requests.push(`${identity} WATCH`)
        if (!this.canWatch) throw new ApiError({ code: 403, reason: 'Forbidden' })
        return this.#follow(signal, trouble)
      },
    }
    return part as unknown as Client
  }

  store(lease: Lease): Lease {
    this.#version += 1
    this.lease = { ...lease, metadata: { ...lease.metadata, resourceVersion: String(this.#version) } }
    for (const tell of this.#watchers) tell({ type: 'MODIFIED', object: this.lease })
    return this.lease
  }

  delete(): void {
    const gone = this.lease
    this.lease = undefined
    if (gone !== undefined) for (const tell of this.#watchers) tell({ type: 'DELETED', object: gone })
  }

  async *#follow(signal: AbortSignal, trouble: Trouble): AsyncIterable<WatchEvent<Lease>> {
    const pending: (WatchEvent<Lease> | undefined)[] = []
    let wake = (): void => {}
    const tell = (event: WatchEvent<Lease> | undefined): void => {
      if (!trouble.cutOff && (trouble.watchDied !== true || event === undefined)) pending.push(event)
      wake()
    }
    const onAbort = (): void => tell(undefined)
    this.#watchers.add(tell)
    signal.addEventListener('abort', onAbort)
    try {
      while (!signal.aborted) {
        const event = pending.shift()
        if (event !== undefined) yield event
        else await new Promise<void>(resolve => (wake = resolve))
      }
      throw signal.reason
    } finally {
      this.#watchers.delete(tell)
      signal.removeEventListener('abort', onAbort)
    }
  }
}

const untilAborted = (signal: AbortSignal): Promise<void> =>
  new Promise(resolve => signal.addEventListener('abort', () => resolve(), { once: true }))

interface Trouble {
  cutOff: boolean
  /** Requests get no answer. */
  deaf: boolean
  watchDied?: boolean
}

function candidate(server: LeaseServer, clock: FakeClock, identity: string) {
  const trouble: Trouble = { cutOff: false, deaf: false }
  const client = server.client(identity, trouble)
  const silences: Silence[] = []
  const onSilence = (what: Silence): void => void silences.push(what)
  const elector = new LeaderElector({ client, clock, namespace: 'n', name: 'berth', identity, random: () => 0, onSilence })
  const stop = new AbortController()
  const log: string[] = []
  const fences: WriteFence[] = []
  const run = elector
    .run(async (signal, fence) => {
      log.push('start')
      fences.push(fence)
      await untilAborted(signal)
      log.push('end')
    }, stop.signal)
    .catch((error: unknown) => log.push(error instanceof LeadershipLostError ? 'lost' : 'stopped'))
  const stopped = (): Promise<unknown> => {
    stop.abort()
    return run
  }
  return { elector, trouble, silences, log, fences, run, stopped }
}

async function pair() {
  const server = new LeaseServer()
  const clock = new FakeClock()
  const a = candidate(server, clock, 'a')
  await clock.advance(0)
  const b = candidate(server, clock, 'b')
  await clock.advance(10_500)
  expect([a.elector.isLeader(), b.elector.isLeader()]).toEqual([true, false])
  return { server, clock, a, b }
}

describe('LeaderElector', () => {
  test('the leader sends one PUT a second, a candidate watches and sends nothing', async () => {
    const { server, clock, a, b } = await pair()
    server.requests.length = 0
    await clock.advance(60_000)
    expect(server.requests).toEqual(Array.from({ length: 60 }, () => 'a PUT'))
    expect(b.elector.leader).toBe('a')
    expect(server.lease?.spec).toMatchObject({ renewTime: '2026-01-01T00:01:10.000000Z', leaseDurationSeconds: 4, leaseTransitions: 0 })
    await Promise.all([a.stopped(), b.stopped()])
  })

  test('release on stop hands over without any time passing', async () => {
    const { server, clock, a, b } = await pair()
    await a.stopped()
    await clock.advance(0)
    expect(a.log).toEqual(['start', 'end'])
    expect(a.fences[0]?.isOpen).toBe(false)
    expect(b.elector.isLeader()).toBe(true)
    expect(server.lease?.spec).toMatchObject({ holderIdentity: 'b', leaseTransitions: 1 })
    await b.stopped()
  })

  test('without the right to watch, a candidate looks every second', async () => {
    const server = new LeaseServer()
    server.canWatch = false
    const clock = new FakeClock()
    const a = candidate(server, clock, 'a')
    await clock.advance(0)
    const b = candidate(server, clock, 'b')
    await clock.advance(10_500)
    await a.stopped()
    await clock.advance(1000)
    expect(b.elector.isLeader()).toBe(true)
    await b.stopped()
  })

  test('a leader that falls silent is replaced four seconds after its last renewal', async () => {
    const { server, clock, a, b } = await pair()
    // Renewed at 10 s; silent from 10.5 s.
    a.trouble.cutOff = true
    await clock.advance(3400)
    expect(b.elector.isLeader()).toBe(false)
    await clock.advance(200)
    expect(b.elector.isLeader()).toBe(true)
    expect(a.log).toEqual(['start', 'end', 'lost'])
    expect(server.lease?.spec).toMatchObject({ holderIdentity: 'b', leaseTransitions: 1 })
    await Promise.all([a.stopped(), b.stopped()])
  })

  test('two fences are never open at a time, whoever is cut off for however long', async () => {
    const server = new LeaseServer()
    const clock = new FakeClock()
    const all = ['a', 'b', 'c'].map(identity => candidate(server, clock, identity))
    let seed = 7
    for (let step = 0; step < 600; step += 1) {
      seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31
      const one = all[seed % 3]
      if (one !== undefined && seed % 7 === 0) one.trouble.cutOff = !one.trouble.cutOff
      await clock.advance(seed % 400)
      expect(all.filter(({ elector }) => elector.isLeader()).length).toBeLessThanOrEqual(1)
    }
    await Promise.all(all.map(({ stopped }) => stopped()))
  })

  test('a leader that was stopped and continues finds its fence shut before any of its timers', async () => {
    const { clock, a, b } = await pair()
    // For `a` no time passes in which it could do anything; `b` shares the clock and takes over below.
    clock.stall(4000)
    expect(a.elector.isLeader()).toBe(false)
    expect(() => a.fences[0]?.check()).toThrow(FencedError)
    await clock.advance(0)
    await a.run
    expect(a.log.at(-1)).toBe('lost')
    await clock.advance(1000)
    expect(b.elector.isLeader()).toBe(true)
    await b.stopped()
  })

  test('a leader whose lease another has taken stops with its next renewal', async () => {
    const { server, clock, a, b } = await pair()
    const taken = server.lease
    if (taken !== undefined) server.store({ ...taken, spec: { ...taken.spec, holderIdentity: 'somebody' } })
    await clock.advance(1000)
    await a.run
    expect(a.log).toEqual(['start', 'end', 'lost'])
    expect(server.lease?.spec?.holderIdentity).toBe('somebody')
    await b.stopped()
  })

  test('a lease that was deleted still counts as held: the leader makes it again', async () => {
    const { server, clock, a, b } = await pair()
    server.delete()
    await clock.advance(1000)
    expect(server.lease?.spec?.holderIdentity).toBe('a')
    expect([a.elector.isLeader(), b.elector.isLeader()]).toEqual([true, false])
    await Promise.all([a.stopped(), b.stopped()])
  })

  test('who has led before and finds no lease gives whoever led last the time to make it again', async () => {
    const { server, clock, a, b } = await pair()
    // The lease goes to b, which a does not see; then it is deleted and a comes back before b renews.
    a.trouble.cutOff = true
    await clock.advance(4600)
    expect(b.elector.isLeader()).toBe(true)
    const stop = new AbortController()
    const again = a.elector.run(untilAborted, stop.signal).catch(() => {})
    await clock.advance(100)
    server.delete()
    a.trouble.cutOff = false
    for (let step = 0; step < 60; step += 1) {
      await clock.advance(100)
      expect(a.elector.isLeader() && b.elector.isLeader()).toBe(false)
    }
    expect(b.elector.isLeader()).toBe(true)
    stop.abort()
    await Promise.all([again, a.stopped(), b.stopped()])
  })

  test('a lease that is deleted and that nobody makes again is free after its time', async () => {
    const { server, clock, a, b } = await pair()
    a.trouble.cutOff = true
    server.delete()
    await clock.advance(3500)
    expect(b.elector.isLeader()).toBe(false)
    await clock.advance(2000)
    expect(b.elector.isLeader()).toBe(true)
    await Promise.all([a.stopped(), b.stopped()])
  })

  test('a wall clock set forward does not make a candidate take over early', async () => {
    const { clock, a, b } = await pair()
    clock.suspend(60_000)
    await clock.advance(500)
    expect(b.elector.isLeader()).toBe(false)
    expect(a.log.at(-1)).toBe('lost')
    await b.stopped()
  })

  test('a term that is lost for want of answers says so: connections may be dead', async () => {
    const { clock, a, b } = await pair()
    a.trouble.deaf = true
    await clock.advance(4000)
    expect(a.log.at(-1)).toBe('lost')
    expect(a.silences).toEqual(['unanswered', 'unanswered', 'unanswered', 'lost'])
    expect([b.elector.isLeader(), b.silences]).toEqual([true, []])
    await Promise.all([a.stopped(), b.stopped()])
  })

  test('a candidate whose watch has died without a word notices, and does not take over', async () => {
    const { clock, a, b } = await pair()
    b.trouble.watchDied = true
    await clock.advance(4000)
    expect([a.elector.isLeader(), b.elector.isLeader()]).toEqual([true, false])
    expect(b.silences).toEqual(['missed'])
    await Promise.all([a.stopped(), b.stopped()])
  })

  test('a renewal that arrives while its sender stops does not keep the lease from being released', async () => {
    const { server, clock, a, b } = await pair()
    const { lease } = server
    // What was sent and whose answer nobody waited for.
    if (lease !== undefined) server.lease = { ...lease, metadata: { ...lease.metadata, resourceVersion: '999' } }
    await a.stopped()
    expect(server.lease?.spec?.holderIdentity).toBe('')
    await clock.advance(1300)
    expect(b.elector.isLeader()).toBe(true)
    await b.stopped()
  })

  test('the very first leader waits for as long as one might lead whose lease was just deleted', async () => {
    const server = new LeaseServer()
    const clock = new FakeClock()
    const a = candidate(server, clock, 'a')
    await clock.advance(3900)
    expect(a.elector.isLeader()).toBe(false)
    await clock.advance(1300)
    expect(a.elector.isLeader()).toBe(true)
    server.delete()
    const b = candidate(server, clock, 'b')
    for (let ms = 0; ms < 10_000; ms += 100) {
      await clock.advance(100)
      expect([a.elector.isLeader(), b.elector.isLeader()]).toEqual([true, false])
    }
    await Promise.all([a.stopped(), b.stopped()])
  })

  test('takes its own lease back after a restart without waiting', async () => {
    const server = new LeaseServer()
    const clock = new FakeClock()
    const first = candidate(server, clock, 'a')
    await clock.advance(4000)
    const second = candidate(server, clock, 'a')
    await clock.advance(0)
    expect(second.elector.isLeader()).toBe(true)
    await Promise.all([first.stopped(), second.stopped()])
  })

  test('the work that fails ends the term, frees the lease and is the failure', async () => {
    const server = new LeaseServer()
    const clock = new FakeClock()
    const elector = new LeaderElector({ client: server.client('a'), clock, namespace: 'n', name: 'berth', identity: 'a' })
    const failed = expect(elector.run(() => Promise.reject(new Error('no')), new AbortController().signal)).rejects.toThrow('no')
    await clock.advance(4000)
    await failed
    expect(server.lease?.spec?.holderIdentity).toBe('')
  })

  test('refuses settings that cannot be safe', () => {
    const base = { client: new LeaseServer().client('a'), namespace: 'n', name: 'l', identity: 'a' }
    expect(() => new LeaderElector({ ...base, renewDeadlineMs: 4000 })).toThrow(RangeError)
    expect(() => new LeaderElector({ ...base, retryPeriodMs: 2600 })).toThrow(RangeError)
  })
})
