import type { Service } from '../../../apis/core/types.generated.ts'
import type { Clock } from '../../../kube/clock.ts'
import type { DeepReadonly, ObjectKey } from '../../../kube/object.ts'
import type { Store } from '../../../kube/store.ts'

interface OwnWrite {
  /** What the write returned; undefined while nobody knows whether it happened. */
  readonly service: DeepReadonly<Service> | undefined
  /** The version in the store before we wrote; undefined when we created it. */
  readonly basedOn: string | undefined
  readonly at: number
}

/**
 * After this long a write that no watch ever showed is forgotten: it never happened, or the Service came and went between two lists.
 * Well above the longest pause between two attempts to watch.
 */
const longestLagMs = 120_000

/** Services as the watch shows them, and as we just wrote them where the watch lags behind. */
export class ServiceView implements Disposable {
  readonly #store: Store<Service>
  readonly #clock: Clock
  readonly #forgotten: (key: ObjectKey) => void
  readonly #own = new Map<ObjectKey, OwnWrite>()
  #timer: Disposable | undefined

  /** `forgotten` hears of keys whose Service was written and never seen. */
  constructor(store: Store<Service>, clock: Clock, forgotten: (key: ObjectKey) => void) {
    this.#store = store
    this.#clock = clock
    this.#forgotten = forgotten
  }

  get(key: ObjectKey): DeepReadonly<Service> | undefined {
    const seen = this.#store.get(key)
    const own = this.#own.get(key)
    if (own === undefined) return seen
    const isAhead = seen === undefined ? own.basedOn === undefined : isBase(own, seen)
    if (isAhead) return own.service ?? seen
    this.#own.delete(key)
    return seen
  }

  /** The version the watch showed last. */
  seenVersion(key: ObjectKey): string | undefined {
    return this.#store.get(key)?.metadata.resourceVersion
  }

  /** Notes that a creation is under way. */
  creates(key: ObjectKey): void {
    this.#note(key, undefined, undefined)
  }

  /** Notes what a write of ours returned; `basedOn` is what {@link seenVersion} was before it, undefined for a creation. */
  wrote(key: ObjectKey, service: DeepReadonly<Service>, basedOn: string | undefined): void {
    this.#note(key, service, basedOn)
  }

  /** Whether a write is known or suspected that the watch has not shown. */
  isAhead(key: ObjectKey): boolean {
    this.get(key)
    return this.#own.has(key)
  }

  /** The Service is gone, or was not created after all. */
  ended(key: ObjectKey): void {
    this.#own.delete(key)
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]()
    this.#timer = undefined
  }

  #note(key: ObjectKey, service: DeepReadonly<Service> | undefined, basedOn: string | undefined): void {
    this.#own.set(key, { service, basedOn, at: this.#clock.now() })
    this.#timer ??= this.#clock.after(longestLagMs, () => this.#forget())
  }

  #forget(): void {
    this.#timer = undefined
    const old = [...this.#own].filter(([, own]) => this.#clock.now() - own.at >= longestLagMs)
    for (const [key] of old) this.#own.delete(key)
    if (this.#own.size > 0) this.#timer = this.#clock.after(longestLagMs, () => this.#forget())
    for (const [key] of old) this.#forgotten(key)
  }
}

function isBase(own: OwnWrite, seen: DeepReadonly<Service>): boolean {
  return own.service?.metadata.uid === seen.metadata.uid && own.basedOn === seen.metadata.resourceVersion
}
