import type { GameServer } from '../apis/game.kruise.io/game-server.ts'
import { labels } from '../apis/game.kruise.io/labels.ts'
import type { NetworkAddress } from '../apis/game.kruise.io/network-status.ts'
import type { DeepReadonly } from '../kube/object.ts'

/** One way to reach a server. */
export interface ServerEndpoint {
  /** The port's name, as the network publishes it. */
  readonly name: string
  readonly protocol: string
  /** `host:port` for players; empty while there is none. */
  readonly external: string
  /** `host:port` within the cluster; empty when unknown. */
  readonly internal: string
}

/** Where a game server is reached; also the shape of `berth addresses -o json`. */
export interface ServerAddresses {
  readonly server: string
  readonly namespace: string
  readonly set: string
  readonly state: string
  readonly opsState: string
  /** Network type; `None` without one. */
  readonly network: string
  readonly networkState: string
  readonly node: string
  readonly endpoints: readonly ServerEndpoint[]
}

/** Reads the addresses of a server from its status. External and internal ports belong together by name and protocol. */
export function serverAddresses({ metadata, spec, status }: DeepReadonly<GameServer>): ServerAddresses {
  const network = status?.networkStatus
  const type = network?.networkType ?? ''
  const external = portsOf(network?.externalAddresses ?? [])
  const internal = portsOf(network?.internalAddresses ?? [])
  const endpoints: ServerEndpoint[] = external.map(({ name, protocol, at }) => {
    const own = internal.find(port => port.name === name && port.protocol === protocol) ?? internal.find(port => port.name === name)
    return { name, protocol, external: at, internal: own?.at ?? '' }
  })
  for (const { name, protocol, at } of internal) {
    if (!endpoints.some(endpoint => endpoint.internal === at)) endpoints.push({ name, protocol, external: '', internal: at })
  }
  const podIp = status?.podStatus?.podIP
  if (endpoints.length === 0 && podIp !== undefined && podIp !== '')
    endpoints.push({ name: '', protocol: '', external: '', internal: podIp })
  return {
    server: metadata.name,
    namespace: metadata.namespace ?? '',
    set: metadata.labels?.[labels.ownerSet] ?? '',
    state: status?.currentState ?? 'Unknown',
    opsState: spec?.opsState ?? 'None',
    network: type === '' ? 'None' : type,
    networkState: network?.currentNetworkState ?? '',
    node: metadata.labels?.[labels.nodeName] ?? '',
    endpoints,
  }
}

/** By namespace, set and number, so that 10 comes after 9. */
export function byServer(one: ServerAddresses, other: ServerAddresses): number {
  const text = ({ namespace, server }: ServerAddresses): string => `${namespace}/${server}`
  return text(one).localeCompare(text(other), 'en', { numeric: true })
}

function portsOf(addresses: DeepReadonly<NetworkAddress[]>): { name: string; protocol: string; at: string }[] {
  return addresses.flatMap(({ ip, endPoint, ports = [], portRange }) => {
    const host = ip === '' ? (endPoint ?? '') : ip
    const at = ports.map(({ name, protocol = '', port }) => ({
      name,
      protocol,
      at: port === undefined ? host : `${bracketed(host)}:${port}`,
    }))
    if (portRange !== undefined) at.push({ name: '', protocol: portRange.protocol ?? '', at: `${bracketed(host)}:${portRange.portRange}` })
    return at.length === 0 && host !== '' ? [{ name: '', protocol: '', at: host }] : at
  })
}

/** IPv6 addresses need brackets before a port. */
function bracketed(host: string): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host
}
