/** What a GameServer says of where it is. Pure. */
import type { GameServerStatus, StatusAddress } from '../../../apis/agones.dev/game-server.ts'
import { networkAddresses, placeAddresses, primaryAddress, published } from './addresses.ts'
import { isOfNetwork } from '../../../apis/agones.dev/address-order.ts'
import type { Look } from './facts.ts'
import { active } from './life.ts'
import { networkPorts, statusPorts } from './status-ports.ts'

const states: readonly string[] = active

export interface Place {
  readonly addresses: readonly StatusAddress[]
  readonly address: string
  /** Undefined: the address is that of a network which says nothing at the moment, and what was said of its ports holds. */
  readonly ports: GameServerStatus['ports']
}

/** Undefined while there is no address that players could use. What a network gave is kept while it says nothing. */
export function placeOf({ server, pod, node, network }: Pick<Look, 'server' | 'pod' | 'node' | 'network'>): Place | undefined {
  if (pod === undefined || node === undefined || (pod.status?.podIPs ?? []).length === 0) return undefined
  const given = network?.isBound === true ? networkAddresses(network.endpoints) : earlier(server, network !== undefined)
  const addresses = published(server, [...placeAddresses(node, pod), ...given])
  const primary = primaryAddress(server, addresses)
  if (primary === undefined) return undefined
  const { ports = [] } = server.spec
  const { address } = primary
  if (!isOfNetwork(primary)) return { addresses, address, ports: statusPorts(ports ?? []) }
  return { addresses, address, ports: network?.isBound === true ? networkPorts(ports ?? [], network.endpoints, address) : undefined }
}

/**
 * What the network gave when it last said something. Where the annotation was taken off a server, that is still there, since it goes with the
 * pod; and players may have been sent to it.
 */
function earlier({ status }: Look['server'], hasNetwork: boolean): StatusAddress[] {
  const found = (status?.addresses ?? []).filter(address => isOfNetwork(address))
  const isTold = states.includes(status?.state ?? '') && found.some(({ address }) => address === status?.address)
  return hasNetwork || isTold ? found : []
}
