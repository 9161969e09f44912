import { isIP } from 'node:net'
import type { Node } from '../../apis/core/types.generated.ts'
import type { DeepReadonly } from '../../kube/object.ts'

/**
 * The address under which players reach a node: an external one, else an internal one; a DNS name before an IP, the last of a kind.
 * That is OpenKruiseGame's choice, which published addresses depend on. Unlike there, a dual-stack node is known by an address of its
 * primary family, the one its list begins with: the other is there in addition, and fewer players can dial it.
 */
export function nodeAddress(node: DeepReadonly<Node>): string | undefined {
  const addresses = node.status?.addresses ?? []
  const primary = familyOf(addresses.find(({ type, address }) => type === 'InternalIP' && familyOf(address) !== 0)?.address ?? '')
  for (const type of ['ExternalDNS', 'ExternalIP', 'InternalDNS', 'InternalIP']) {
    const ofType = addresses.filter(address => address.type === type && address.address !== '')
    const found = ofType.findLast(({ address }) => familyOf(address) === primary) ?? ofType.at(-1)
    if (found !== undefined) return found.address
  }
  return undefined
}

/** 4 or 6; 0 for a name. */
const familyOf = (address: string): number => isIP(address)
