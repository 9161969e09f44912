import type { AllocationSpec, AllocationStatus } from '../apis/allocation.agones.dev/game-server-allocation.ts'
import type { AddressPreference } from '../apis/agones.dev/address-order.ts'
import { isConflict, isNotFound } from '../kube/api-error.ts'
import type { Client } from '../kube/client.ts'
import type { Clock } from '../kube/clock.ts'
import type { EventRecorder } from '../kube/event-recorder.ts'
import type { DeepReadonly, KubeObject } from '../kube/object.ts'
import type { ResourceType } from '../kube/resource.ts'
import type { Store } from '../kube/store.ts'
import type { Change } from './actions.ts'
import { type Candidate, candidateKey, type Pool } from './candidate.ts'

/** What an allocation wants beside its spec. */
export interface Terms {
  /** Give the server back unless somebody confirms within so long, in milliseconds. */
  readonly confirmWithinMs?: number
  /** Servers without such an address will not do. Default: the address that the server has for players, whichever it is. */
  readonly addressOrder?: readonly AddressPreference[]
}

/** What has to be known of one kind of servers to allocate them. Pure. */
export interface ServerKind<T extends KubeObject> {
  readonly pool: Pool
  readonly type: ResourceType<T>
  /** Undefined: it cannot be had. */
  candidateOf(this: void, server: DeepReadonly<T>): Candidate | undefined
  changeOf(this: void, server: DeepReadonly<T>, spec: AllocationSpec, now: number, terms: Terms): Change
  answerOf(this: void, server: DeepReadonly<T>, terms: Terms): AllocationStatus
}

export interface StockOptions<T extends KubeObject> {
  readonly kind: ServerKind<T>
  readonly client: Pick<Client, 'patch'>
  /** Of all namespaces that are served. */
  readonly store: Store<T>
  readonly recorder: Pick<EventRecorder, 'event'>
  readonly clock: Clock
}

/** Told of every candidate that is there, of every newer version, and of those that cannot be had any more. */
export interface StockListener {
  has(candidate: Candidate): void
  lost(key: string): void
}

/** The servers of one kind: which of them can be had, and the write by which one is taken. */
export interface Stock {
  readonly pool: Pool
  /** To be called once. Tells of those that are there already at once. */
  watch(listener: StockListener): Disposable
  /** One write. Undefined: somebody else was faster. Rejects when the API does. */
  take(candidate: Candidate, spec: AllocationSpec, terms: Terms, signal: AbortSignal): Promise<AllocationStatus | undefined>
  /** The answer for a candidate that was taken before; undefined: it has gone. */
  answer(candidate: Candidate, terms: Terms): AllocationStatus | undefined
}

export function stockOf<T extends KubeObject>({ kind, client, store, recorder, clock }: StockOptions<T>): Stock {
  /** As the store has them, or newer: a watch may lag behind what was written here. */
  const servers = new Map<string, DeepReadonly<T>>()
  let told: StockListener | undefined
  const keyOf = ({ metadata }: DeepReadonly<KubeObject>): string =>
    candidateKey({ pool: kind.pool, namespace: metadata.namespace ?? '', name: metadata.name })

  /** Versions of one object are compared as numbers, which Kubernetes allows (KEP-5504). */
  function see(server: DeepReadonly<T>): void {
    const key = keyOf(server)
    const { uid, resourceVersion } = server.metadata
    const known = servers.get(key)?.metadata
    if (known?.uid === uid && Number(known.resourceVersion) >= Number(resourceVersion)) return
    servers.set(key, server)
    const candidate = kind.candidateOf(server)
    if (candidate === undefined) told?.lost(key)
    else told?.has(candidate)
  }

  return {
    pool: kind.pool,
    watch(listener) {
      told = listener
      return store.subscribe({
        added: see,
        updated: see,
        deleted: server => {
          servers.delete(keyOf(server))
          told?.lost(keyOf(server))
        },
      })
    },
    async take(candidate, spec, terms, signal) {
      const { namespace, name } = candidate
      const server = servers.get(candidateKey(candidate))
      if (server === undefined) return undefined
      const { patch, troubles } = kind.changeOf(server, spec, clock.now(), terms)
      let written: DeepReadonly<T>
      try {
        written = await client.patch(kind.type, { namespace, name }, patch, { type: 'merge', signal })
      } catch (error) {
        if (isConflict(error) || isNotFound(error)) return undefined
        throw error
      }
      see(written)
      recorder.event(written, 'Normal', 'Allocated', 'Allocated')
      for (const { reason, message } of troubles) recorder.event(written, 'Warning', reason, message)
      return kind.answerOf(written, terms)
    },
    answer(candidate, terms) {
      const server = servers.get(candidateKey(candidate))
      return server && kind.answerOf(server, terms)
    },
  }
}
