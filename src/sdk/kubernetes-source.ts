import { type GameServer, gameServers } from '../apis/agones.dev/game-server.ts'
import { isConflict, isInvalid } from '../kube/api-error.ts'
import type { Client } from '../kube/client.ts'
import type { DeepReadonly } from '../kube/object.ts'
import type { Store } from '../kube/store.ts'
import { type GameServerSource, StaleError } from './game-server-source.ts'
import type { JsonPatchStep } from './pending.ts'

export interface KubernetesSourceOptions {
  readonly client: Pick<Client, 'patch'>
  /** Has the server, perhaps among others. */
  readonly store: Store<GameServer>
  readonly server: DeepReadonly<GameServer>
}

/** A GameServer of a cluster. What was written here is known at once, before the watch tells of it. */
export class KubernetesSource implements GameServerSource, Disposable {
  readonly #options: KubernetesSourceOptions
  readonly #listeners = new Set<() => void>()
  readonly #subscription: Disposable
  #current: DeepReadonly<GameServer>

  constructor(options: KubernetesSourceOptions) {
    this.#options = options
    this.#current = options.server
    const seen = (server: DeepReadonly<GameServer>): void => {
      if (server.metadata.uid === this.#current.metadata.uid) this.#see(server)
    }
    this.#subscription = options.store.subscribe({ added: seen, updated: seen })
  }

  current(): DeepReadonly<GameServer> {
    return this.#current
  }

  subscribe(listener: () => void): Disposable {
    this.#listeners.add(listener)
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) }
  }

  async patch(steps: readonly JsonPatchStep[], signal: AbortSignal): Promise<DeepReadonly<GameServer>> {
    const { name, namespace = '' } = this.#current.metadata
    try {
      const written = await this.#options.client.patch(gameServers, { namespace, name }, steps, { type: 'json', signal })
      this.#see(written)
      return written
    } catch (error) {
      // A test of the version that fails makes the patch invalid.
      if (isConflict(error) || isInvalid(error)) throw new StaleError('the GameServer has changed meanwhile')
      throw error
    }
  }

  [Symbol.dispose](): void {
    this.#subscription[Symbol.dispose]()
    this.#listeners.clear()
  }

  /** Versions of one object are compared as numbers, which Kubernetes allows (KEP-5504). */
  #see(server: DeepReadonly<GameServer>): void {
    if (Number(server.metadata.resourceVersion) < Number(this.#current.metadata.resourceVersion)) return
    this.#current = server
    for (const listener of this.#listeners) listener()
  }
}
