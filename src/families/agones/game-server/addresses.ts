/** Where players reach a server. Contract: Agones; the order of preference can be another one for a fleet. */
import type { GameServerPort, GameServerStatus, StatusAddress } from '../../../apis/agones.dev/game-server.ts'
import type { Node, Pod } from '../../../apis/core/types.generated.ts'
import { isIP } from 'node:net'
import type { DeepReadonly } from '../../../kube/object.ts'

/** First match wins; entries that name IPs count only where they are some. */
const order = ['ExternalDNS', 'ExternalIP', 'InternalDNS', 'InternalIP'] as const

/** All addresses of the node, then those of the pod. */
export function statusAddresses(node: DeepReadonly<Node>, pod: DeepReadonly<Pod>): StatusAddress[] {
  return [
    ...(node.status?.addresses ?? []).map(({ type, address }) => ({ type, address })),
    ...(pod.status?.podIPs ?? []).flatMap(({ ip }) => (ip === undefined ? [] : [{ type: 'PodIP', address: ip }])),
  ]
}

/** The node's address that players are told; undefined when the node has none that they could use. */
export function primaryAddress(node: DeepReadonly<Node>): string | undefined {
  const addresses = node.status?.addresses ?? []
  for (const wanted of order) {
    const found = addresses.find(({ type, address }) => type === wanted && (!wanted.endsWith('IP') || isIP(address) !== 0))
    if (found !== undefined) return found.address
  }
  return undefined
}

/** One entry per port of the spec: where it is reached. */
export function statusPorts(ports: readonly DeepReadonly<GameServerPort>[]): NonNullable<GameServerStatus['ports']> {
  return ports.map(({ name, portPolicy, hostPort, containerPort }) => ({
    name: name ?? '',
    port: (portPolicy === 'None' ? containerPort : hostPort) ?? 0,
  }))
}
