import type { Client } from './client.ts'
import type { Clock } from './clock.ts'
import type { Logger } from './logger.ts'
import type { KubeObject } from './object.ts'
import { Reflector } from './reflector.ts'
import { apiVersionOf, type ResourceType } from './resource.ts'
import { type IndexFunction, ObjectStore, type Store } from './store.ts'

export interface CacheOptions {
  readonly client: Client
  /** Namespaces whose objects stores have, unless a store asks for others. Default: all. Kinds without namespaces stay whole. */
  readonly namespaces?: readonly string[]
  readonly clock?: Clock
  readonly logger?: Logger
  readonly random?: () => number
}

export interface StoreOptions<T extends KubeObject> {
  /** This namespace alone. Default: the namespaces of the cache. */
  readonly namespace?: string
  /** All of the cluster, whatever the cache is limited to. */
  readonly everywhere?: boolean
  readonly labelSelector?: string
  readonly fieldSelector?: string
  readonly indexes?: Readonly<Record<string, IndexFunction<T>>>
}

interface Entry<T extends KubeObject> {
  readonly store: Store<T>
  readonly reflectors: readonly Reflector<T>[]
}

/**
 * One store per kind and selection, shared by all controllers of a process: each kind is listed and watched once, or once per
 * namespace where the cache is limited to some. A store starts to fill when it is first asked for; nothing is listed again while
 * its watch can go on.
 */
export class Cache implements AsyncDisposable {
  readonly #options: Omit<CacheOptions, 'namespaces'>
  readonly #namespaces: readonly string[] | undefined
  readonly #entries = new Map<string, Entry<KubeObject>>()

  constructor(options: CacheOptions) {
    const { namespaces, ...rest } = options
    if (namespaces?.length === 0) throw new RangeError('a cache of no namespace would stay empty')
    this.#options = rest
    this.#namespaces = namespaces === undefined ? undefined : [...new Set(namespaces)]
  }

  /** The store of a kind; indexes are added to those it has already. */
  store<T extends KubeObject>(type: ResourceType<T>, options: StoreOptions<T> = {}): Store<T> {
    const { labelSelector = '', fieldSelector = '', indexes = {} } = options
    const namespaces = this.#namespacesOf(type, options)
    const id = [apiVersionOf(type), type.plural, namespaces?.join(',') ?? '', labelSelector, fieldSelector].join('|')
    let entry = this.#entries.get(id) as unknown as Entry<T> | undefined
    if (entry === undefined) {
      entry = this.#start(type, namespaces, options)
      this.#entries.set(id, entry as unknown as Entry<KubeObject>)
    }
    for (const [name, values] of Object.entries(indexes)) entry.store.addIndex(name, values)
    return entry.store
  }

  /** Resolves when every store asked for so far is complete. */
  async whenSynced(signal?: AbortSignal): Promise<void> {
    await Promise.all([...this.#entries.values()].map(({ store }) => store.whenSynced(signal)))
  }

  /**
   * Resolves when every store has been brought up to date, but for what is on its way; see {@link Reflector.refresh}. For a process that
   * has waited and now acts on what its stores say.
   */
  async refresh(signal: AbortSignal): Promise<void> {
    await Promise.all([...this.#entries.values()].flatMap(({ reflectors }) => reflectors.map(reflector => reflector.refresh(signal))))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(
      [...this.#entries.values()].flatMap(({ reflectors }) => reflectors.map(reflector => reflector[Symbol.asyncDispose]())),
    )
  }

  #namespacesOf(
    type: ResourceType,
    { namespace, everywhere = false }: { readonly namespace?: string; readonly everywhere?: boolean },
  ): readonly string[] | undefined {
    if (!type.namespaced || everywhere) return undefined
    return namespace === undefined ? this.#namespaces : [namespace]
  }

  #start<T extends KubeObject>(type: ResourceType<T>, namespaces: readonly string[] | undefined, options: StoreOptions<T>): Entry<T> {
    const { indexes: _later, namespace: _one, everywhere: _all, ...selection } = options
    const common = { ...this.#options, ...selection, type }
    const store = new ObjectStore<T>()
    const reflectors =
      namespaces === undefined
        ? [new Reflector<T>({ ...common, into: { store, feed: store } })]
        : [...store.feedsOf(namespaces)].map(([namespace, feed]) => new Reflector<T>({ ...common, namespace, into: { store, feed } }))
    for (const reflector of reflectors) reflector.start()
    return { store, reflectors }
  }
}
