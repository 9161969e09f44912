import type { CollectionName } from '../storage/storage.ts'
import type { ServedResource } from './served-resource.ts'

/** All resources that are served now, built-in and custom. */
export class ResourceTable {
  readonly #byPath = new Map<string, ServedResource>()
  readonly #storedAs = new Map<CollectionName, ServedResource>()
  #all: readonly ServedResource[] | undefined
  #generation = 0

  /** Counts changes of the table, for what is derived from it. */
  get generation(): number {
    return this.#generation
  }

  add(resource: ServedResource): void {
    const { group, version, plural } = resource.type
    this.#byPath.set(`${group}/${version}/${plural}`, resource)
    // The one that needs no conversion shows objects as they are stored.
    if (resource.conversion === undefined || !this.#storedAs.has(resource.collection)) this.#storedAs.set(resource.collection, resource)
    this.#changed()
  }

  /** Stops serving every version of a stored kind. */
  removeCollection(collection: CollectionName): void {
    for (const [key, resource] of this.#byPath) if (resource.collection === collection) this.#byPath.delete(key)
    this.#storedAs.delete(collection)
    this.#changed()
  }

  find(group: string, version: string, plural: string): ServedResource | undefined {
    return this.#byPath.get(`${group}/${version}/${plural}`)
  }

  /** The resource that serves a collection in its stored form. */
  ofCollection(collection: CollectionName): ServedResource | undefined {
    return this.#storedAs.get(collection)
  }

  all(): readonly ServedResource[] {
    this.#all ??= [...this.#byPath.values()]
    return this.#all
  }

  ofKind(apiVersion: string, kind: string): ServedResource | undefined {
    return this.all().find(resource => resource.type.kind === kind && resource.apiVersion === apiVersion)
  }

  #changed(): void {
    this.#all = undefined
    this.#generation += 1
  }
}
