import { labelSelectorOf, type LabelSelectorObject } from '../../../../kube/selector.ts'
import { internalError, tooManyRequests } from '../../status-errors.ts'
import type { Storage } from '../../storage/storage.ts'
import type { StoredObject } from '../../storage/stored-object.ts'

interface Budget {
  selector?: LabelSelectorObject
  minAvailable?: number | string
  maxUnavailable?: number | string
}

interface PodStatus {
  phase?: string
  conditions?: readonly { type: string; status: string }[]
}

/**
 * Throws a 429 when a PodDisruptionBudget forbids to evict the pod now. Budgets are computed here from the pods themselves; there is no
 * disruption controller that keeps their status.
 */
export function checkEviction(storage: Storage, pod: StoredObject): void {
  const { namespace = '', labels, name } = pod.metadata
  if (isOver(pod)) return
  const budgets = storage
    .collection('poddisruptionbudgets.policy')
    .list(namespace)
    .filter(budget => labelSelectorOf((budget['spec'] as Budget | undefined)?.selector).matches(labels))
  if (budgets.length === 0) return
  if (budgets.length > 1)
    throw internalError('This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.')
  for (const budget of budgets) {
    const spec = budget['spec'] as Budget
    const selector = labelSelectorOf(spec.selector)
    const pods = storage
      .collection('pods')
      .list(namespace)
      .filter(other => selector.matches(other.metadata.labels) && !isOver(other))
    const healthy = pods.filter(isReady).length
    const needed = neededHealthy(spec, pods.length)
    if (!isReady(pod) || healthy - 1 >= needed) continue
    const budgetName = budget.metadata.name
    throw tooManyRequests("Cannot evict pod as it would violate the pod's disruption budget.", {
      name,
      kind: 'pods',
      causes: [
        {
          reason: 'DisruptionBudget',
          message: `The disruption budget ${budgetName} needs ${needed} healthy pods and has ${healthy} currently`,
        },
      ],
    })
  }
}

function neededHealthy({ minAvailable, maxUnavailable }: Budget, expected: number): number {
  if (maxUnavailable !== undefined) return expected - scaled(maxUnavailable, expected)
  return scaled(minAvailable ?? 1, expected)
}

/** Percentages round up, as the disruption controller does. */
function scaled(value: number | string, total: number): number {
  if (typeof value === 'number') return value
  return value.endsWith('%') ? Math.ceil((Number.parseFloat(value) * total) / 100) : Number(value)
}

function isReady(pod: StoredObject): boolean {
  const status = pod['status'] as PodStatus | undefined
  return (
    pod.metadata.deletionTimestamp === undefined &&
    status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') === true
  )
}

function isOver(pod: StoredObject): boolean {
  const phase = (pod['status'] as PodStatus | undefined)?.phase
  return phase === 'Succeeded' || phase === 'Failed'
}
