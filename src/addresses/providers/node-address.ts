import type { Node } from '../../apis/core/types.generated.ts'
import type { DeepReadonly } from '../../kube/object.ts'

/**
 * The address under which players reach a node: an external one, else an internal one; a DNS name before an IP, the last of a kind.
 * That is OpenKruiseGame's choice, which published addresses depend on.
 */
export function nodeAddress(node: DeepReadonly<Node>): string | undefined {
  const addresses = node.status?.addresses ?? []
  for (const type of ['ExternalDNS', 'ExternalIP', 'InternalDNS', 'InternalIP']) {
    const found = addresses.findLast(address => address.type === type && address.address !== '')
    if (found !== undefined) return found.address
  }
  return undefined
}
