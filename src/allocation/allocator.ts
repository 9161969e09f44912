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
  /** In [0, 1). */
  readonly random?: () => number
}

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
  readonly #subscription: Disposable

  constructor(options: AllocatorOptions) {
    this.#options = options
    const seen = (server: DeepReadonly<GameServer>): void => this.#see(server)
    this.#subscription = options.store.subscribe({
      added: seen,
      updated: seen,
      deleted: server => {
        this.#index.remove(keyOf(server))
        this.#stale.delete(server.metadata.uid)
      },
    })
    for (const server of options.store.list()) this.#see(server)
  }

  /** Allocates a server; the spec has been validated. Rejects when the API does. */
  async allocate(namespace: string, spec: AllocationSpec, signal: AbortSignal): Promise<AllocationStatus> {
    const { random = Math.random } = this.#options
    const wish = wishOf(namespace, spec)
    for (let tries = 0; tries < mostTries; tries += 1) {
      const server = choose(this.#index, wish, one => this.#isTaken(one), random)
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
  }
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
