import { once } from 'node:events'
import { connect } from 'node:net'
import { pods } from '../../apis/core/resources.generated.ts'
import type { Pod } from '../../apis/core/types.generated.ts'
import { type GameServer, gameServers } from '../../apis/game.kruise.io/game-server.ts'
import { labels } from '../../apis/game.kruise.io/labels.ts'
import type { Client } from '../../kube/client.ts'
import type { DeepReadonly } from '../../kube/object.ts'
import type { ContainerFacts, ServerFacts } from './checks.ts'

/** One server as users see it: its GameServer and its pod. */
export interface SeenServer {
  readonly name: string
  readonly state: string
  readonly networkState: string | undefined
  readonly endpoints: readonly { readonly host: string; readonly port: number; readonly protocol: string }[]
  readonly pod: DeepReadonly<Pod> | undefined
}

const namespace = 'default'

/** The servers of a set, by number. */
export async function serversOf(client: Client, set: string): Promise<SeenServer[]> {
  const selection = { namespace, labelSelector: `${labels.ownerSet}=${set}` }
  const [servers, podList] = await Promise.all([client.list(gameServers, selection), client.list(pods, selection)])
  const podOf = new Map(podList.items.map(pod => [pod.metadata.name, pod]))
  return servers.items
    .map(server => seen(server, podOf.get(server.metadata.name)))
    .toSorted((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }))
}

function seen(server: DeepReadonly<GameServer>, pod: DeepReadonly<Pod> | undefined): SeenServer {
  const network = server.status?.networkStatus
  const endpoints = (network?.externalAddresses ?? []).flatMap(({ ip, endPoint, ports = [] }) =>
    ports.map(({ port, protocol = 'TCP' }) => ({ host: ip || (endPoint ?? ''), port: Number(port), protocol })),
  )
  return {
    name: server.metadata.name,
    state: server.status?.currentState ?? 'Creating',
    networkState: network?.currentNetworkState,
    endpoints,
    pod,
  }
}

/** Ready, with every address. */
export function isUp(server: SeenServer): boolean {
  return server.state === 'Ready' && (server.networkState === undefined || (server.networkState === 'Ready' && server.endpoints.length > 0))
}

/** The image a container really runs. */
export function imageOf(server: SeenServer, container: string): string | undefined {
  return server.pod?.status?.containerStatuses?.find(status => status.name === container)?.image
}

/** What must not change, of servers that are up. */
export function factsOf(servers: readonly SeenServer[], game: string, sidecar?: string): ServerFacts[] {
  return servers.map(server => {
    const side = sidecar === undefined ? undefined : container(server, sidecar)
    return {
      name: server.name,
      uid: server.pod?.metadata.uid ?? '',
      address: server.endpoints.map(({ host, port, protocol }) => `${host}:${port}/${protocol}`).join(' '),
      game: container(server, game),
      ...(side === undefined ? {} : { sidecar: side }),
    }
  })
}

function container(server: SeenServer, name: string): ContainerFacts {
  const status = server.pod?.status?.containerStatuses?.find(one => one.name === name)
  return { id: status?.containerID ?? '', image: status?.image ?? '', restarts: status?.restartCount ?? -1 }
}

/** Asks each server at its public address which version it is; the Minecraft-like example answers the line `status`. */
export async function askVersions(servers: readonly SeenServer[], signal: AbortSignal): Promise<Map<string, string>> {
  const answers = await Promise.all(
    servers.map(async server => {
      const endpoint = server.endpoints.find(one => one.protocol === 'TCP')
      const version = endpoint === undefined ? undefined : await askVersion(endpoint.host, endpoint.port, signal).catch(() => undefined)
      return [server.name, version] as const
    }),
  )
  return new Map(answers.flatMap(([name, version]) => (version === undefined ? [] : [[name, version] as const])))
}

async function askVersion(host: string, port: number, signal: AbortSignal): Promise<string> {
  const socket = connect({ host, port })
  socket.setTimeout(3000, () => socket.destroy(new Error('no answer')))
  try {
    await once(socket, 'connect', { signal })
    socket.write('status\n')
    const [line] = (await once(socket, 'data', { signal })) as [Buffer]
    return String((JSON.parse(String(line)) as { version?: string }).version)
  } finally {
    socket.destroy()
  }
}
