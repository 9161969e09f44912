import type { Draft } from '../registry.ts'
import { Collection } from './collection.ts'
import type { Change } from './history.ts'
import type { Persistence } from './persistence.ts'
import { deepFreeze, type StoredObject } from './stored-object.ts'

/** Names a stored kind: `pods`, `deployments.apps`. */
export type CollectionName = string

export type CommitListener = (collection: CollectionName, change: Change) => void

export interface StorageOptions {
  /** Changes remembered per kind for watches that resume. Default 10,000. */
  historyLimit?: number
  /** Where writes are kept beyond the life of the process; memory only when absent. */
  persistence?: Persistence
}

/**
 * Every object of the cluster under one rising version. A write is a synchronous step: when `put` or `remove` returns it is
 * durable (where there is persistence), visible, and its listeners have seen it, in the order of versions.
 */
export class Storage implements Disposable {
  readonly #collections = new Map<CollectionName, Collection>()
  readonly #listeners: CommitListener[] = []
  readonly #historyLimit: number
  readonly #persistence: Persistence | undefined
  #revision = 1
  /** The version this process began with: what happened before is not remembered. */
  readonly #start: number = 0

  constructor(options: StorageOptions = {}) {
    this.#historyLimit = options.historyLimit ?? 10_000
    this.#persistence = options.persistence
    if (this.#persistence === undefined) return
    const saved = this.#persistence.load()
    this.#revision = Math.max(1, saved.revision)
    this.#start = saved.objects.length === 0 ? 0 : this.#revision
    for (const { collection, object } of saved.objects) this.collection(collection).put(deepFreeze(object))
  }

  /** The version of the latest write. */
  get revision(): number {
    return this.#revision
  }

  collection(name: CollectionName): Collection {
    let collection = this.#collections.get(name)
    if (collection === undefined) {
      collection = new Collection(this.#historyLimit, this.#start)
      this.#collections.set(name, collection)
    }
    return collection
  }

  collectionNames(): readonly CollectionName[] {
    return [...this.#collections.keys()]
  }

  get(collection: CollectionName, namespace: string, name: string): StoredObject | undefined {
    return this.#collections.get(collection)?.get(namespace, name)
  }

  /** Called after each write, in order. Listeners must not throw and must not write at once: they would turn the order of versions around. */
  onCommit(listener: CommitListener): void {
    this.#listeners.push(listener)
  }

  /** Stores a new object or a new state of one. Takes the draft over and freezes it. */
  put(collection: CollectionName, draft: Draft): StoredObject {
    const shelf = this.collection(collection)
    const { metadata } = draft
    const previous = shelf.get(metadata.namespace ?? '', metadata.name)
    this.#revision += 1
    metadata.resourceVersion = String(this.#revision)
    const object = deepFreeze(draft)
    this.#persistence?.put(collection, object, this.#revision)
    shelf.put(object)
    this.#publish(collection, shelf, { type: previous === undefined ? 'ADDED' : 'MODIFIED', revision: this.#revision, object, previous })
    return object
  }

  /** Removes an object; `last` is the state its watchers see as the final one. */
  remove(collection: CollectionName, last: StoredObject): StoredObject {
    const shelf = this.collection(collection)
    const { namespace = '', name } = last.metadata
    const previous = shelf.get(namespace, name)
    this.#revision += 1
    const object = deepFreeze({ ...last, metadata: { ...last.metadata, resourceVersion: String(this.#revision) } })
    this.#persistence?.remove(collection, namespace, name, this.#revision)
    shelf.remove(namespace, name)
    this.#publish(collection, shelf, { type: 'DELETED', revision: this.#revision, object, previous })
    return object
  }

  [Symbol.dispose](): void {
    this.#persistence?.[Symbol.dispose]()
  }

  #publish(collection: CollectionName, shelf: Collection, change: Change): void {
    shelf.history.add(change)
    for (const listener of this.#listeners) listener(collection, change)
  }
}
