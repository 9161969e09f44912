import { type Clock, systemClock } from '../../kube/clock.ts'
import { type Logger, noopLogger } from '../../kube/logger.ts'
import type { PodDialer } from '../node/runtime/runtime.ts'
import type { BoundPort, PortContext } from './bound-port.ts'
import { createFlowTable } from './flow-table.ts'
import { type Listener, type ListenerFailure, listenerKey, newCounters, sameListener, type TrafficCounters } from './listener.ts'
import { openTcpPort } from './tcp-port.ts'
import { openUdpPort } from './udp-port.ts'

export interface ForwarderOptions {
  readonly dialer: PodDialer
  readonly logger?: Logger
  readonly clock?: Clock
  /** Milliseconds until an unanswered connect to a pod is given up; default 10,000. */
  readonly connectTimeoutMs?: number
  /** Idle time of UDP flows in milliseconds; default 300,000 as cloud load balancers have it. */
  readonly udpIdleMs?: number
  /** UDP flows per listener; default 16,384. */
  readonly udpFlowLimit?: number
  /** Called when a listener cannot be bound (each time the reason changes) and, with undefined, when it finally is. */
  readonly onFailure?: (group: string, listener: Listener, failure: ListenerFailure | undefined) => void
}

export interface ListenerStatus {
  readonly group: string
  readonly listener: Listener
  readonly failure: ListenerFailure | undefined
  readonly counters: Readonly<TrafficCounters>
}

/** Forwards TCP and UDP from addresses of this host to ports of pods. */
export interface Forwarder extends AsyncDisposable {
  /**
   * Sets what a group (a Service, a pod's host ports, …) listens on: level-based, the difference to the last call is
   * applied. Unchanged listeners are not touched; new backends concern new connections only; connections end when their
   * pod is closed, when their listener goes, or by themselves. Two groups that want one address: the earlier one has it.
   */
  set(group: string, listeners: readonly Listener[]): void
  /** Ends all connections and flows to a pod that is gone. */
  closePod(podUid: string): void
  /** Waits until every listener of the group has been tried; tells which ones could not be bound. */
  settled(group: string): Promise<readonly ListenerFailure[]>
  status(): readonly ListenerStatus[]
}

/** One address, and everything that is wanted of it. */
interface Slot {
  readonly key: string
  /** In the order of asking; the first one has the address. */
  readonly claims: Map<string, Listener>
  /** The bound socket, and the claim it serves. */
  bound: { port: BoundPort; group: string; listener: Listener } | undefined
  failure: ListenerFailure | undefined
  failures: number
  retry: Disposable | undefined
  /** The one operation under way; every change of the slot goes through it. */
  work: Promise<void> | undefined
  /** The failures that were told, by group. */
  readonly told: Map<string, string>
}

const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the address is in use by another program (one that binds 0.0.0.0 takes the port on every address)',
  EACCES: 'ports below 1024 need root, CAP_NET_BIND_SERVICE or a lower net.ipv4.ip_unprivileged_port_start',
  EADDRNOTAVAIL: 'this host does not have the address',
  EMFILE: 'too many open files (see ulimit -n)',
}

const firstRetryMs = 500
const longestRetryMs = 30_000

