import type { Pod, PodAffinityTerm } from '../../../apis/core/types.generated.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import { labelSelectorOf } from '../../../kube/selector.ts'
import type { NodeRoom } from './node-room.ts'

type Term = DeepReadonly<PodAffinityTerm>

const requiredAffinity = (pod: DeepReadonly<Pod>): readonly Term[] =>
  pod.spec?.affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []
const requiredAntiAffinity = (pod: DeepReadonly<Pod>): readonly Term[] =>
  pod.spec?.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []

/** Whether the pod takes part in pod affinity at all; such pods are rare, and the check looks at every pod. */
export function hasPodAffinity(pod: DeepReadonly<Pod>): boolean {
  return requiredAffinity(pod).length > 0 || requiredAntiAffinity(pod).length > 0
}

/**
 * Looks at all pods once (which values of each topology key hold a match) and answers for each node whether required
 * affinities and anti-affinities allow it: a reason in Kubernetes' words, or undefined. `guarded` says whether any placed pod
 * has anti-affinity of its own, which keeps newcomers away.
 */
export function podAffinityCheck(
  pod: DeepReadonly<Pod>,
  rooms: readonly NodeRoom[],
  guarded: boolean,
): (room: NodeRoom) => string | undefined {
  const near = requiredAffinity(pod).map(term => domainsWith(term, pod, rooms))
  const away = requiredAntiAffinity(pod).map(term => domainsWith(term, pod, rooms))
  const guards = guarded ? guardedDomains(pod, rooms) : []
  return room => {
    if (guards.some(({ key, values }) => isIn(room, key, values))) return "node(s) didn't satisfy existing pods anti-affinity rules"
    if (away.some(({ key, values }) => isIn(room, key, values))) return "node(s) didn't match pod anti-affinity rules"
    const met = near.every(({ term, key, values }) => {
      if (isIn(room, key, values)) return true
      // The first of a group that wants to be together may begin anywhere.
      return values.size === 0 && selects(term, pod, pod) && topologyOf(room, key) !== undefined
    })
    return met ? undefined : "node(s) didn't match pod affinity rules"
  }
}

interface Domains {
  readonly term: Term
  readonly key: string
  readonly values: ReadonlySet<string>
}

function domainsWith(term: Term, owner: DeepReadonly<Pod>, rooms: readonly NodeRoom[]): Domains {
  const values = new Set<string>()
  for (const room of rooms) {
    const value = topologyOf(room, term.topologyKey)
    if (value === undefined || values.has(value)) continue
    for (const placed of room.pods()) {
      if (!selects(term, owner, placed)) continue
      values.add(value)
      break
    }
  }
  return { term, key: term.topologyKey, values }
}

function guardedDomains(pod: DeepReadonly<Pod>, rooms: readonly NodeRoom[]): { key: string; values: ReadonlySet<string> }[] {
  const byKey = new Map<string, Set<string>>()
  for (const room of rooms) {
    for (const placed of room.pods()) {
      for (const term of requiredAntiAffinity(placed)) {
        const value = topologyOf(room, term.topologyKey)
        if (value === undefined || !selects(term, placed, pod)) continue
        const values = byKey.get(term.topologyKey)
        if (values === undefined) byKey.set(term.topologyKey, new Set([value]))
        else values.add(value)
      }
    }
  }
  return [...byKey].map(([key, values]) => ({ key, values }))
}

/** Namespaces: those named, or the owner's; an (even empty) namespace selector is taken as all namespaces. */
function selects(term: Term, owner: DeepReadonly<Pod>, candidate: DeepReadonly<Pod>): boolean {
  const namespaces = term.namespaces ?? []
  const inside =
    term.namespaceSelector !== undefined ||
    (namespaces.length === 0
      ? candidate.metadata.namespace === owner.metadata.namespace
      : namespaces.includes(candidate.metadata.namespace ?? ''))
  return inside && labelSelectorOf(term.labelSelector).matches(candidate.metadata.labels)
}

function topologyOf(room: NodeRoom, key: string): string | undefined {
  return room.node?.metadata.labels?.[key]
}

function isIn(room: NodeRoom, key: string, values: ReadonlySet<string>): boolean {
  const value = topologyOf(room, key)
  return value !== undefined && values.has(value)
}
