import type { Node, NodeSelectorRequirement, NodeSelectorTerm, Pod } from '../../../apis/core/types.generated.ts'
import type { DeepReadonly } from '../../../kube/object.ts'

/** Whether the node is one the pod's `nodeSelector` and required node affinity allow. */
export function matchesNodeSelection(pod: DeepReadonly<Pod>, node: DeepReadonly<Node>): boolean {
  const labels = node.metadata.labels ?? {}
  if (!Object.entries(pod.spec?.nodeSelector ?? {}).every(([key, value]) => labels[key] === value)) return false
  const required = pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
  return required === undefined || required.nodeSelectorTerms.some(term => matchesTerm(term, node))
}

/** The sum of the weights of the preferences that the node meets. */
export function preferenceOf(pod: DeepReadonly<Pod>, node: DeepReadonly<Node>): number {
  const preferred = pod.spec?.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []
  return preferred.reduce((sum, { preference, weight }) => sum + (matchesTerm(preference, node) ? weight : 0), 0)
}

/** An empty term matches nothing, as Kubernetes has it. */
function matchesTerm({ matchExpressions = [], matchFields = [] }: DeepReadonly<NodeSelectorTerm>, node: DeepReadonly<Node>): boolean {
  if (matchExpressions.length + matchFields.length === 0) return false
  return (
    matchExpressions.every(requirement => matches(requirement, node.metadata.labels?.[requirement.key])) &&
    matchFields.every(requirement => requirement.key === 'metadata.name' && matches(requirement, node.metadata.name))
  )
}

function matches({ operator, values = [] }: DeepReadonly<NodeSelectorRequirement>, value: string | undefined): boolean {
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value)
    case 'NotIn':
      return value === undefined || !values.includes(value)
    case 'Exists':
      return value !== undefined
    case 'DoesNotExist':
      return value === undefined
    case 'Gt':
      return isWhole(value) && Number(value) > Number(values[0])
    case 'Lt':
      return isWhole(value) && Number(value) < Number(values[0])
  }
}

const isWhole = (value: string | undefined): boolean => value !== undefined && /^-?\d+$/.test(value)
