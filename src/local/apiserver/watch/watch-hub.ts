import type { CollectionName, Storage } from '../storage/storage.ts'
import type { Change } from '../storage/history.ts'
import type { Watcher } from './watcher.ts'

/** Watchers of one kind, found by what they are about, so that a change only meets those it may concern. */
class Audience {
  readonly #everywhere = new Set<Watcher>()
  readonly #byNamespace = new Map<string, Set<Watcher>>()
  readonly #byName = new Map<string, Set<Watcher>>()

  add(watcher: Watcher): void {
    this.#placeOf(watcher).add(watcher)
  }

  remove(watcher: Watcher): void {
    this.#placeOf(watcher).delete(watcher)
    const { namespace, name } = watcher.selection
    if (name !== undefined && this.#byName.get(name)?.size === 0) this.#byName.delete(name)
    else if (namespace !== undefined && this.#byNamespace.get(namespace)?.size === 0) this.#byNamespace.delete(namespace)
  }

  send(change: Change): void {
    const { namespace = '', name } = change.object.metadata
    for (const watcher of this.#everywhere) watcher.push(change)
    const local = this.#byNamespace.get(namespace)
    if (local !== undefined) for (const watcher of local) watcher.push(change)
    const named = this.#byName.get(name)
    if (named === undefined) return
    for (const watcher of named) {
      const wanted = watcher.selection.namespace
      if (wanted === undefined || wanted === namespace) watcher.push(change)
    }
  }

  *[Symbol.iterator](): Iterator<Watcher> {
    yield* this.#everywhere
    for (const set of this.#byNamespace.values()) yield* set
    for (const set of this.#byName.values()) yield* set
  }

  #placeOf(watcher: Watcher): Set<Watcher> {
    const { namespace, name } = watcher.selection
    if (name !== undefined) return setOf(this.#byName, name)
    return namespace === undefined ? this.#everywhere : setOf(this.#byNamespace, namespace)
  }
}

function setOf(map: Map<string, Set<Watcher>>, key: string): Set<Watcher> {
  let set = map.get(key)
  if (set === undefined) {
    set = new Set()
    map.set(key, set)
  }
  return set
}

/** Brings every committed change to the watchers it concerns. */
export class WatchHub implements Disposable {
  readonly #audiences = new Map<CollectionName, Audience>()
  readonly #storage: Storage

  constructor(storage: Storage) {
    this.#storage = storage
    storage.onCommit((collection, change) => this.#audiences.get(collection)?.send(change))
  }

  /** How many watches are open. */
  get size(): number {
    let size = 0
    for (const audience of this.#audiences.values()) for (const _ of audience) size += 1
    return size
  }

  add(collection: CollectionName, watcher: Watcher): void {
    let audience = this.#audiences.get(collection)
    if (audience === undefined) {
      audience = new Audience()
      this.#audiences.set(collection, audience)
    }
    audience.add(watcher)
  }

  remove(collection: CollectionName, watcher: Watcher): void {
    this.#audiences.get(collection)?.remove(watcher)
  }

  /** Tells every watcher that asked for bookmarks how far it is. Call it about once a minute, as the real server does. */
  sendBookmarks(): void {
    for (const audience of this.#audiences.values()) {
      for (const watcher of audience) if (watcher.bookmarks) watcher.bookmark(this.#storage.revision)
    }
  }

  /** Ends all watches of one kind (its definition is gone). */
  closeAll(collection: CollectionName): void {
    for (const watcher of Array.from(this.#audiences.get(collection) ?? [])) watcher.close()
  }

  [Symbol.dispose](): void {
    for (const collection of this.#audiences.keys()) this.closeAll(collection)
  }
}
