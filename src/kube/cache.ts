import type { Client } from './client.ts'
import type { Clock } from './clock.ts'
import type { Logger } from './logger.ts'
import type { KubeObject } from './object.ts'
import { Reflector } from './reflector.ts'
import { apiVersionOf, type ResourceType } from './resource.ts'
import type { IndexFunction, Store } from './store.ts'

export interface CacheOptions {
  readonly client: Client
  readonly clock?: Clock
  readonly logger?: Logger
  readonly random?: () => number
}

export interface StoreOptions<T extends KubeObject> {
  /** All namespaces when absent. */
  readonly namespace?: string
  readonly labelSelector?: string
  readonly fieldSelector?: string
  readonly indexes?: Readonly<Record<string, IndexFunction<T>>>
}

/**
 * One store per kind and selection, shared by all controllers of a process: each kind is listed and watched once.
 * A store starts to fill when it is first asked for.
 */
export class Cache implements AsyncDisposable {
  readonly #options: CacheOptions
  readonly #reflectors = new Map<string, Reflector<KubeObject>>()

  constructor(options: CacheOptions) {
    this.#options = options
  }

  /** The store of a kind; indexes are added to those it has already. */
  store<T extends KubeObject>(type: ResourceType<T>, options: StoreOptions<T> = {}): Store<T> {
    const { namespace = '', labelSelector = '', fieldSelector = '', indexes = {} } = options
    const id = [apiVersionOf(type), type.plural, namespace, labelSelector, fieldSelector].join('|')
    let reflector = this.#reflectors.get(id) as unknown as Reflector<T> | undefined
    if (reflector === undefined) {
      const { indexes: _later, ...selection } = options
      reflector = new Reflector<T>({ ...this.#options, ...selection, type })
      this.#reflectors.set(id, reflector as unknown as Reflector<KubeObject>)
      reflector.start()
    }
    for (const [name, values] of Object.entries(indexes)) reflector.store.addIndex(name, values)
    return reflector.store
  }

  /** Resolves when every store asked for so far is complete. */
  async whenSynced(signal?: AbortSignal): Promise<void> {
    await Promise.all([...this.#reflectors.values()].map(reflector => reflector.store.whenSynced(signal)))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#reflectors.values()].map(reflector => reflector[Symbol.asyncDispose]()))
  }
}
