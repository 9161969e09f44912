import { annotations } from '../apis/agones.dev/annotations.ts'
import { type GameServer, gameServers } from '../apis/agones.dev/game-server.ts'
import type { AllocationSpec, AllocationStatus } from '../apis/allocation.agones.dev/game-server-allocation.ts'
import { isConflict, isNotFound } from '../kube/api-error.ts'
import type { Client } from '../kube/client.ts'
import type { Clock } from '../kube/clock.ts'
import type { EventRecorder } from '../kube/event-recorder.ts'
import { type DeepReadonly, keyOf } from '../kube/object.ts'
import type { Store } from '../kube/store.ts'
import { allocationChange } from './actions.ts'
import { choose } from './choose.ts'
import { wishOf } from './request.ts'
import { ServerIndex } from './server-index.ts'

export interface AllocatorOptions {
  readonly client: Pick<Client, 'patch'>
  /** All servers that can be allocated, of all namespaces that are served. */
  readonly store: Store<GameServer>
  readonly recorder: Pick<EventRecorder, 'event'>
  readonly clock: Clock
  /** The share of the servers that this replica looks at first, so that replicas seldom choose the same one. Default: all are its own. */
  readonly isOwn?: (server: DeepReadonly<GameServer>) => boolean
}

/** What Agones has not got. */
export interface AllocationExtras {
  /** Who asks again under the same id, perhaps because an answer was lost, gets the server of the first time while it is allocated. */
  readonly requestId?: string
  /** Wait so long for a server where there is none, in milliseconds. */
  readonly waitMs?: number
}

/** After so long nobody waits for a write any more. */
const longestWriteMs = 30_000
/** How often another server is tried when somebody else was faster. */
const mostTries = 8

/** Allocates servers: one choice and one write each. Nobody waits for anybody else. */
export class Allocator implements Disposable {
  readonly #options: AllocatorOptions
  readonly #index = new ServerIndex()
  /** Being written at the moment. */
  readonly #taken = new Set<string>()
  /** By uid, the version at which a write has failed: not tried again before there is a newer one. */
  readonly #stale = new Map<string, string>()
  /** Keys of the servers that were allocated under an id. */
  readonly #byRequest = new Map<string, string>()
  /** Under way, by id. */
  readonly #asked = new Map<string, Promise<AllocationStatus>>()
  /** Called when a server may have become free. */
  readonly #waiting = new Set<() => void>()
  readonly #subscription: Disposable

