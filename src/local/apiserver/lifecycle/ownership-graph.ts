import type { CommitListener, Storage } from '../storage/storage.ts'
import type { StoredObject } from '../storage/stored-object.ts'

/** Names one stored object: collection, namespace (may be empty) and name. */
export interface ObjectRef {
  readonly collection: string
  readonly namespace: string
  readonly name: string
}

export type ObjectRefKey = string

/** Text form of a reference; no part can contain a space. */
export function refKey({ collection, namespace, name }: ObjectRef): ObjectRefKey {
  return `${collection} ${namespace} ${name}`
}

export function parseRefKey(key: ObjectRefKey): ObjectRef {
  const [collection = '', namespace = '', name = ''] = key.split(' ')
  return { collection, namespace, name }
}

/** Who owns whom, by uid; follows the storage write by write. */
export class OwnershipGraph {
  readonly #dependents = new Map<string, Set<ObjectRefKey>>()
  readonly #living = new Map<string, ObjectRefKey>()

  constructor(storage: Storage) {
    for (const collection of storage.collectionNames()) {
      for (const object of storage.collection(collection).list()) this.#add(collection, object)
    }
  }

  /** To be registered before listeners that read the graph. */
  readonly listener: CommitListener = (collection, { object, previous, type }) => {
    if (previous !== undefined) {
      if (type === 'MODIFIED' && previous.metadata.ownerReferences === object.metadata.ownerReferences) return
      this.#remove(collection, previous)
    }
    if (type !== 'DELETED') this.#add(collection, object)
  }

  /** Whether an object with this uid exists, and where. */
  living(uid: string): ObjectRefKey | undefined {
    return this.#living.get(uid)
  }

  dependentsOf(uid: string): Iterable<ObjectRefKey> {
    return this.#dependents.get(uid) ?? []
  }

  hasDependents(uid: string): boolean {
    return this.#dependents.has(uid)
  }

  #add(collection: string, { metadata }: StoredObject): void {
    const key = refKey({ collection, namespace: metadata.namespace ?? '', name: metadata.name })
    this.#living.set(metadata.uid, key)
    for (const { uid } of metadata.ownerReferences ?? []) {
      const known = this.#dependents.get(uid)
      if (known === undefined) this.#dependents.set(uid, new Set([key]))
      else known.add(key)
    }
  }

  #remove(collection: string, { metadata }: StoredObject): void {
    const key = refKey({ collection, namespace: metadata.namespace ?? '', name: metadata.name })
    this.#living.delete(metadata.uid)
    for (const { uid } of metadata.ownerReferences ?? []) {
      const known = this.#dependents.get(uid)
      known?.delete(key)
      if (known?.size === 0) this.#dependents.delete(uid)
    }
  }
}
