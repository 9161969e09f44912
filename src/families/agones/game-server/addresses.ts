/** Where players reach a server. Contract: Agones; the order of preference can be another one for a fleet. */
import { annotations } from '../../../apis/agones.dev/annotations.ts'
import type { GameServer, GameServerPort, GameServerStatus, StatusAddress } from '../../../apis/agones.dev/game-server.ts'
import type { Node, Pod } from '../../../apis/core/types.generated.ts'
import { isIP } from 'node:net'
import type { DeepReadonly } from '../../../kube/object.ts'

/** Types of addresses, as nodes have them; `PodIP` are those of the pod. */
const types = ['ExternalDNS', 'ExternalIP', 'InternalDNS', 'InternalIP', 'Hostname', 'PodIP'] as const

/** One preference: a type, and for IPs perhaps a family. */
interface Preference {
  readonly type: (typeof types)[number]
  readonly family?: 4 | 6
}

/** First match wins; entries that name IPs count only where they are some. Contract: Agones. */
const agonesOrder: readonly Preference[] = [
  { type: 'ExternalDNS' },
  { type: 'ExternalIP' },
  { type: 'InternalDNS' },
  { type: 'InternalIP' },
]

/** Preferences such as `PodIP/v6, ExternalIP`; undefined when the text is none. */
export function addressOrder(text: string): readonly Preference[] | undefined {
  const found = text.split(',').map((part): Preference | undefined => {
    const [, type, family] = /^(\w+)(?:\/v([46]))?$/.exec(part.trim()) ?? []
    const known = types.find(one => one === type)
    if (known === undefined || (family !== undefined && !known.endsWith('IP'))) return undefined
    return { type: known, ...(family !== undefined && { family: family === '4' ? 4 : 6 }) }
  })
  return found.includes(undefined) ? undefined : (found as Preference[])
}

/** What is said of the order where it is none. */
export const addressOrderHelp = `must be types of addresses with commas between them, such as PodIP/v6, ExternalIP; there are ${types.join(', ')}`

/** All addresses of the node, then those of the pod. */
export function statusAddresses(node: DeepReadonly<Node>, pod: DeepReadonly<Pod>): StatusAddress[] {
  return [
    ...(node.status?.addresses ?? []).map(({ type, address }) => ({ type, address })),
    ...(pod.status?.podIPs ?? []).flatMap(({ ip }) => (ip === undefined ? [] : [{ type: 'PodIP', address: ip }])),
  ]
}

/** The address that players are told; undefined when there is none that they could use. */
export function primaryAddress(
  { metadata }: DeepReadonly<GameServer>,
  node: DeepReadonly<Node>,
  pod: DeepReadonly<Pod>,
): string | undefined {
  const addresses = statusAddresses(node, pod)
  for (const { type, family } of addressOrder(metadata.annotations?.[annotations.primaryAddress] ?? '') ?? agonesOrder) {
    const fits = (address: string): boolean => {
      const version = isIP(address)
      return !type.endsWith('IP') || (version !== 0 && (family === undefined || family === version))
    }
    const found = addresses.find(one => one.type === type && fits(one.address ?? ''))
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
