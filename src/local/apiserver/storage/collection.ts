import { History, type Change } from './history.ts'
import type { StoredObject } from './stored-object.ts'

/** Where a page of a list begins: after this object. */
export interface Position {
  readonly namespace: string
  readonly name: string
}

class Shelf {
  readonly objects = new Map<string, StoredObject>()
  #names: string[] | undefined

  put(name: string, object: StoredObject): void {
    if (!this.objects.has(name)) this.#names = undefined
    this.objects.set(name, object)
  }

  remove(name: string): void {
    if (this.objects.delete(name)) this.#names = undefined
  }

  names(): readonly string[] {
    this.#names ??= [...this.objects.keys()].toSorted(compare)
    return this.#names
  }
}

/** The objects of one kind, by namespace (empty for cluster-scoped kinds) and name, in the order of their keys. */
export class Collection {
  readonly history: History
  readonly #shelves = new Map<string, Shelf>()
  #size = 0

  constructor(historyLimit: number, compacted: number) {
    this.history = new History(historyLimit, compacted)
  }

  get size(): number {
    return this.#size
  }

  /** How many objects a namespace has of this kind. */
  count(namespace: string): number {
    return this.#shelves.get(namespace)?.objects.size ?? 0
  }

  get(namespace: string, name: string): StoredObject | undefined {
    return this.#shelves.get(namespace)?.objects.get(name)
  }

  put(object: StoredObject): void {
    const namespace = object.metadata.namespace ?? ''
    let shelf = this.#shelves.get(namespace)
    if (shelf === undefined) {
      shelf = new Shelf()
      this.#shelves.set(namespace, shelf)
    }
    const before = shelf.objects.size
    shelf.put(object.metadata.name, object)
    this.#size += shelf.objects.size - before
  }

  remove(namespace: string, name: string): void {
    const shelf = this.#shelves.get(namespace)
    if (shelf === undefined || !shelf.objects.has(name)) return
    shelf.remove(name)
    this.#size -= 1
    if (shelf.objects.size === 0) this.#shelves.delete(namespace)
  }

  /** All objects, or those of one namespace, sorted by namespace and name. */
  list(namespace?: string): StoredObject[] {
    const result: StoredObject[] = []
    for (const space of namespace === undefined ? [...this.#shelves.keys()].toSorted(compare) : [namespace]) {
      const shelf = this.#shelves.get(space)
      if (shelf === undefined) continue
      for (const name of shelf.names()) {
        const object = shelf.objects.get(name)
        if (object !== undefined) result.push(object)
      }
    }
    return result
  }

  /** The list as it was right after `revision`: the present one with the later changes taken back. The history must reach that far. */
  listAt(revision: number, namespace?: string): StoredObject[] {
    const later = this.history.since(revision).filter(change => namespace === undefined || change.object.metadata.namespace === namespace)
    if (later.length === 0) return this.list(namespace)
    const before = new Map<string, Change>()
    for (const change of later) {
      const { metadata } = change.object
      const key = `${metadata.namespace ?? ''}/${metadata.name}`
      if (!before.has(key)) before.set(key, change)
    }
    const result = this.list(namespace).filter(({ metadata }) => !before.has(`${metadata.namespace ?? ''}/${metadata.name}`))
    for (const change of before.values()) if (change.previous !== undefined) result.push(change.previous)
    return result.toSorted(byKey)
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** Order of lists: namespace, then name. */
export function byKey(a: StoredObject, b: StoredObject): number {
  return compare(a.metadata.namespace ?? '', b.metadata.namespace ?? '') || compare(a.metadata.name, b.metadata.name)
}

/** Whether an object comes after a position in the order of lists. */
export function isAfter(object: StoredObject, position: Position): boolean {
  return (compare(object.metadata.namespace ?? '', position.namespace) || compare(object.metadata.name, position.name)) > 0
}
