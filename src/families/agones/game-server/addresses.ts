/** Where players reach a server. Contract: Agones; the order of preference can be another one for a fleet, and less can be published. */
import { isIP } from 'node:net'
import type { Endpoint } from '../../../addresses/model.ts'
import { type AddressPreference, addressOrder, fits, preferredAddress } from '../../../apis/agones.dev/address-order.ts'
import { annotations } from '../../../apis/agones.dev/annotations.ts'
import type { GameServer, StatusAddress } from '../../../apis/agones.dev/game-server.ts'
import type { Node, Pod } from '../../../apis/core/types.generated.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import { secondaryAddresses } from './secondary-networks.ts'

/** What users say of addresses: on a Fleet, so on its sets and servers, or in the metadata of a template. */
export const addressNames: readonly string[] = [annotations.primaryAddress, annotations.publishedAddresses]

/** Those annotations alone. */
export function addressNotes(given: Readonly<Record<string, string>> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(given).filter(([name]) => addressNames.includes(name)))
}

/** First match wins. The order is that of Agones; who gives a server a network wants players to come by it. */
const usualOrder: readonly AddressPreference[] = [
  { type: 'NetworkDNS' },
  { type: 'NetworkIP' },
  { type: 'ExternalDNS' },
  { type: 'ExternalIP' },
  { type: 'InternalDNS' },
  { type: 'InternalIP' },
]

/** All addresses of the node, then those of the pod and of its further networks. */
export function placeAddresses(node: DeepReadonly<Node>, pod: DeepReadonly<Pod>): StatusAddress[] {
  return [
    ...(node.status?.addresses ?? []).map(({ type, address }) => ({ type, address })),
    ...(pod.status?.podIPs ?? []).flatMap(({ ip }) => (ip === undefined ? [] : [{ type: 'PodIP', address: ip }])),
    ...secondaryAddresses(pod),
  ]
}

/** Where a network lets players in, each address once. */
export function networkAddresses(endpoints: readonly Endpoint[]): StatusAddress[] {
  const found = endpoints
    .filter(({ scope }) => scope === 'external')
    .flatMap(({ ip = '', host = '' }) => [host, ip].filter(text => text !== ''))
  return [...new Set(found)].map(address => ({ type: isIP(address) === 0 ? 'NetworkDNS' : 'NetworkIP', address }))
}

/** Those that may be told: without the annotation all of them. */
export function published({ metadata }: DeepReadonly<GameServer>, addresses: readonly StatusAddress[]): StatusAddress[] {
  const only = publishedOrder(metadata.annotations)
  return addresses.filter(address => only?.some(preference => fits(preference, address)) ?? true)
}

/**
 * The address that players are told, out of those that are published; undefined when there is none that they could use. Without an order of
 * the user's what is published counts too, in the order in which it was written.
 */
export function primaryAddress(
  { metadata }: DeepReadonly<GameServer>,
  addresses: readonly StatusAddress[],
): Required<StatusAddress> | undefined {
  const asked = addressOrder(metadata.annotations?.[annotations.primaryAddress] ?? '')
  const found = preferredAddress(addresses, asked ?? [...usualOrder, ...(publishedOrder(metadata.annotations) ?? [])])
  return found && { type: found.type ?? '', address: found.address ?? '' }
}

function publishedOrder(given: Readonly<Record<string, string>> | undefined): readonly AddressPreference[] | undefined {
  const text = given?.[annotations.publishedAddresses]
  return text === undefined ? undefined : addressOrder(text)
}