/** Creates a forwarder without listeners. */
export function createForwarder(options: ForwarderOptions): Forwarder {
  const { clock = systemClock, logger = noopLogger, onFailure } = options
  const flows = createFlowTable()
  const context: PortContext = {
    dialer: options.dialer,
    flows,
    clock,
    logger,
    connectTimeoutMs: options.connectTimeoutMs ?? 10_000,
    udpIdleMs: options.udpIdleMs ?? 300_000,
    udpFlowLimit: options.udpFlowLimit ?? 16_384,
  }
  const slots = new Map<string, Slot>()
  const groups = new Map<string, Set<string>>()

  const holder = (slot: Slot): readonly [string, Listener] | undefined => slot.claims.entries().next().value

  const failureFor = (slot: Slot, group: string): ListenerFailure | undefined => {
    const listener = slot.claims.get(group)
    const first = holder(slot)?.[0]
    if (listener === undefined) return undefined
    if (first === group) return slot.failure
    return { listener, code: 'HELD', message: `cannot listen on ${slot.key}: ${first} has the address` }
  }

  /** Tells each group of the slot what is new about its failure. */
  const tell = (slot: Slot): void => {
    for (const [group, listener] of slot.claims) {
      const failure = failureFor(slot, group)
      if (slot.told.get(group) === failure?.code) continue
      if (failure === undefined) slot.told.delete(group)
      else {
        slot.told.set(group, failure.code)
        // One that waits for another group's listener to go is nothing to worry about.
        const level = failure.code === 'HELD' ? 'debug' : 'warn'
        logger[level]('Listener could not be bound', { group, listener: slot.key, code: failure.code, error: failure.message })
      }
      try {
        onFailure?.(group, listener, failure)
      } catch (error) {
        logger.error('Failure handler failed', { listener: slot.key, error })
      }
    }
  }

  const bind = async (slot: Slot, group: string, listener: Listener): Promise<void> => {
    try {
      const port = await (listener.protocol === 'TCP' ? openTcpPort : openUdpPort)(listener, context)
      slot.bound = { port, group, listener }
      slot.failure = undefined
      slot.failures = 0
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'UNKNOWN'
      slot.failure = { listener, code, message: `cannot listen on ${slot.key}: ${reasons[code] ?? String(error)}` }
      slot.retry = clock.after(Math.min(longestRetryMs, firstRetryMs * 2 ** slot.failures++), () => {
        slot.retry = undefined
        turn(slot)
      })
    }
    tell(slot)
  }

  const unbind = async (slot: Slot): Promise<void> => {
    slot.retry?.[Symbol.dispose]()
    slot.retry = undefined
    const bound = slot.bound
    slot.bound = undefined
    await bound?.port[Symbol.asyncDispose]()
  }

  /** Brings the socket to what the claims say. Only one run per slot at a time; it ends when nothing is left to do. */
  const run = async (slot: Slot): Promise<void> => {
    for (;;) {
      const [group, listener] = holder(slot) ?? []
      if (group === undefined || listener === undefined || (slot.bound !== undefined && slot.bound.group !== group)) {
        await unbind(slot)
        if (slot.claims.size > 0) continue
        slots.delete(slot.key)
        return
      }
      if (slot.bound === undefined) {
        if (slot.retry !== undefined) return
        await bind(slot, group, listener)
      } else if (slot.bound.listener !== listener) {
        slot.bound.port.update(listener)
        slot.bound.listener = listener
      } else return
    }
  }

  const turn = (slot: Slot): void => {
    if (slot.work !== undefined) return
    slot.work = run(slot)
      .catch((error: unknown) => logger.error('Listener failed', { listener: slot.key, error }))
      .finally(() => {
        slot.work = undefined
        // What was asked for between the last look and now has not been seen.
        const stale =
          slot.claims.size === 0 || (slot.bound === undefined ? slot.retry === undefined : slot.bound.listener !== holder(slot)?.[1])
        if (stale && slots.get(slot.key) === slot) turn(slot)
      })
  }

  const claim = (group: string, listener: Listener): void => {
    const key = listenerKey(listener)
    let slot = slots.get(key)
    if (slot === undefined) {
      slot = {
        key,
        claims: new Map(),
        bound: undefined,
        failure: undefined,
        failures: 0,
        retry: undefined,
        work: undefined,
        told: new Map(),
      }
      slots.set(key, slot)
    }
    const known = slot.claims.get(group)
    if (known !== undefined && sameListener(known, listener)) return
    slot.claims.set(group, listener)
    if (holder(slot)?.[0] !== group) {
      if (known === undefined) tell(slot)
    } else if (slot.bound?.group === group) {
      // The common case, other backends, must not wait for anything.
      slot.bound.port.update(listener)
      slot.bound.listener = listener
    } else turn(slot)
  }

  return {
    set(group, listeners) {
      const wanted = new Set<string>()
      for (const listener of listeners) {
        wanted.add(listenerKey(listener))
        claim(group, listener)
      }
      for (const key of groups.get(group) ?? []) {
        const slot = wanted.has(key) ? undefined : slots.get(key)
        if (slot?.claims.delete(group) !== true) continue
        slot.told.delete(group)
        turn(slot)
      }
      if (wanted.size === 0) groups.delete(group)
      else groups.set(group, wanted)
    },
    closePod: podUid => flows.closePod(podUid),
    async settled(group) {
      const own = [...(groups.get(group) ?? [])].flatMap(key => slots.get(key) ?? [])
      await Promise.all(own.flatMap(slot => slot.work ?? []))
      return own.flatMap(slot => failureFor(slot, group) ?? [])
    },
    status() {
      return [...slots.values()].flatMap(slot =>
        [...slot.claims].map(([group, listener]) => ({
          group,
          listener,
          failure: failureFor(slot, group),
          counters: slot.bound?.group === group ? slot.bound.port.counters : newCounters(),
        })),
      )
    },
    async [Symbol.asyncDispose]() {
      groups.clear()
      const all = [...slots.values()]
      for (const slot of all) {
        slot.claims.clear()
        turn(slot)
      }
      while (slots.size > 0) await Promise.all([...slots.values()].flatMap(slot => slot.work ?? []))
    },
  }
}