  constructor(options: AllocatorOptions) {
    this.#options = options
    const seen = (server: DeepReadonly<GameServer>): void => this.#see(server)
    this.#subscription = options.store.subscribe({
      added: seen,
      updated: seen,
      deleted: server => {
        this.#index.remove(keyOf(server))
        const id = requestOf(server)
        if (id !== undefined) this.#byRequest.delete(id)
        this.#stale.delete(server.metadata.uid)
      },
    })
    for (const server of options.store.list()) this.#see(server)
  }

  /** Allocates a server; the spec has been validated. Rejects when the API does. */
  async allocate(namespace: string, spec: AllocationSpec, signal: AbortSignal, extras: AllocationExtras = {}): Promise<AllocationStatus> {
    const { requestId, waitMs = 0 } = extras
    if (requestId === undefined) return this.#allocateOrWait(namespace, spec, signal, waitMs)
    const id = `${namespace}/${requestId}`
    const known = this.#index.get(this.#byRequest.get(id) ?? '')
    if (known?.status?.state === 'Allocated' && requestOf(known) === id) return statusOf(known)
    let asked = this.#asked.get(id)
    if (asked === undefined) {
      const noted = {
        ...spec,
        metadata: { ...spec.metadata, annotations: { ...spec.metadata?.annotations, [annotations.requestId]: requestId } },
      }
      // Goes on when its first caller has gone: the next one may be the same.
      asked = this.#allocateOrWait(namespace, noted, AbortSignal.timeout(waitMs + longestWriteMs), waitMs).finally(() =>
        this.#asked.delete(id),
      )
      this.#asked.set(id, asked)
    }
    return asked
  }

  async #allocateOrWait(namespace: string, spec: AllocationSpec, signal: AbortSignal, waitMs: number): Promise<AllocationStatus> {
    const { clock } = this.#options
    const until = clock.now() + waitMs
    for (;;) {
      const news = Promise.withResolvers<void>()
      this.#waiting.add(news.resolve)
      try {
        const status = await this.#allocateNow(namespace, spec, signal)
        const left = until - clock.now()
        if (status.state !== 'UnAllocated' || left <= 0) return status
        const late = new AbortController()
        const timeout = clock.sleep(left, AbortSignal.any([signal, late.signal])).catch(() => {})
        await Promise.race([news.promise, timeout])
        late.abort()
        signal.throwIfAborted()
      } finally {
        this.#waiting.delete(news.resolve)
      }
    }
  }

  async #allocateNow(namespace: string, spec: AllocationSpec, signal: AbortSignal): Promise<AllocationStatus> {
    const { isOwn } = this.#options
    const wish = wishOf(namespace, spec)
    for (let tries = 0; tries < mostTries; tries += 1) {
      const isTaken = (one: DeepReadonly<GameServer>): boolean => this.#isTaken(one)
      const own = isOwn && choose(this.#index, wish, one => !isOwn(one) || isTaken(one), Math.random)
      const server = own ?? choose(this.#index, wish, isTaken, Math.random)
      if (server === undefined) return { state: 'UnAllocated', gameServerName: '', source: '' }
      const written = await this.#take(server, spec, signal)
      if (written !== undefined) return statusOf(written)
    }
    return { state: 'Contention', gameServerName: '', source: '' }
  }

  [Symbol.dispose](): void {
    this.#subscription[Symbol.dispose]()
  }

  /** Undefined: somebody else was faster. */
  async #take(server: DeepReadonly<GameServer>, spec: AllocationSpec, signal: AbortSignal): Promise<DeepReadonly<GameServer> | undefined> {
    const { client, clock, recorder } = this.#options
    const { name, namespace = '', uid, resourceVersion } = server.metadata
    const { patch, troubles } = allocationChange(server, spec, clock.now())
    this.#taken.add(uid)
    try {
      const written = await client.patch(gameServers, { namespace, name }, patch, { type: 'merge', signal })
      this.#see(written)
      recorder.event(written, 'Normal', 'Allocated', 'Allocated')
      for (const { reason, message } of troubles) recorder.event(written, 'Warning', reason, message)
      return written
    } catch (error) {
      if (!isConflict(error) && !isNotFound(error)) throw error
      this.#stale.set(uid, resourceVersion)
      return undefined
    } finally {
      this.#taken.delete(uid)
    }
  }

  #isTaken({ metadata: { uid, resourceVersion } }: DeepReadonly<GameServer>): boolean {
    return this.#taken.has(uid) || this.#stale.get(uid) === resourceVersion
  }

  /** Versions of one object are compared as numbers, which Kubernetes allows (KEP-5504). */
  #see(server: DeepReadonly<GameServer>): void {
    const known = this.#index.get(keyOf(server))
    if (known?.metadata.uid === server.metadata.uid && Number(known.metadata.resourceVersion) > Number(server.metadata.resourceVersion))
      return
    const stale = this.#stale.get(server.metadata.uid)
    if (stale !== undefined && stale !== server.metadata.resourceVersion) this.#stale.delete(server.metadata.uid)
    this.#index.put(server)
    const id = requestOf(server)
    if (id !== undefined) this.#byRequest.set(id, keyOf(server))
    for (const wake of this.#waiting) wake()
  }
}

function requestOf({ metadata }: DeepReadonly<GameServer>): string | undefined {
  const id = metadata.annotations?.[annotations.requestId]
  return id === undefined ? undefined : `${metadata.namespace ?? ''}/${id}`
}

function statusOf({ metadata, status }: DeepReadonly<GameServer>): AllocationStatus {
  return structuredClone({
    state: 'Allocated' as const,
    gameServerName: metadata.name,
    ports: status?.ports ?? [],
    address: status?.address ?? '',
    addresses: status?.addresses ?? [],
    nodeName: status?.nodeName ?? '',
    source: 'local',
    metadata: { labels: metadata.labels ?? {}, annotations: metadata.annotations ?? {} },
    ...(status?.counters && { counters: status.counters }),
    ...(status?.lists && { lists: status.lists }),
  }) as AllocationStatus
}
