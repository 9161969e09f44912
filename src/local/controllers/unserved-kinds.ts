import * as types from '../../apis/core/resources.generated.ts'
import type { Cache } from '../../kube/cache.ts'
import type { EventRecorder } from '../../kube/event-recorder.ts'
import type { KubeObject } from '../../kube/object.ts'
import type { ResourceType } from '../../kube/resource.ts'

/** Kinds that can be stored here though nothing acts on them, as it would in a full cluster. */
const unserved: readonly ResourceType[] = [
  types.statefulsets,
  types.daemonsets,
  types.replicationcontrollers,
  types.jobs,
  types.cronjobs,
  types.horizontalpodautoscalers,
  types.ingresses,
]

/** Says so on each object of such a kind, instead of leaving its author to wait. */
export function announceUnservedKinds(cache: Cache, recorder: EventRecorder): Disposable {
  const stack = new DisposableStack()
  for (const type of unserved) {
    stack.use(
      cache.store<KubeObject>(type).subscribe({
        added: object => {
          const subject = { apiVersion: object.apiVersion, kind: object.kind, metadata: object.metadata }
          recorder.event(
            subject,
            'Warning',
            'NotServed',
            `The embedded cluster has no controller for ${type.kind} objects: nothing will come of this one`,
          )
        },
      }),
    )
  }
  return stack
}
