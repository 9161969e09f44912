/** The ports that a GameServer publishes, each where its address is. */
import type { Endpoint } from '../../../addresses/model.ts'
import type { GameServerPort, GameServerStatus } from '../../../apis/agones.dev/game-server.ts'
import { defaults } from '../../../apis/agones.dev/defaults.ts'
import type { DeepReadonly } from '../../../kube/object.ts'

type StatusPorts = NonNullable<GameServerStatus['ports']>

/** One entry per port of the spec: where it is reached on the node, or in the pod where the node has none. */
export function statusPorts(ports: readonly DeepReadonly<GameServerPort>[]): StatusPorts {
  return ports.map(({ name, portPolicy, hostPort, containerPort }) => ({
    name: name ?? '',
    port: (portPolicy === 'None' ? containerPort : hostPort) ?? 0,
  }))
}

/**
 * One entry per port by which a network lets players in at this address: under the name that the spec has for it, in the order of the spec;
 * others come last, named by where the server listens. Ports that the network does not carry are left out: nobody answers there.
 */
export function networkPorts(ports: readonly DeepReadonly<GameServerPort>[], endpoints: readonly Endpoint[], address: string): StatusPorts {
  const there = endpoints.filter(({ scope, ip, host }) => scope === 'external' && (ip === address || host === address))
  const named = ports.flatMap(port => there.filter(endpoint => isOf(endpoint, port)).map(({ port: number }) => entry(port.name, number)))
  const others = there.filter(endpoint => !ports.some(port => isOf(endpoint, port)))
  return [...named, ...others.map(({ ask, protocol, port }) => entry(`${ask}-${protocol.toLowerCase()}`, port))]
}

function isOf(endpoint: Endpoint, { containerPort, protocol = defaults.protocol }: DeepReadonly<GameServerPort>): boolean {
  return endpoint.containerPort === containerPort && (protocol === endpoint.protocol || protocol === 'TCPUDP')
}

function entry(name: string | undefined, port: number): StatusPorts[number] {
  return { name: name ?? '', port }
}
