import { abortReason } from './clock.ts'
import { keyOf, type DeepReadonly, type KubeObject, type ObjectKey } from './object.ts'

/** The values under which an object is found in an index. */
export type IndexFunction<T extends KubeObject> = (object: DeepReadonly<T>) => readonly string[]

/** What a store tells its subscribers. Handlers must not throw and should only note keys; they run within the watch. */
export interface StoreHandlers<T extends KubeObject> {
  added?(object: DeepReadonly<T>): void
  updated?(object: DeepReadonly<T>, old: DeepReadonly<T>): void
  /** `object` is the last version that was seen. */
  deleted?(object: DeepReadonly<T>): void
}

/**
 * The objects of one kind as the watch last showed them. Objects are shared and frozen: copy before changing.
 * A store lags behind the API server; it never goes back. The same version is never announced twice.
 */
export interface Store<T extends KubeObject> {
  get(key: ObjectKey): DeepReadonly<T> | undefined
  /** A snapshot, in no promised order. */
  list(): readonly DeepReadonly<T>[]
  /** The objects that have `value` in the index; throws for an index that was never added. */
  byIndex(index: string, value: string): readonly DeepReadonly<T>[]
  /** Adds an index, also over objects that are there already. Adding the same name with the same function again does nothing. */
  addIndex(index: string, values: IndexFunction<T>): void
  readonly size: number
  /** Whether the first list is complete. */
  readonly hasSynced: boolean
  /** Resolves when the first list is complete. */
  whenSynced(signal?: AbortSignal): Promise<void>
  /** Objects that are there already are announced as added at once. */
  subscribe(handlers: StoreHandlers<T>): Disposable
}

interface Index<T extends KubeObject> {
  readonly values: IndexFunction<T>
  readonly keys: Map<string, Set<ObjectKey>>
}

/** The writable side of a store. */
export interface StoreFeed<T extends KubeObject> {
  /** Takes in an object that was added or changed. A version that is stored already is ignored. */
  apply(object: DeepReadonly<T>): void
  /** Takes in a deletion; `last` is the final version the watch sent. */
  remove(last: DeepReadonly<T>): void
  /** Makes the store equal to a fresh list in one go: subscribers hear the differences only. Marks the store as synced. */
  replace(objects: ReadonlyMap<ObjectKey, DeepReadonly<T>>): void
}

/** A {@link Store} that a reflector (or a test) feeds, or several reflectors, each with one namespace. */
export class ObjectStore<T extends KubeObject> implements Store<T>, StoreFeed<T> {
  readonly #objects = new Map<ObjectKey, DeepReadonly<T>>()
  readonly #indexes = new Map<string, Index<T>>()
  readonly #handlers = new Set<StoreHandlers<T>>()
  readonly #synced = Promise.withResolvers<void>()
  #hasSynced = false

  constructor(indexes: Readonly<Record<string, IndexFunction<T>>> = {}) {
    for (const [name, values] of Object.entries(indexes)) this.addIndex(name, values)
  }

  get size(): number {
    return this.#objects.size
  }

  get hasSynced(): boolean {
    return this.#hasSynced
  }

  get(key: ObjectKey): DeepReadonly<T> | undefined {
    return this.#objects.get(key)
  }

