import type { Pod, Taint } from '../../../apis/core/types.generated.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import type { NodeRoom } from './node-room.ts'
import { matchesNodeSelection, preferenceOf } from './node-selector.ts'
import { hasPodAffinity, podAffinityCheck } from './pod-affinity.ts'
import { podDemand, type PodDemand } from './pod-demand.ts'
import { untolerated } from './taints.ts'
import { hardConstraints, spreadCheck } from './topology-spread.ts'

/** Where a pod goes, or why it cannot go anywhere (Kubernetes' text for the condition and the event). */
export type Placement = { readonly node: string } | { readonly unschedulable: string }

interface Question {
  readonly pod: DeepReadonly<Pod>
  readonly demand: PodDemand
  /** What depends on other pods: spreading, and affinity to them. */
  readonly relations: readonly ((room: NodeRoom) => string | undefined)[]
}

/** One reason to refuse a node; empty when it has none. */
type Filter = (question: Question, room: NodeRoom) => readonly string[]

const cordoned: Taint = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' }
const notReady: Taint = { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }

const refusedIf = (refused: boolean, reason: string): readonly string[] => (refused ? [reason] : [])

/** In the order of Kubernetes' scheduler; the first that refuses a node gives the reason. */
const filters: readonly Filter[] = [
  ({ pod }, { node }) =>
    refusedIf(
      node?.spec?.unschedulable === true && untolerated(pod, [cordoned], ['NoSchedule']) !== undefined,
      'node(s) were unschedulable',
    ),
  ({ pod }, { taints }) => taintRefusal(untolerated(pod, taints, ['NoSchedule', 'NoExecute'])),
  ({ pod }, room) => taintRefusal(isReady(room) ? undefined : untolerated(pod, [notReady], ['NoSchedule'])),
  ({ pod }, { node }) =>
    refusedIf(node !== undefined && !matchesNodeSelection(pod, node), "node(s) didn't match Pod's node affinity/selector"),
  ({ demand }, room) => refusedIf(!room.hasFreePorts(demand), "node(s) didn't have free ports for the requested pod ports"),
  ({ demand }, room) => room.shortages(demand),
  ({ relations }, room) => relations.flatMap(refusal => refusal(room) ?? []).slice(0, 1),
]

function taintRefusal(taint: DeepReadonly<Taint> | undefined): readonly string[] {
  return taint === undefined ? [] : [`node(s) had untolerated taint {${taint.key}: ${taint.value ?? ''}}`]
}

/** Nodes that say nothing count as ready: simulated ones may save themselves the condition. */
function isReady(room: NodeRoom): boolean {
  return room.node?.status?.conditions?.find(condition => condition.type === 'Ready')?.status !== 'False'
}

/**
 * Chooses the node for a pod: of those that nothing speaks against, the one that meets most preferences and has most left
 * over afterwards; fewer pods, then the name, break ties. Pure.
 */
export function schedule(pod: DeepReadonly<Pod>, rooms: readonly NodeRoom[], guarded: boolean): Placement {
  const demand = podDemand(pod)
  const relations: ((room: NodeRoom) => string | undefined)[] = []
  if (hardConstraints(pod).length > 0) relations.push(spreadCheck(pod, rooms))
  if (hasPodAffinity(pod) || guarded) relations.push(podAffinityCheck(pod, rooms, guarded))
  const question: Question = { pod, demand, relations }
  const refusals = new Map<string, number>()
  let best: { name: string; score: number; pods: number } | undefined
  let known = 0
  for (const room of rooms) {
    const { node } = room
    if (node === undefined || node.metadata.deletionTimestamp !== undefined) continue
    known++
    const reasons = firstRefusal(question, room)
    for (const reason of reasons) refusals.set(reason, (refusals.get(reason) ?? 0) + 1)
    if (reasons.length > 0) continue
    const unwanted = untolerated(pod, room.taints, ['PreferNoSchedule']) === undefined ? 0 : 100
    const candidate = { name: node.metadata.name, score: room.leftOver(demand) + preferenceOf(pod, node) - unwanted, pods: room.podCount }
    if (best === undefined || isBetter(candidate, best)) best = candidate
  }
  if (best !== undefined) return { node: best.name }
  if (known === 0) return { unschedulable: 'no nodes available to schedule pods' }
  const parts = [...refusals].map(([reason, count]) => `${count} ${reason}`).sort()
  return { unschedulable: `0/${known} nodes are available: ${parts.join(', ')}.` }
}

function firstRefusal(question: Question, room: NodeRoom): readonly string[] {
  for (const filter of filters) {
    const reasons = filter(question, room)
    if (reasons.length > 0) return reasons
  }
  return []
}

interface Candidate {
  readonly name: string
  readonly score: number
  readonly pods: number
}

function isBetter(a: Candidate, b: Candidate): boolean {
  if (a.score !== b.score) return a.score > b.score
  if (a.pods !== b.pods) return a.pods < b.pods
  return a.name < b.name
}
