import { type Clock, systemClock } from './clock.ts'
import { type DeepReadonly, keyOf, type KubeObject, type ObjectKey } from './object.ts'
import type { Store } from './store.ts'

/** A write of our own that the watch has not shown yet. */
export type Expectation = { readonly key: ObjectKey } & (
  | { readonly kind: 'created' }
  | { readonly kind: 'deleted'; readonly uid: string }
  | { readonly kind: 'written'; readonly resourceVersion: string }
)

export interface ExpectationOptions {
  readonly clock?: Clock
  /** After this long an expectation is given up: the watch may have missed both ends of a short life. Default 30 s. */
  readonly timeoutMs?: number
}

interface Entry {
  readonly what: Expectation
  readonly until: number
}

/**
 * Remembers own creates, deletes and writes until the store shows them, so that a controller that reads a lagging store does
 * not create twice, delete one more, or repeat a patch. Expectations belong to an owner: the key that is reconciled.
 *
 * Flow: note the create before the request when the name is known (`failed` if it fails), or with the answer's key when the
 * server made the name; note deletes and writes after the answer. At the start of a reconcile, ask `pending(owner)`.
 * Contract: the expectations of Kubernetes' ReplicaSet controller.
 */
export class Expectations<T extends KubeObject> implements Disposable {
  readonly #store: Store<T>
  readonly #clock: Clock
  readonly #timeoutMs: number
  readonly #byOwner = new Map<ObjectKey, Map<string, Entry>>()
  /** Owners that wait for the creation of an object, to hear of one that came and went between two reconciles. */
  readonly #creating = new Map<ObjectKey, ObjectKey>()
  readonly #subscription: Disposable

  constructor(store: Store<T>, options: ExpectationOptions = {}) {
    this.#store = store
    this.#clock = options.clock ?? systemClock
    this.#timeoutMs = options.timeoutMs ?? 30_000
    const seen = (object: DeepReadonly<T>): void => this.#fulfilCreation(keyOf(object))
    this.#subscription = store.subscribe({ added: seen, deleted: seen })
  }

  /** An object with this key is about to be created, or was. */
  created(owner: ObjectKey, key: ObjectKey): void {
    if (this.#store.get(key) !== undefined) return
    this.#creating.set(key, owner)
    this.#note(owner, { kind: 'created', key })
  }

  /** The object was deleted; it counts as shown as soon as it is gone or going. */
  deleted(owner: ObjectKey, object: DeepReadonly<T>): void {
    this.#note(owner, { kind: 'deleted', key: keyOf(object), uid: object.metadata.uid })
  }

  /** The object was updated or patched; `object` is the server's answer. */
  written(owner: ObjectKey, object: DeepReadonly<T>): void {
    this.#note(owner, { kind: 'written', key: keyOf(object), resourceVersion: object.metadata.resourceVersion })
  }

  /** The create of this key failed after all. */
  failed(owner: ObjectKey, key: ObjectKey): void {
    this.#creating.delete(key)
    this.#byOwner.get(owner)?.delete(`created ${key}`)
  }

  /** What the store does not show yet. Timed out expectations are dropped. */
  pending(owner: ObjectKey): readonly Expectation[] {
    const entries = this.#byOwner.get(owner)
    if (entries === undefined) return []
    const now = this.#clock.now()
    const open: Expectation[] = []
    for (const [id, { what, until }] of entries) {
      if (now < until && !this.#isShown(what)) open.push(what)
      else this.#drop(entries, id, what)
    }
    if (entries.size === 0) this.#byOwner.delete(owner)
    return open
  }

  isSatisfied(owner: ObjectKey): boolean {
    return this.pending(owner).length === 0
  }

  /** Milliseconds until the first open expectation is given up: when to look again if no event comes. */
  timeoutMs(owner: ObjectKey): number | undefined {
    if (this.isSatisfied(owner)) return undefined
    const first = Math.min(...[...(this.#byOwner.get(owner)?.values() ?? [])].map(({ until }) => until))
    return Math.max(0, first - this.#clock.now())
  }

  /** The owner is gone. */
  forget(owner: ObjectKey): void {
    const entries = this.#byOwner.get(owner)
    if (entries === undefined) return
    for (const [id, { what }] of entries) this.#drop(entries, id, what)
    this.#byOwner.delete(owner)
  }

  [Symbol.dispose](): void {
    this.#subscription[Symbol.dispose]()
    this.#byOwner.clear()
    this.#creating.clear()
  }

  #note(owner: ObjectKey, what: Expectation): void {
    const entries = this.#byOwner.get(owner) ?? new Map<string, Entry>()
    this.#byOwner.set(owner, entries)
    entries.set(`${what.kind} ${what.key}`, { what, until: this.#clock.now() + this.#timeoutMs })
  }

  #isShown(what: Expectation): boolean {
    const object = this.#store.get(what.key)
    switch (what.kind) {
      case 'created':
        return object !== undefined
      case 'deleted':
        return object === undefined || object.metadata.uid !== what.uid || object.metadata.deletionTimestamp !== undefined
      case 'written':
        return object === undefined || isAtLeast(object.metadata.resourceVersion, what.resourceVersion)
    }
  }

  #fulfilCreation(key: ObjectKey): void {
    const owner = this.#creating.get(key)
    if (owner !== undefined) this.failed(owner, key)
  }

  #drop(entries: Map<string, Entry>, id: string, what: Expectation): void {
    entries.delete(id)
    if (what.kind === 'created') this.#creating.delete(what.key)
  }
}

/** Versions of one kind of objects rise as whole numbers (Kubernetes 1.35 makes that a promise); others are compared as texts. */
function isAtLeast(version: string, wanted: string): boolean {
  if (!/^\d+$/.test(version) || !/^\d+$/.test(wanted)) return version === wanted
  return version.length === wanted.length ? version >= wanted : version.length > wanted.length
}