  list(): readonly DeepReadonly<T>[] {
    return [...this.#objects.values()]
  }

  byIndex(index: string, value: string): readonly DeepReadonly<T>[] {
    const found = this.#indexes.get(index)
    if (found === undefined) throw new Error(`the store has no index '${index}'`)
    const objects: DeepReadonly<T>[] = []
    for (const key of found.keys.get(value) ?? []) {
      const object = this.#objects.get(key)
      if (object !== undefined) objects.push(object)
    }
    return objects
  }

  addIndex(name: string, values: IndexFunction<T>): void {
    const existing = this.#indexes.get(name)
    if (existing !== undefined) {
      if (existing.values === values) return
      throw new Error(`the store has another index '${name}' already`)
    }
    const index: Index<T> = { values, keys: new Map() }
    this.#indexes.set(name, index)
    for (const [key, object] of this.#objects) addToIndex(index, key, values(object))
  }

  subscribe(handlers: StoreHandlers<T>): Disposable {
    // A copy, so that the same object may subscribe twice and each subscription ends alone.
    const own: StoreHandlers<T> = {
      added: object => handlers.added?.(object),
      updated: (object, old) => handlers.updated?.(object, old),
      deleted: object => handlers.deleted?.(object),
    }
    for (const object of this.list()) own.added?.(object)
    this.#handlers.add(own)
    return { [Symbol.dispose]: () => void this.#handlers.delete(own) }
  }

  async whenSynced(signal?: AbortSignal): Promise<void> {
    if (this.#hasSynced) return
    if (signal === undefined) return this.#synced.promise
    signal.throwIfAborted()
    const aborted = Promise.withResolvers<never>()
    const onAbort = (): void => aborted.reject(abortReason(signal))
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      await Promise.race([this.#synced.promise, aborted.promise])
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
  }

  apply(object: DeepReadonly<T>): void {
    const key = keyOf(object)
    const old = this.#objects.get(key)
    if (old !== undefined && old.metadata.uid === object.metadata.uid && old.metadata.resourceVersion === object.metadata.resourceVersion)
      return
    if (old !== undefined && old.metadata.uid !== object.metadata.uid) {
      // A namesake: the old object died unseen. Owners and ledgers must hear of its death.
      this.#remove(key, old)
      this.#insert(key, object, undefined)
      return
    }
    this.#insert(key, object, old)
  }

  remove(last: DeepReadonly<T>): void {
    const key = keyOf(last)
    const old = this.#objects.get(key)
    if (old === undefined || old.metadata.uid !== last.metadata.uid) return
    this.#remove(key, old, last)
  }

  replace(objects: ReadonlyMap<ObjectKey, DeepReadonly<T>>): void {
    for (const [key, old] of this.#objects) if (!objects.has(key)) this.#remove(key, old)
    for (const object of objects.values()) this.apply(object)
    this.#markSynced()
  }

  /**
   * A feed per namespace: `replace` of each concerns the objects of its namespace alone, and the store is synced when all have
   * had their first list. Instead of feeding the store itself.
   */
  feedsOf(namespaces: readonly string[]): ReadonlyMap<string, StoreFeed<T>> {
    const missing = new Set(namespaces)
    const feed = (namespace: string): StoreFeed<T> => ({
      apply: object => this.apply(object),
      remove: last => this.remove(last),
      replace: objects => {
        for (const [key, old] of this.#objects) if (old.metadata.namespace === namespace && !objects.has(key)) this.#remove(key, old)
        for (const object of objects.values()) this.apply(object)
        missing.delete(namespace)
        if (missing.size === 0) this.#markSynced()
      },
    })
    return new Map(namespaces.map(namespace => [namespace, feed(namespace)]))
  }

  #markSynced(): void {
    if (this.#hasSynced) return
    this.#hasSynced = true
    this.#synced.resolve()
  }

  #insert(key: ObjectKey, object: DeepReadonly<T>, old: DeepReadonly<T> | undefined): void {
    for (const index of this.#indexes.values()) {
      const before = old === undefined ? [] : index.values(old)
      const after = index.values(object)
      // Most updates are changes of status, which no index looks at.
      if (before.length === after.length && before.every((value, position) => value === after[position])) continue
      removeFromIndex(index, key, before)
      addToIndex(index, key, after)
    }
    this.#objects.set(key, object)
    for (const handlers of this.#subscribers()) {
      if (old === undefined) handlers.added?.(object)
      else handlers.updated?.(object, old)
    }
  }

  #remove(key: ObjectKey, old: DeepReadonly<T>, last: DeepReadonly<T> = old): void {
    for (const index of this.#indexes.values()) removeFromIndex(index, key, index.values(old))
    this.#objects.delete(key)
    for (const handlers of this.#subscribers()) handlers.deleted?.(last)
  }

  /** As they are now: one that subscribes within a handler is told of the object by its subscription already. */
  #subscribers(): StoreHandlers<T>[] {
    return Array.from(this.#handlers)
  }
}

function addToIndex<T extends KubeObject>(index: Index<T>, key: ObjectKey, values: readonly string[]): void {
  for (const value of values) {
    const keys = index.keys.get(value)
    if (keys === undefined) index.keys.set(value, new Set([key]))
    else keys.add(key)
  }
}

function removeFromIndex<T extends KubeObject>(index: Index<T>, key: ObjectKey, values: readonly string[]): void {
  for (const value of values) {
    const keys = index.keys.get(value)
    if (keys === undefined) continue
    keys.delete(key)
    if (keys.size === 0) index.keys.delete(value)
  }
}
