import type { Deployment, DeploymentCondition, DeploymentStatus, ReplicaSet } from '../../../apis/core/types.generated.ts'
import { formatTime } from '../../../kube/clock.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import { rollingLimits } from './rollout.ts'

type Condition = DeepReadonly<DeploymentCondition>

const total = (sets: readonly DeepReadonly<ReplicaSet>[], of: (set: DeepReadonly<ReplicaSet>) => number | undefined) =>
  sets.reduce((sum, set) => sum + (of(set) ?? 0), 0)

/** What a Deployment's status says of its sets; `kubectl rollout status` reads it. Counts that are zero are left out unless they were there. Pure. */
export function deploymentStatus(
  deployment: DeepReadonly<Deployment>,
  fresh: DeepReadonly<ReplicaSet> | undefined,
  sets: readonly DeepReadonly<ReplicaSet>[],
  now: number,
): DeploymentStatus {
  const availableReplicas = total(sets, set => set.status?.availableReplicas)
  const counts = {
    replicas: total(sets, set => set.status?.replicas),
    updatedReplicas: fresh?.status?.replicas ?? 0,
    readyReplicas: total(sets, set => set.status?.readyReplicas),
    availableReplicas,
    unavailableReplicas: Math.max(0, total(sets, set => set.spec?.replicas ?? 1) - availableReplicas),
  }
  const old = deployment.status ?? {}
  const shown = Object.fromEntries(Object.entries(counts).filter(([key, count]) => count > 0 || Object.hasOwn(old, key)))
  return {
    observedGeneration: deployment.metadata.generation ?? 0,
    ...shown,
    ...(old.collisionCount === undefined ? {} : { collisionCount: old.collisionCount }),
    conditions: [availability(deployment, availableReplicas, now), ...progress(deployment, fresh, counts, now)],
  }
}

/** Milliseconds until the rollout is late; undefined when it is done, late already, or paused. */
export function untilLate(deployment: DeepReadonly<Deployment>, now: number): number | undefined {
  const deadline = deployment.spec?.progressDeadlineSeconds
  const current = deployment.status?.conditions?.find(condition => condition.type === 'Progressing')
  if (
    deadline === undefined ||
    deployment.spec?.paused === true ||
    current?.status !== 'True' ||
    current.reason === 'NewReplicaSetAvailable'
  )
    return undefined
  return Math.max(1000, Date.parse(current.lastUpdateTime ?? '') + deadline * 1000 - now)
}

function availability(deployment: DeepReadonly<Deployment>, available: number, now: number): DeploymentCondition {
  const enough = available >= (deployment.spec?.replicas ?? 1) - rollingLimits(deployment).maxUnavailable
  return settled(deployment, now, {
    type: 'Available',
    status: enough ? 'True' : 'False',
    reason: enough ? 'MinimumReplicasAvailable' : 'MinimumReplicasUnavailable',
    message: enough ? 'Deployment has minimum availability.' : 'Deployment does not have minimum availability.',
  })
}

interface Counts {
  readonly replicas: number
  readonly updatedReplicas: number
  readonly readyReplicas: number
  readonly availableReplicas: number
}

function progress(
  deployment: DeepReadonly<Deployment>,
  fresh: DeepReadonly<ReplicaSet> | undefined,
  counts: Counts,
  now: number,
): DeploymentCondition[] {
  const type = 'Progressing'
  const old = deployment.status ?? {}
  const current = old.conditions?.find(condition => condition.type === type)
  const say = (status: string, reason: string, message: string) => [settled(deployment, now, { type, status, reason, message })]
  if (deployment.spec?.paused === true) return say('Unknown', 'DeploymentPaused', 'Deployment is paused')
  if (fresh === undefined) return current === undefined ? [] : [{ ...current }]
  const name = `ReplicaSet "${fresh.metadata.name}"`
  const replicas = deployment.spec?.replicas ?? 1
  if (counts.updatedReplicas === replicas && counts.replicas === replicas && counts.availableReplicas === replicas)
    return say('True', 'NewReplicaSetAvailable', `${name} has successfully progressed.`)
  const message = current?.message ?? ''
  if (!message.includes(fresh.metadata.name)) {
    const made = say('True', 'NewReplicaSetCreated', `Created new replica set "${fresh.metadata.name}"`)
    return made.map(condition => ({ ...condition, lastUpdateTime: formatTime(now) }))
  }
  const advanced =
    counts.updatedReplicas > (old.updatedReplicas ?? 0) ||
    counts.replicas - counts.updatedReplicas < (old.replicas ?? 0) - (old.updatedReplicas ?? 0) ||
    counts.readyReplicas > (old.readyReplicas ?? 0) ||
    counts.availableReplicas > (old.availableReplicas ?? 0)
  if (advanced)
    return say('True', 'ReplicaSetUpdated', `${name} is progressing.`).map(condition => ({ ...condition, lastUpdateTime: formatTime(now) }))
  // A Deployment that was complete is not late because a pod of it died.
  const deadline = deployment.spec?.progressDeadlineSeconds
  const since = Date.parse(current?.lastUpdateTime ?? '')
  const late =
    deadline !== undefined && current?.status === 'True' && current.reason !== 'NewReplicaSetAvailable' && since + deadline * 1000 <= now
  if (late) return say('False', 'ProgressDeadlineExceeded', `${name} has timed out progressing.`)
  return current === undefined || current.reason === 'DeploymentPaused'
    ? say(
        'True',
        current === undefined ? 'ReplicaSetUpdated' : 'DeploymentResumed',
        current === undefined ? `${name} is progressing.` : `Deployment is resumed, ${name} goes on.`,
      )
    : [{ ...current }]
}

/** Keeps the times of a condition that says nothing new. */
function settled(deployment: DeepReadonly<Deployment>, now: number, next: DeploymentCondition): DeploymentCondition {
  const known: Condition | undefined = deployment.status?.conditions?.find(condition => condition.type === next.type)
  const time = formatTime(now)
  const lastTransitionTime = known?.status === next.status ? (known.lastTransitionTime ?? time) : time
  const same = known?.status === next.status && known.reason === next.reason && known.message === next.message
  return { ...next, lastTransitionTime, lastUpdateTime: same ? (known.lastUpdateTime ?? time) : time }
}
