import type { Service } from '../../../apis/core/types.generated.ts'
import type { Clock } from '../../../kube/clock.ts'
import { Doubts, type DoubtsOptions } from '../../../kube/doubts.ts'
import type { DeepReadonly, ObjectKey } from '../../../kube/object.ts'
import type { Store } from '../../../kube/store.ts'

interface OwnWrite {
  /** What the write returned; undefined while nobody knows whether it happened. */
  readonly service: DeepReadonly<Service> | undefined
  /** The version in the store before we wrote; undefined when we created it. */
  readonly basedOn: string | undefined
}

/** Services as the watch shows them, and as we just wrote them where the watch lags behind. */
export class ServiceView implements Disposable {
  readonly #store: Store<Service>
  readonly #doubts: Doubts
  readonly #own = new Map<ObjectKey, OwnWrite>()

  /** `isThere` asks the API for a Service; `forgotten` hears of keys whose Service was written and is not there. */
  constructor(store: Store<Service>, clock: Clock, isThere: DoubtsOptions['isThere'], forgotten: (key: ObjectKey) => void) {
    this.#store = store
    const gone = (key: ObjectKey): void => {
      if (!this.isAhead(key)) return
      this.#own.delete(key)
      forgotten(key)
    }
    this.#doubts = new Doubts({ clock, isThere, gone })
  }

  get(key: ObjectKey): DeepReadonly<Service> | undefined {
    const seen = this.#store.get(key)
    const own = this.#own.get(key)
    if (own === undefined) return seen
    const isAhead = seen === undefined ? own.basedOn === undefined : isBase(own, seen)
    if (isAhead) return own.service ?? seen
    this.ended(key)
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
    this.#doubts.over(key)
  }

  [Symbol.dispose](): void {
    this.#doubts[Symbol.dispose]()
  }

  #note(key: ObjectKey, service: DeepReadonly<Service> | undefined, basedOn: string | undefined): void {
    this.#own.set(key, { service, basedOn })
    this.#doubts.about(key)
  }
}

function isBase(own: OwnWrite, seen: DeepReadonly<Service>): boolean {
  return own.service?.metadata.uid === seen.metadata.uid && own.basedOn === seen.metadata.resourceVersion
}
