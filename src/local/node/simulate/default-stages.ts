import { containersOf, type PodObject } from '../pods/container-state.ts'
import { readinessGates } from '../pods/pod-status.ts'
import type { Stage, StageDelay } from './stage.ts'

export interface DefaultStageDelays {
  /** From being bound to a node until all containers run. Default 20 ms + up to 20. */
  readonly start?: StageDelay
  /** From a changed image until the container runs it. Default 50 ms + up to 50. */
  readonly restart?: StageDelay
  /** From the deletion of a pod until its object is gone. Default 20 ms + up to 20. */
  readonly stop?: StageDelay
}

const terminal = (pod: PodObject): boolean => pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed'

/** The life of a pod on a healthy node: it starts, restarts containers whose image changes, follows its readiness gates, and stops when asked. */
export function defaultStages(delays: DefaultStageDelays = {}): readonly Stage[] {
  return [
    {
      name: 'stop',
      matches: pod => pod.metadata.deletionTimestamp !== undefined,
      delay: delays.stop ?? { ms: 20, jitterMs: 20 },
      effect: 'delete',
    },
    { name: 'start', matches: isWaiting, delay: delays.start ?? { ms: 20, jitterMs: 20 }, effect: 'advance' },
    { name: 'restart', matches: hasNewImage, delay: delays.restart ?? { ms: 50, jitterMs: 50 }, effect: 'advance' },
    { name: 'gates', matches: hasStaleReadiness, delay: { ms: 1 }, effect: 'advance' },
  ]
}

/** A container has never run, waits for its image, or has ended and is to be started again. */
function isWaiting(pod: PodObject): boolean {
  if (terminal(pod)) return false
  const statuses = pod.status?.containerStatuses
  return statuses === undefined || statuses.length === 0 || statuses.some(status => status.state?.running === undefined)
}

function hasNewImage(pod: PodObject): boolean {
  if (terminal(pod)) return false
  const statuses = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])]
  return containersOf(pod).some(({ role, definition }) => {
    const status = statuses.find(candidate => candidate.name === definition.name)
    return role !== 'init' && status !== undefined && status.image !== definition.image
  })
}

/** The pod's Ready condition says something else than its containers and gates do. */
function hasStaleReadiness(pod: PodObject): boolean {
  if (terminal(pod)) return false
  const conditions = pod.status?.conditions ?? []
  const containersReady = conditions.find(condition => condition.type === 'ContainersReady')
  if (containersReady?.status !== 'True') return false
  return conditions.find(condition => condition.type === 'Ready')?.status !== readinessGates(pod).status
}
