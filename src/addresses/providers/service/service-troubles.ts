import type { Event, Service } from '../../../apis/core/types.generated.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import type { Store } from '../../../kube/store.ts'

/** Selects the events {@link ServiceTroubles} reads. */
export const serviceWarnings = 'involvedObject.kind=Service,type=Warning'

const index = 'service'

/** Controllers of clouds name their events so; warnings about endpoints and the like are none of ours. */
const aboutLoadBalancer = /load.?balancer|[ec]lb/i

/**
 * What the controllers of clouds say about Services they cannot serve: an id that does not exist, a port that is taken. They say it in
 * events only. Without a store nothing is ever said.
 */
export class ServiceTroubles {
  readonly #events: Store<Event> | undefined
  /** By uid of the Service: the version of the last event about it as it was before we changed it. */
  readonly #outdated = new Map<string, string>()

  constructor(events: Store<Event> | undefined) {
    this.#events = events
    events?.addIndex(index, byInvolvedUid)
  }

  /** The last complaint about the Service, in the cloud's words. */
  of(service: DeepReadonly<Service>): string | undefined {
    const last = this.#last(service.metadata.uid)
    return last === undefined || this.#outdated.get(service.metadata.uid) === last.metadata.resourceVersion ? undefined : last.message
  }

  /** The Service was changed: what was said so far is about something else. */
  forget({ metadata: { uid } }: DeepReadonly<Service>): void {
    const last = this.#last(uid)
    if (last !== undefined) this.#outdated.set(uid, last.metadata.resourceVersion)
  }

  /** The Service is gone. */
  ended({ metadata: { uid } }: DeepReadonly<Service>): void {
    this.#outdated.delete(uid)
  }

  #last(uid: string): DeepReadonly<Event> | undefined {
    let last: DeepReadonly<Event> | undefined
    for (const event of this.#events?.byIndex(index, uid) ?? []) {
      if (!aboutLoadBalancer.test(event.reason ?? '')) continue
      if (last === undefined || Number(event.metadata.resourceVersion) > Number(last.metadata.resourceVersion)) last = event
    }
    return last
  }
}

/** One function for all, so that a store that outlives an engine may serve the next. */
function byInvolvedUid({ involvedObject: { uid } }: DeepReadonly<Event>): readonly string[] {
  return uid === undefined ? [] : [uid]
}
