import type { Clock } from '../../kube/clock.ts'
import type { Logger } from '../../kube/logger.ts'
import type { PodDialer } from '../node/runtime/runtime.ts'
import type { FlowTable } from './flow-table.ts'
import { directDialer } from '../node/runtime/direct-dialer.ts'
import type { Backend, Listener, TrafficCounters } from './listener.ts'

/** A listener whose socket is bound. */
export interface BoundPort extends AsyncDisposable {
  readonly counters: Readonly<TrafficCounters>
  /** Takes over new backends; what is open stays open. */
  update(listener: Listener): void
}

/** What both protocols need. */
export interface PortContext {
  readonly dialer: PodDialer
  readonly flows: FlowTable
  readonly clock: Clock
  readonly logger: Logger
  /** A pod that does not answer a TCP connect within so many milliseconds counts as refusing. */
  readonly connectTimeoutMs: number
  /** A UDP flow without a datagram in either direction for so many milliseconds is closed. */
  readonly udpIdleMs: number
  /** Open UDP flows per listener; datagrams of further clients are dropped. */
  readonly udpFlowLimit: number
}

/** The way to a backend. */
export function dialerFor(backend: Backend, context: PortContext): PodDialer {
  return backend.onHost === true ? directDialer : context.dialer
}
