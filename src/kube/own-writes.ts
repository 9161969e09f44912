import { isNotFound } from './api-error.ts'
import type { Client } from './client.ts'
import type { Clock } from './clock.ts'
import { Doubts } from './doubts.ts'
import { type DeepReadonly, keyOf, type KubeObject, type ObjectKey, splitKey } from './object.ts'
import type { ResourceType } from './resource.ts'
import type { Store } from './store.ts'

/** How many objects that were seen to vanish are remembered, for answers to writes that come after the news of the object's end. */
const rememberedDead = 4096

export interface OwnWritesOptions<T extends KubeObject> {
  readonly client: Pick<Client, 'get'>
  readonly type: ResourceType<T>
  readonly clock: Clock
  /** Told of an object that was created here and is gone without the watch having shown it. */
  readonly gone: (object: DeepReadonly<T>) => void
}

/**
 * A store that already knows what this process wrote: the answer to a write counts until the watch has caught up. So a lagging
 * watch never makes a controller create, patch or delete twice.
 *
 * Versions of objects of one kind are compared as numbers, which Kubernetes allows (KEP-5504); namesakes too.
 */
export class OwnWrites<T extends KubeObject> implements Disposable {
  readonly #store: Store<T>
  readonly #written = new Map<ObjectKey, DeepReadonly<T>>()
  /** Uids of objects we asked to delete and that the store still shows as staying. */
  readonly #deleting = new Set<string>()
  readonly #dead = new Set<string>()
  readonly #subscription: Disposable
  readonly #doubts: Doubts

  constructor(store: Store<T>, { client, type, clock, gone }: OwnWritesOptions<T>) {
    this.#store = store
    const isThere = async (key: ObjectKey): Promise<boolean> => {
      const { namespace, name } = splitKey(key)
      try {
        const found = await client.get(type, namespace === undefined ? { name } : { namespace, name })
        return found.metadata.uid === this.#written.get(key)?.metadata.uid
      } catch (error) {
        if (isNotFound(error)) return false
        throw error
      }
    }
    this.#doubts = new Doubts({
      clock,
      isThere,
      gone: key => {
        const object = this.#written.get(key)
        // What the watch knows in an older version has an end that it will tell.
        if (object === undefined || this.#store.get(key)?.metadata.uid === object.metadata.uid) return
        this.#written.delete(key)
        this.#bury(object.metadata.uid)
        gone(object)
      },
    })
    const seen = (object: DeepReadonly<T>): void => {
      const key = keyOf(object)
      const written = this.#written.get(key)
      if (written !== undefined && !isNewer(written, object)) {
        this.#written.delete(key)
        this.#doubts.over(key)
      }
      if (object.metadata.deletionTimestamp !== undefined) this.#deleting.delete(object.metadata.uid)
    }
    this.#subscription = store.subscribe({
      added: seen,
      updated: seen,
      deleted: object => {
        const key = keyOf(object)
        if (this.#written.get(key)?.metadata.uid === object.metadata.uid) this.#written.delete(key)
        this.#deleting.delete(object.metadata.uid)
        this.#bury(object.metadata.uid)
      },
    })
  }

  /** The newest version known. */
  get(key: ObjectKey): DeepReadonly<T> | undefined {
    return this.#written.get(key) ?? this.#store.get(key)
  }

  /** All that the watch has shown, in its newest version. */
  list(): readonly DeepReadonly<T>[] {
    return this.#written.size === 0 ? this.#store.list() : this.#store.list().map(object => this.#written.get(keyOf(object)) ?? object)
  }

  /** The newest versions of the objects the index has, and of those we wrote that `belongs` says yes to. */
  byIndex(index: string, value: string, belongs: (object: DeepReadonly<T>) => boolean): DeepReadonly<T>[] {
    const stored = this.#store.byIndex(index, value)
    if (this.#written.size === 0) return [...stored]
    // Few of many objects are under way, so it is they that are looked up.
    const ahead = new Map<DeepReadonly<T> | ObjectKey, DeepReadonly<T>>()
    for (const [key, object] of this.#written) ahead.set(this.#store.get(key) ?? key, object)
    const found = stored.map(object => {
      const newer = ahead.get(object)
      if (newer !== undefined) ahead.delete(object)
      return newer ?? object
    })
    for (const object of ahead.values()) if (belongs(object)) found.push(object)
    return found
  }

  /** The answer to a create, update or patch. */
  wrote(object: DeepReadonly<T>): void {
    const key = keyOf(object)
    if (this.#dead.has(object.metadata.uid)) return
    const stored = this.#store.get(key)
    if (stored !== undefined && stored.metadata.uid === object.metadata.uid && !isNewer(object, stored)) return
    const written = this.#written.get(key)
    if (written !== undefined && written.metadata.uid === object.metadata.uid && !isNewer(object, written)) return
    this.#written.set(key, object)
    if (stored?.metadata.uid !== object.metadata.uid) this.#doubts.about(key)
  }

  /** A delete was accepted. */
  deleted(object: DeepReadonly<T>): void {
    const { uid } = object.metadata
    const stored = this.#store.get(keyOf(object))
    if (
      stored?.metadata.uid === uid
        ? stored.metadata.deletionTimestamp === undefined
        : this.#written.get(keyOf(object))?.metadata.uid === uid
    ) {
      this.#deleting.add(uid)
    }
  }

  /** The object turned out to be gone, or to be something else than we thought. */
  forget(object: DeepReadonly<T>): void {
    const key = keyOf(object)
    if (this.#written.get(key)?.metadata.uid !== object.metadata.uid) return
    this.#written.delete(key)
    this.#doubts.over(key)
  }

  isDeleting(object: DeepReadonly<T>): boolean {
    return object.metadata.deletionTimestamp !== undefined || this.#deleting.has(object.metadata.uid)
  }

  [Symbol.dispose](): void {
    this.#subscription[Symbol.dispose]()
    this.#doubts[Symbol.dispose]()
  }

  #bury(uid: string): void {
    this.#dead.add(uid)
    if (this.#dead.size > rememberedDead) this.#dead.delete(this.#dead.values().next().value ?? '')
  }
}

function isNewer(a: DeepReadonly<KubeObject>, b: DeepReadonly<KubeObject>): boolean {
  return Number(a.metadata.resourceVersion) > Number(b.metadata.resourceVersion)
}
