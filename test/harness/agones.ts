import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type ClusterOptions, startCluster, type TestCluster } from './cluster.ts'
import { eventually } from './eventually.ts'
import { udpAsk } from './players.ts'
import { root } from './run.ts'

export interface AgonesServer {
  metadata: {
    name: string
    uid: string
    labels?: Record<string, string>
    annotations?: Record<string, string>
    deletionTimestamp?: string
    ownerReferences?: { kind: string; name: string }[]
  }
  spec: { ports?: { hostPort?: number }[]; template: { spec: { containers: { image: string }[] } } }
  status?: {
    state: string
    address: string
    addresses: { type: string; address: string }[]
    nodeName?: string
    reservedUntil?: string | null
    ports: { name: string; port: number }[] | null
    counters?: Record<string, { count: number; capacity: number }>
    lists?: Record<string, { values: string[]; capacity: number }>
  }
}

/** `status` of a GameServerAllocation. */
export interface Allocated {
  state: string
  gameServerName: string
  address: string
  addresses: { type: string; address: string }[]
  ports: { name: string; port: number }[]
  counters?: Record<string, { count: number; capacity: number }>
  lists?: Record<string, { values: string[]; capacity: number }>
}

/** A cluster with the kinds of Agones, on which allocations work. */
export async function startAgones(options: Omit<ClusterOptions, 'agones'> = {}): Promise<TestCluster> {
  const cluster = await startCluster({ ...options, agones: true })
  // An API server looks once a minute what those behind it serve.
  await eventually(
    'allocations are served',
    async () => (await cluster.k('api-resources --api-group=allocation.agones.dev --output=name')).includes('gameserverallocations'),
    { timeout: 90_000 },
  )
  return cluster
}

export const serverOf = (cluster: TestCluster, name: string): Promise<AgonesServer> => cluster.get(`gameservers.agones.dev ${name}`)

export const serversOf = async (cluster: TestCluster, fleet: string): Promise<AgonesServer[]> =>
  (await cluster.get<{ items: AgonesServer[] }>(`gameservers.agones.dev -l agones.dev/fleet=${fleet}`)).items

export const stateOf = async (cluster: TestCluster, name: string): Promise<string | undefined> =>
  (await serverOf(cluster, name)).status?.state

/** The servers of a Fleet once they are in these states, in any order. */
export const inStates = (cluster: TestCluster, fleet: string, ...states: string[]): Promise<AgonesServer[]> =>
  eventually(`${fleet} is ${states.join(', ')}`, async () => {
    const servers = await serversOf(cluster, fleet)
    const now = servers.map(({ status }) => status?.state ?? '').toSorted()
    if (now.join() !== states.toSorted().join()) throw new Error(`it is ${now.join(', ')}`)
    return servers
  })

/** Posts an allocation among the servers of a Fleet. `spec` adds to it, or says it otherwise. */
export async function allocate(cluster: TestCluster, fleet: string, spec: object = {}, annotations: object = {}): Promise<Allocated> {
  const selectors = [{ matchLabels: { 'agones.dev/fleet': fleet } }]
  const kind = { apiVersion: 'allocation.agones.dev/v1', kind: 'GameServerAllocation' }
  const manifest = { ...kind, metadata: { annotations }, spec: { selectors, ...spec } }
  return (JSON.parse(await cluster.k(['create', '-o', 'json', '-f', '-'], JSON.stringify(manifest))) as { status: Allocated }).status
}

/** One message to a server and its answer. Sent again after seconds only: what it asks for should be done once. */
export function say({ address, ports }: { address: string; ports: { port: number }[] | null }, message: string): Promise<string> {
  return udpAsk(address, ports?.[0]?.port ?? 0, message, { timeout: 20_000, every: 3000 })
}

/** Twenty thousandths of a core are enough for a small program in C; an example in JavaScript takes seconds for each answer then. */
export const unhurried = (manifest: string): string => manifest.replace('limits: { memory: 64Mi, cpu: 20m }', 'limits: { memory: 64Mi }')

/** The text of one of the documentation's manifests, for the namespace that is used here. */
export const example = async (file: string): Promise<string> =>
  (await readFile(join(root, 'examples/agones', file), 'utf8')).replaceAll('  namespace: default\n', '')

/** The documentation's Fleet under another name. */
export async function createFleet(cluster: TestCluster, name: string, change: (manifest: string) => string = text => text): Promise<void> {
  await cluster.apply(change((await example('fleet.yaml')).replace('name: simple-game-server', `name: ${name}`)))
}
