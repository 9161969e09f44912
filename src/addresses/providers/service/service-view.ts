import type { Service } from '../../../apis/core/types.generated.ts'
import type { Clock } from '../../../kube/clock.ts'
import type { DeepReadonly, ObjectKey } from '../../../kube/object.ts'
import type { Store } from '../../../kube/store.ts'

interface OwnWrite {
  readonly service: DeepReadonly<Service>
  /** The version in the store before we wrote; undefined when we created it. */
  readonly basedOn: string | undefined
  readonly at: number
}

/** After this long a Service that we created and no watch ever showed is taken to be gone again. */
const longestLagMs = 30_000

/** Services as the watch shows them, and as we just wrote them where the watch lags behind. */
export class ServiceView {
  readonly #store: Store<Service>
  readonly #clock: Clock
  readonly #own = new Map<ObjectKey, OwnWrite>()

  constructor(store: Store<Service>, clock: Clock) {
    this.#store = store
    this.#clock = clock
  }

  get(key: ObjectKey): DeepReadonly<Service> | undefined {
    const seen = this.#store.get(key)
    const own = this.#own.get(key)
    if (own === undefined) return seen
    const isAhead = seen === undefined ? own.basedOn === undefined && this.#clock.now() - own.at < longestLagMs : isBase(own, seen)
    if (isAhead) return own.service
    this.#own.delete(key)
    return seen
  }

  /** The version the watch showed last. */
  seenVersion(key: ObjectKey): string | undefined {
    return this.#store.get(key)?.metadata.resourceVersion
  }

  /** Notes what a write of ours returned; `basedOn` is what {@link seenVersion} was before it, undefined for a creation. */
  wrote(key: ObjectKey, service: DeepReadonly<Service>, basedOn: string | undefined): void {
    this.#own.set(key, { service, basedOn, at: this.#clock.now() })
  }

  /** The watch told of the Service's end. */
  forget(key: ObjectKey): void {
    this.#own.delete(key)
  }
}

function isBase(own: OwnWrite, seen: DeepReadonly<Service>): boolean {
  return own.service.metadata.uid === seen.metadata.uid && own.basedOn === seen.metadata.resourceVersion
}
