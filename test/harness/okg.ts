import type { TestCluster } from './cluster.ts'
import { eventually } from './eventually.ts'

export interface Pod {
  metadata: { name: string; uid: string; labels: Record<string, string>; annotations: Record<string, string>; deletionTimestamp?: string }
  spec: {
    containers: { name: string; image: string; ports?: { containerPort: number; hostPort?: number; protocol?: string }[] }[]
    nodeName?: string
    readinessGates?: { conditionType: string }[]
  }
  status: {
    phase: string
    podIP?: string
    conditions?: { type: string; status: string; reason?: string }[]
    containerStatuses?: {
      name: string
      image: string
      imageID: string
      restartCount: number
      containerID?: string
      ready: boolean
      state: Record<string, { startedAt?: string; reason?: string; message?: string }>
    }[]
  }
}

export interface NetworkStatus {
  networkType?: string
  currentNetworkState?: string
  desiredNetworkState?: string
  internalAddresses?: Address[]
  externalAddresses?: Address[]
}

interface Address {
  ip: string
  endPoint?: string
  ports?: { name: string; protocol: string; port: number | string }[]
}

export interface GameServer {
  metadata: { name: string; uid: string; labels: Record<string, string>; ownerReferences?: { kind: string; name: string }[] }
  spec: { opsState?: string; updatePriority?: number | string; deletionPriority?: number | string; networkDisabled?: boolean }
  status?: {
    currentState?: string
    desiredState?: string
    networkStatus?: NetworkStatus
    podStatus?: Pod['status']
    updatePriority?: string
    deletionPriority?: string
  }
}

export interface SetSpec {
  name: string
  replicas: number
  image?: string
  spec?: Record<string, unknown>
  template?: Record<string, unknown>
}

/** A GameServerSet of one container, as small as users write it; `spec` is laid over the set's spec. */
export function gameServerSet({ name, replicas, image = 'registry.example.com/demo/game:v1', spec, template }: SetSpec): object {
  return {
    apiVersion: 'game.kruise.io/v1alpha1',
    kind: 'GameServerSet',
    metadata: { name },
    spec: {
      replicas,
      updateStrategy: { rollingUpdate: { podUpdatePolicy: 'InPlaceIfPossible', maxUnavailable: '100%' } },
      gameServerTemplate: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'game', image }] }, ...template },
      ...spec,
    },
  }
}

const selector = (set: string) => `game.kruise.io/owner-gss=${set}`
const ordinal = (name: string) => Number(name.slice(name.lastIndexOf('-') + 1))

/** The set's pods that are not going, by ordinal. */
export async function podsOf(cluster: TestCluster, set: string): Promise<Pod[]> {
  const list = await cluster.get<{ items: Pod[] }>(['pods', '-l', selector(set)])
  return list.items
    .filter(pod => pod.metadata.deletionTimestamp === undefined)
    .toSorted((a, b) => ordinal(a.metadata.name) - ordinal(b.metadata.name))
}

export async function serversOf(cluster: TestCluster, set: string): Promise<GameServer[]> {
  const list = await cluster.get<{ items: GameServer[] }>(['gameservers.game.kruise.io', '-l', selector(set)])
  return list.items.toSorted((a, b) => ordinal(a.metadata.name) - ordinal(b.metadata.name))
}

export async function idsOf(cluster: TestCluster, set: string): Promise<number[]> {
  return (await podsOf(cluster, set)).map(pod => ordinal(pod.metadata.name))
}

/**
 * Deletes pods of sets and waits until they are gone. `kubectl delete --wait` waits for ever where a pod of the same name is made anew
 * between its two looks, as every server's is.
 */
export async function deletePods(cluster: TestCluster, ...names: string[]): Promise<void> {
  const uidOf = (name: string): Promise<string> =>
    cluster.k(['get', 'pod', name, '--ignore-not-found', '--output', 'jsonpath={.metadata.uid}'])
  const before = await Promise.all(names.map(uidOf))
  await cluster.k(['delete', 'pod', ...names, '--wait=false'])
  await eventually(`the pods ${names.join(', ')} are gone`, async () => {
    const now = await Promise.all(names.map(uidOf))
    return now.every((uid, index) => uid !== before[index])
  })
}

/** Waits until the set's servers are exactly these ids, all Ready. */
export async function settled(cluster: TestCluster, set: string, ids: readonly number[], timeout = 30_000): Promise<GameServer[]> {
  return eventually(
    `${set} has the servers ${ids.join(', ')}, all Ready`,
    async () => {
      const [pods, servers] = [await cluster.get<{ items: Pod[] }>(['pods', '-l', selector(set)]), await serversOf(cluster, set)]
      const have = pods.items.map(pod => ordinal(pod.metadata.name)).toSorted((a, b) => a - b)
      if (JSON.stringify(have) !== JSON.stringify(ids)) throw new Error(`pods are ${have.join(', ')}`)
      const states = servers.map(server => `${server.metadata.name}=${server.status?.currentState}`)
      if (servers.length !== ids.length || servers.some(server => server.status?.currentState !== 'Ready'))
        throw new Error(states.join(' '))
      return servers
    },
    { timeout, every: 100 },
  )
}

export const patchSet = (cluster: TestCluster, set: string, patch: object) =>
  cluster.k(['patch', 'gameserversets.game.kruise.io', set, '--type=merge', '-p', JSON.stringify(patch)])

export const patchServer = (cluster: TestCluster, server: string, patch: object) =>
  cluster.k(['patch', 'gameservers.game.kruise.io', server, '--type=merge', '-p', JSON.stringify(patch)])

export const containerStatus = (pod: Pod, name: string) => pod.status.containerStatuses?.find(status => status.name === name)
