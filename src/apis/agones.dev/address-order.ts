/** The types of addresses that a GameServer publishes, and lists of them as users write them on Fleets, servers and allocations. Pure. */
import { isIP } from 'node:net'
import type { DeepReadonly } from '../../kube/object.ts'
import type { StatusAddress } from './game-server.ts'

/**
 * `ExternalDNS` to `Hostname` are those of the node, `PodIP` those of the pod, `SecondaryIP` those of its further networks, `NetworkDNS` and
 * `NetworkIP` those that the network of `berth.dev/network` gives.
 */
const types = [
  'ExternalDNS',
  'ExternalIP',
  'InternalDNS',
  'InternalIP',
  'Hostname',
  'PodIP',
  'SecondaryIP',
  'NetworkDNS',
  'NetworkIP',
] as const

/** One entry of a list: a type, for further networks perhaps which one, and for IPs perhaps a family. */
export interface AddressPreference {
  readonly type: (typeof types)[number]
  /** As the published type has it behind the colon. */
  readonly of?: string
  readonly family?: 4 | 6
}

const entry = /^(\w+)(?::([\w.-]+(?:\/[\w.-]+)??))?(?:\/v([46]))?$/

/** A list such as `PodIP/v6, SecondaryIP:players, ExternalIP`; undefined when the text is none. */
export function addressOrder(text: string): readonly AddressPreference[] | undefined {
  const found = text.split(',').map((part): AddressPreference | undefined => {
    const [, type, of, family] = entry.exec(part.trim()) ?? []
    const known = types.find(one => one === type)
    if (known === undefined || (family !== undefined && !known.endsWith('IP')) || (of !== undefined && known !== 'SecondaryIP'))
      return undefined
    return { type: known, ...(of !== undefined && { of }), ...(family !== undefined && { family: family === '4' ? 4 : 6 }) }
  })
  return found.every(one => one !== undefined) ? found : undefined
}

/** What is said of a list where it is none. */
export const addressOrderHelp = `must be types of addresses with commas between them, such as PodIP/v6, ExternalIP; there are ${types.join(', ')}`

/** Whether an address is of the kind; one that names IPs stands for nothing else. */
export function fits({ type, of, family }: AddressPreference, address: DeepReadonly<StatusAddress>): boolean {
  const version = isIP(address.address ?? '')
  const isOfType = address.type === type || (type === 'SecondaryIP' && address.type === `${type}:${of ?? nameOf(address)}`)
  return isOfType && (!type.endsWith('IP') || (version !== 0 && (family === undefined || family === version)))
}

/** The first address of the first preference that any fits. Undefined: none fits. */
export function preferredAddress<T extends DeepReadonly<StatusAddress>>(
  addresses: readonly T[],
  order: readonly AddressPreference[],
): T | undefined {
  for (const preference of order) {
    const found = addresses.find(one => fits(preference, one))
    if (found !== undefined) return found
  }
  return undefined
}

/** Whether everything of the second kind is of the first one as well. */
export function includes(all: AddressPreference, part: AddressPreference): boolean {
  return all.type === part.type && (all.of === undefined || all.of === part.of) && (all.family === undefined || all.family === part.family)
}

/** The address was given by the network of `berth.dev/network`. */
export function isOfNetwork({ type }: DeepReadonly<StatusAddress>): boolean {
  return type === 'NetworkDNS' || type === 'NetworkIP'
}

/** Which of the pod's further networks the address is in. */
function nameOf({ type = '' }: DeepReadonly<StatusAddress>): string {
  return type.slice(type.indexOf(':') + 1)
}
