import { describe, expect, test } from 'vitest'
import { ApiError } from './api-error.ts'
import type { Client } from './client.ts'
import { FakeClock } from './fake-clock.ts'
import { LeaderElector, LeadershipLostError } from './leader-election.ts'
import type { KubeObject } from './object.ts'

type Lease = KubeObject & { spec: { holderIdentity: string; leaseTransitions: number; renewTime: string; leaseDurationSeconds: number } }

/** One lease with optimistic locking, shared by all candidates; clients can be cut off. */
class LeaseServer {
  lease: Lease | undefined
  #version = 0

  client(isCutOff: () => boolean = () => false): Client {
    const reach = (): void => {
      if (isCutOff()) throw new ApiError({ code: 0, reason: 'Unreachable' })
    }
    const store = (lease: Lease): Lease => {
      this.#version += 1
      this.lease = { ...lease, metadata: { ...lease.metadata, resourceVersion: String(this.#version) } }
      return this.lease
    }
    const part = {
      get: async () => {
        reach()
        if (this.lease === undefined) throw new ApiError({ code: 404, reason: 'NotFound' })
        return this.lease
      },
      create: async (_type: unknown, lease: Lease) => {
        reach()
        if (this.lease !== undefined) throw new ApiError({ code: 409, reason: 'AlreadyExists' })
        return store(lease)
      },
      update: async (_type: unknown, lease: Lease) => {
        reach()
        if (lease.metadata.resourceVersion !== this.lease?.metadata.resourceVersion) throw new ApiError({ code: 409, reason: 'Conflict' })
        return store(lease)
      },
    }
    return part as unknown as Client
  }
}

const untilAborted = (signal: AbortSignal): Promise<void> =>
  new Promise(resolve => signal.addEventListener('abort', () => resolve(), { once: true }))

function candidate(server: LeaseServer, clock: FakeClock, identity: string, isCutOff?: () => boolean) {
  const elector = new LeaderElector({ client: server.client(isCutOff), clock, namespace: 'n', name: 'berth', identity, random: () => 0 })
  const stop = new AbortController()
  const log: string[] = []
  const run = elector
    .run(async signal => {
      log.push('start')
      await untilAborted(signal)
      log.push('end')
    }, stop.signal)
    .catch((error: unknown) => log.push(error instanceof LeadershipLostError ? 'lost' : 'stopped'))
  return { elector, stop, log, run }
}

describe('LeaderElector', () => {
  test('one leads, the other waits; release on stop hands over at the next try', async () => {
    const server = new LeaseServer()
    const clock = new FakeClock()
    const a = candidate(server, clock, 'a')
    await clock.advance(0)
    const b = candidate(server, clock, 'b')
    await clock.advance(60_000)
    expect([a.elector.isLeader(), b.elector.isLeader()]).toEqual([true, false])
    expect(b.elector.leader).toBe('a')
    expect(server.lease?.spec.renewTime).toMatch(/^2026-01-01T00:01:00\.000000Z$/)
    a.stop.abort()
    await a.run
    expect(a.log).toEqual(['start', 'end'])
    await clock.advance(3000)
    expect([a.elector.isLeader(), b.elector.isLeader()]).toEqual([false, true])
    expect(server.lease?.spec.leaseTransitions).toBe(2 - 1)
    b.stop.abort()
    await b.run
  })

  test('a leader that is cut off stops before another takes over', async () => {
    const server = new LeaseServer()
    const clock = new FakeClock()
    let isCutOff = false
    const a = candidate(server, clock, 'a', () => isCutOff)
    await clock.advance(0)
    const b = candidate(server, clock, 'b')
    await clock.advance(10_000)
    isCutOff = true
    for (let second = 0; second < 30; second += 1) {
      await clock.advance(1000)
      expect(a.elector.isLeader() && b.elector.isLeader()).toBe(false)
    }
    await a.run
    expect(a.log).toEqual(['start', 'end', 'lost'])
    expect(b.elector.isLeader()).toBe(true)
    expect(server.lease?.spec).toMatchObject({ holderIdentity: 'b', leaseTransitions: 1, leaseDurationSeconds: 15 })
    b.stop.abort()
    await b.run
  })

  test('takes its own lease back after a restart without waiting', async () => {
    const server = new LeaseServer()
    const clock = new FakeClock()
    const first = candidate(server, clock, 'a')
    await clock.advance(0)
    const second = candidate(server, clock, 'a')
    await clock.advance(0)
    expect(second.elector.isLeader()).toBe(true)
    first.stop.abort()
    second.stop.abort()
    await Promise.all([first.run, second.run])
  })

  test('refuses settings that cannot be safe', () => {
    const client = new LeaseServer().client()
    const base = { client, namespace: 'n', name: 'l', identity: 'a' }
    expect(() => new LeaderElector({ ...base, renewDeadlineMs: 15_000 })).toThrow(RangeError)
    expect(() => new LeaderElector({ ...base, retryPeriodMs: 9000 })).toThrow(RangeError)
  })
})
