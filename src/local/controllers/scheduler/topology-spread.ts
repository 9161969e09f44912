import type { Pod, TopologySpreadConstraint } from '../../../apis/core/types.generated.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import { type LabelSelector, labelSelectorOf } from '../../../kube/selector.ts'
import type { NodeRoom } from './node-room.ts'
import { matchesNodeSelection } from './node-selector.ts'
import { untolerated } from './taints.ts'

type Constraint = DeepReadonly<TopologySpreadConstraint>

interface Spread {
  readonly constraint: Constraint
  /** Matching pods by value of the topology key. */
  readonly counts: ReadonlyMap<string, number>
  readonly fewest: number
  readonly countsItself: boolean
}

/** The constraints of a pod that forbid nodes; those that only prefer are left to the spreading by what is left over. */
export function hardConstraints(pod: DeepReadonly<Pod>): readonly Constraint[] {
  return (pod.spec?.topologySpreadConstraints ?? []).filter(constraint => constraint.whenUnsatisfiable !== 'ScheduleAnyway')
}

/**
 * Looks at all pods once and answers for each node whether the pod would be spread too unevenly there.
 * Contract: https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/
 */
export function spreadCheck(pod: DeepReadonly<Pod>, rooms: readonly NodeRoom[]): (room: NodeRoom) => string | undefined {
  const spreads = hardConstraints(pod).map(constraint => spreadOf(constraint, pod, rooms))
  return room => {
    for (const { constraint, counts, fewest, countsItself } of spreads) {
      const value = topologyOf(room, constraint)
      if (value === undefined) return "node(s) didn't match pod topology spread constraints (missing required label)"
      if ((counts.get(value) ?? 0) + (countsItself ? 1 : 0) - fewest > constraint.maxSkew)
        return "node(s) didn't match pod topology spread constraints"
    }
    return undefined
  }
}

function spreadOf(constraint: Constraint, pod: DeepReadonly<Pod>, rooms: readonly NodeRoom[]): Spread {
  const selector = selectorFor(constraint, pod)
  const counts = new Map<string, number>()
  for (const room of rooms) {
    const value = topologyOf(room, constraint)
    if (value === undefined || !counted(constraint, pod, room)) continue
    counts.set(value, (counts.get(value) ?? 0) + matchesIn(room, pod, selector))
  }
  const fewest = counts.size === 0 || counts.size < (constraint.minDomains ?? 1) ? 0 : Math.min(...counts.values())
  return { constraint, counts, fewest, countsItself: selector.matches(pod.metadata.labels) }
}

/** Which nodes take part: by default those the pod's node selection allows, tainted or not. */
function counted(constraint: Constraint, pod: DeepReadonly<Pod>, room: NodeRoom): boolean {
  if (room.node === undefined) return false
  if (constraint.nodeAffinityPolicy !== 'Ignore' && !matchesNodeSelection(pod, room.node)) return false
  return constraint.nodeTaintsPolicy !== 'Honor' || untolerated(pod, room.taints, ['NoSchedule', 'NoExecute']) === undefined
}

function selectorFor(constraint: Constraint, pod: DeepReadonly<Pod>): LabelSelector {
  const same = (constraint.matchLabelKeys ?? []).flatMap(key => {
    const value = pod.metadata.labels?.[key]
    return value === undefined ? [] : [[key, value] as const]
  })
  const { labelSelector } = constraint
  if (labelSelector === undefined) return labelSelectorOf(undefined)
  return labelSelectorOf({ ...labelSelector, matchLabels: { ...labelSelector.matchLabels, ...Object.fromEntries(same) } })
}

function matchesIn(room: NodeRoom, pod: DeepReadonly<Pod>, selector: LabelSelector): number {
  let count = 0
  for (const placed of room.pods()) {
    const { namespace, labels, deletionTimestamp } = placed.metadata
    if (namespace === pod.metadata.namespace && deletionTimestamp === undefined && selector.matches(labels)) count++
  }
  return count
}

function topologyOf(room: NodeRoom, { topologyKey }: Constraint): string | undefined {
  return room.node?.metadata.labels?.[topologyKey]
}
