import { jsonEqual } from '../../../kube/patch/json.ts'
import type { PodCondition, PodStatus } from '../../../apis/core/types.generated.ts'
import type { PodObject } from './container-state.ts'

/** Lists with a merge key that the node owns as a whole: merging would keep addresses of an earlier life. */
const replacedLists = new Set(['podIPs', 'hostIPs'])

/**
 * The strategic merge patch of `pods/status` that turns the stored status into `wanted`; undefined when nothing differs.
 * Only what changed is in it, so conditions and fields of other writers stay as they are.
 */
export function statusPatch(pod: PodObject, wanted: PodStatus): { status: Record<string, unknown> } | undefined {
  const stored = (pod.status ?? {}) as Readonly<Record<string, unknown>>
  const patch: Record<string, unknown> = {}
  for (const [field, value] of Object.entries(wanted)) {
    if (field === 'conditions' || field === 'observedGeneration') continue
    if (jsonEqual(stored[field], value)) continue
    patch[field] = replacedLists.has(field) && stored[field] !== undefined ? [{ $patch: 'replace' }, ...(value as unknown[])] : value
  }
  const conditions = changedConditions(pod, wanted.conditions ?? [])
  if (conditions.length > 0) patch['conditions'] = conditions
  if (Object.keys(patch).length === 0) return undefined
  // Travels along with real changes only: a new generation alone is no news worth a write.
  if (wanted.observedGeneration !== undefined && stored['observedGeneration'] !== wanted.observedGeneration) {
    patch['observedGeneration'] = wanted.observedGeneration
  }
  return { status: patch }
}

function changedConditions(pod: PodObject, wanted: readonly PodCondition[]): Record<string, unknown>[] {
  const changed: Record<string, unknown>[] = []
  for (const condition of wanted) {
    const before = pod.status?.conditions?.find(candidate => candidate.type === condition.type)
    if (
      before !== undefined &&
      before.status === condition.status &&
      before.reason === condition.reason &&
      before.message === condition.message
    )
      continue
    // A reason that no longer holds must be taken out by name: merging keeps what a patch does not mention.
    changed.push({
      ...condition,
      ...(before?.reason !== undefined && condition.reason === undefined ? { reason: null } : {}),
      ...(before?.message !== undefined && condition.message === undefined ? { message: null } : {}),
    })
  }
  return changed
}
