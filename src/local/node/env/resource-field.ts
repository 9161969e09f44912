import type { DeepReadonly } from '../../../kube/object.ts'
import { parseQuantity } from '../../../schema/quantity.ts'
import type { ResourceFieldSelector } from '../../../apis/core/types.generated.ts'
import { containersOf, type ContainerDefinition, type PodObject } from '../pods/container-state.ts'
import { NodeError } from '../node-error.ts'

/** What a container without a limit may use: the node's allocatable resources, as Kubernetes quantities. */
export type NodeCapacity = Readonly<Record<string, string>>

/**
 * The value of a `resourceFieldRef` in units of its divisor, rounded up. Without a limit the node's allocatable amount
 * stands in, as with kubelet; without a request, 0.
 * @throws NodeError CONFIG_REFERENCE for an unknown container or resource.
 */
export function resourceValue(
  pod: PodObject,
  definition: ContainerDefinition,
  selector: DeepReadonly<ResourceFieldSelector>,
  capacity: NodeCapacity,
): string {
  const name = selector.containerName ?? definition.name
  const container = containersOf(pod).find(candidate => candidate.definition.name === name)?.definition
  if (container === undefined) throw new NodeError('CONFIG_REFERENCE', `container ${name} not found`)
  const [kind, ...rest] = selector.resource.split('.')
  const resource = rest.join('.')
  if ((kind !== 'limits' && kind !== 'requests') || resource === '')
    throw new NodeError('CONFIG_REFERENCE', `unsupported container resource: ${selector.resource}`)
  const { limits, requests } = container.resources ?? {}
  const amount = kind === 'limits' ? (limits?.[resource] ?? capacity[resource] ?? '0') : (requests?.[resource] ?? limits?.[resource] ?? '0')
  const divisor = nano(selector.divisor ?? '1') || nano('1')
  return String((nano(amount) + divisor - 1n) / divisor)
}

/** A quantity in units of 10^-9; 0 for text that is none (the API server has refused it already). */
function nano(quantity: string | number): bigint {
  return parseQuantity(quantity)?.nano ?? 0n
}
