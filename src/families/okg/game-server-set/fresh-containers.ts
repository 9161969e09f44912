/** What the containers of a pod tell about the change that started them. */
import { annotations } from '../../../apis/game.kruise.io/annotations.ts'
import { labels } from '../../../apis/game.kruise.io/labels.ts'
import type { ContainerStatus, Pod } from '../../../apis/core/types.generated.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import type { FreshContainer, Instant } from '../../../servers/model.ts'
import { timeOf } from '../time-of.ts'
import { inPlaceStateOf } from './in-place-state.ts'

/** Times of containers are whole seconds: what happened may have happened up to this much later. In milliseconds. */
const fraction = 999

/** The containers that the last in-place change restarted; all of a pod that was made with its revision. */
export function freshContainers(pod: DeepReadonly<Pod>): FreshContainer[] {
  const podLabels = pod.metadata.labels
  const state = inPlaceStateOf(pod)
  const inPlace = state !== undefined && state.revision === podLabels?.[labels.revision] ? state : undefined
  const restoredAt =
    podLabels?.[labels.lifecycleState] === 'Normal' ? timeOf(pod.metadata.annotations?.[annotations.lifecycleTimestamp]) : 0
  return (pod.spec?.containers ?? [])
    .filter(({ name }) => inPlace === undefined || Object.hasOwn(inPlace.lastContainerStatuses, name))
    .map(({ name, readinessProbe }) => {
      const status = pod.status?.containerStatuses?.find(container => container.name === name)
      const crashedAfter = crashOf(status, timeOf(inPlace?.updateTimestamp))
      const startedAt = startOf(status, restoredAt)
      return {
        probed: readinessProbe !== undefined,
        ...(startedAt !== undefined && { startedAt }),
        ...(crashedAfter !== undefined && { crashedAfter }),
      }
    })
}

/** At the end of its change, which is known to the millisecond, the container ran already. */
function startOf(status: DeepReadonly<ContainerStatus> | undefined, restoredAt: Instant): Instant | undefined {
  const running = status?.state?.running
  if (running === undefined) return undefined
  const started = timeOf(running.startedAt)
  return restoredAt >= started ? Math.min(started + fraction, restoredAt) : started + fraction
}

function crashOf(status: DeepReadonly<ContainerStatus> | undefined, since: Instant): number | undefined {
  const ended = status?.lastState?.terminated
  if (ended === undefined || ended.exitCode === 0 || timeOf(ended.finishedAt) < since) return undefined
  // The very process that the change replaced ends with an error when it is killed.
  if (since > 0 && timeOf(ended.startedAt) < since) return undefined
  return timeOf(ended.finishedAt) - timeOf(ended.startedAt) + fraction
}
