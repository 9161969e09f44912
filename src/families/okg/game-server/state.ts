import type { GameServerState } from '../../../apis/game.kruise.io/states.ts'
import { labels } from '../../../apis/game.kruise.io/labels.ts'
import type { Pod, PodCondition } from '../../../apis/core/types.generated.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import { inPlaceUpdateReady, startInPlaceUpdate } from '../names.ts'

type ReadonlyPod = DeepReadonly<Pod>

export function conditionOf(pod: ReadonlyPod, type: string): DeepReadonly<PodCondition> | undefined {
  return pod.status?.conditions?.find(condition => condition.type === type)
}

/** Whether kubelet says the pod is ready. */
export function isReady(pod: ReadonlyPod): boolean {
  return conditionOf(pod, 'Ready')?.status === 'True'
}

/** Whether nothing but the given gate keeps the pod from being ready. */
export function isReadyBut(pod: ReadonlyPod, gate: string): boolean {
  return (
    pod.status?.phase === 'Running' &&
    conditionOf(pod, 'ContainersReady')?.status === 'True' &&
    (pod.spec?.readinessGates ?? []).every(
      ({ conditionType }) => conditionType === gate || conditionOf(pod, conditionType)?.status === 'True',
    )
  )
}

/** Whether the pod is ready but for kubelet, which has not seen yet that the gate is open. Not one whose node is lost. */
export function isAboutToBeReady(pod: ReadonlyPod): boolean {
  return (
    isReadyBut(pod, inPlaceUpdateReady) &&
    conditionOf(pod, inPlaceUpdateReady)?.status === 'True' &&
    conditionOf(pod, 'Ready')?.reason === 'ReadinessGatesNotReady'
  )
}

/** The pod is drained for an in-place change, or changing. */
export function isChanging(pod: ReadonlyPod): boolean {
  const gate = conditionOf(pod, inPlaceUpdateReady)
  return gate?.status === 'False' && gate.reason === startInPlaceUpdate
}

/**
 * The state of a server, first hit wins (contract: OpenKruiseGame's GameServer controller). `opening` says that the readiness gate is
 * being opened in the same write.
 */
export function stateOf(pod: ReadonlyPod, opening = false): GameServerState {
  switch (pod.status?.phase) {
    case 'Running':
      break
    case 'Failed':
      return 'Crash'
    case 'Pending':
    case undefined:
      return 'Creating'
    case 'Succeeded':
    case 'Unknown':
      return 'Unknown'
  }
  if (pod.metadata.deletionTimestamp !== undefined) return 'Deleting'
  const lifecycle = pod.metadata.labels?.[labels.lifecycleState]
  if (!opening) {
    if (lifecycle === 'Updating') return 'Updating'
    if (isChanging(pod)) return 'Updating'
    if (lifecycle === 'PreparingUpdate') return 'PreUpdate'
  }
  if (lifecycle === 'PreparingDelete') return 'PreDelete'
  if (opening) return 'Ready'
  return isReady(pod) || isAboutToBeReady(pod) ? 'Ready' : 'NotReady'
}
