import type { Pod } from '../../../apis/core/types.generated.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import { isPodFinished, isPodReady } from '../pod-endpoint.ts'

/** How many pods to add, or which to delete. */
export type ReplicaSetPlan = { readonly create: number } | { readonly delete: readonly DeepReadonly<Pod>[] }

/** A pod counts as long as it has not ended and is not going away. */
export function isActive(pod: DeepReadonly<Pod>): boolean {
  return !isPodFinished(pod) && pod.metadata.deletionTimestamp === undefined
}

/** When the pod's `Ready` condition became true; undefined while it is not. Milliseconds since the epoch. */
export function readySince(pod: DeepReadonly<Pod>): number | undefined {
  const ready = pod.status?.conditions?.find(condition => condition.type === 'Ready' && condition.status === 'True')
  return ready === undefined ? undefined : Date.parse(ready.lastTransitionTime ?? pod.metadata.creationTimestamp)
}

/** Compares active pods over replicas. Pure. */
export function planReplicas(pods: readonly DeepReadonly<Pod>[], replicas: number): ReplicaSetPlan {
  const active = pods.filter(isActive)
  if (active.length <= replicas) return { create: replicas - active.length }
  return { delete: active.toSorted(leavesFirst).slice(0, active.length - replicas) }
}

const phaseRank: Readonly<Record<string, number>> = { Pending: 0, Unknown: 1, Running: 2 }

/** Kubernetes' order: unassigned, pending, not ready, cheaper by annotation, younger, more restarts. */
function leavesFirst(a: DeepReadonly<Pod>, b: DeepReadonly<Pod>): number {
  const ranks = [
    rank(a.spec?.nodeName) - rank(b.spec?.nodeName),
    (phaseRank[a.status?.phase ?? 'Pending'] ?? 0) - (phaseRank[b.status?.phase ?? 'Pending'] ?? 0),
    Number(isPodReady(a)) - Number(isPodReady(b)),
    deletionCost(a) - deletionCost(b),
    (readySince(b) ?? 0) - (readySince(a) ?? 0),
    restarts(b) - restarts(a),
    Date.parse(b.metadata.creationTimestamp) - Date.parse(a.metadata.creationTimestamp),
  ]
  return ranks.find(difference => difference !== 0) ?? (a.metadata.name < b.metadata.name ? -1 : 1)
}

const rank = (text: string | undefined): number => (text === undefined || text === '' ? 0 : 1)

function deletionCost(pod: DeepReadonly<Pod>): number {
  const cost = Number(pod.metadata.annotations?.['controller.kubernetes.io/pod-deletion-cost'] ?? 0)
  return Number.isFinite(cost) ? cost : 0
}

function restarts(pod: DeepReadonly<Pod>): number {
  return (pod.status?.containerStatuses ?? []).reduce((sum, status) => sum + status.restartCount, 0)
}
