import type { Clock } from '../../../kube/clock.ts'
import type { Storage } from '../storage/storage.ts'
import type { StoredObject } from '../storage/stored-object.ts'

/**
 * Removes events some time after their last write, as the lease of the real storage does. Events come in order of time, so the oldest
 * are always the next: no scan is needed.
 */
export class EventExpiry {
  readonly #storage: Storage
  readonly #clock: Clock
  readonly #lifetimeMs: number
  #queue: { readonly at: number; readonly namespace: string; readonly name: string; readonly version: string }[] = []

  constructor(storage: Storage, clock: Clock, lifetimeMs: number) {
    this.#storage = storage
    this.#clock = clock
    this.#lifetimeMs = lifetimeMs
    for (const object of storage.collection('events').list()) this.#note(object)
    storage.onCommit((collection, { type, object }) => {
      if (collection === 'events' && type !== 'DELETED') this.#note(object)
    })
  }

  /** Removes what is due. Call it every now and then. */
  expire(): void {
    const now = this.#clock.now()
    let due = 0
    for (const { at, namespace, name, version } of this.#queue) {
      if (at > now) break
      due += 1
      const event = this.#storage.get('events', namespace, name)
      if (event?.metadata.resourceVersion === version) this.#storage.remove('events', event)
    }
    if (due > 0) this.#queue = this.#queue.slice(due)
  }

  #note({ metadata }: StoredObject): void {
    const at = this.#clock.now() + this.#lifetimeMs
    this.#queue.push({ at, namespace: metadata.namespace ?? '', name: metadata.name, version: metadata.resourceVersion })
  }
}
