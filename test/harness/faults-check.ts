import type { PlainApi } from './faults-api.ts'
import type { PortWatch } from './faults-ports.ts'
import type { KnownServer, SetModel } from './faults-set.ts'
import type { World } from './faults-world.ts'
import type { GameServer, Pod } from './okg.ts'

interface Owned {
  metadata: {
    name: string
    namespace: string
    uid: string
    deletionTimestamp?: string
    ownerReferences?: { kind: string; name: string; uid: string }[]
  }
}

interface Service extends Owned {
  metadata: Owned['metadata'] & { annotations?: Record<string, string> }
  spec: { type: string; ports?: { port: number; protocol: string; nodePort?: number }[] }
  status?: { loadBalancer?: { ingress?: { ip: string }[] } }
}

interface GameServerSet extends Owned {
  metadata: Owned['metadata'] & { generation: number }
  spec: { replicas: number; reserveGameServerIds?: (number | string)[] }
  status?: { observedGeneration?: number; readyReplicas?: number; updatedReplicas?: number }
}

/** The cluster a world lives on. */
export interface Inspected {
  readonly api: PlainApi
  readonly ports: PortWatch
  /** How often each game container may have been restarted. */
  readonly starts: number
}

/** Everything a user of the world's namespaces can list. */
async function listAll({ api }: Inspected, { namespaces }: World) {
  const items = async <T extends Owned>(path: string): Promise<T[]> =>
    (await api.list<T>(path)).items.filter(({ metadata }) => metadata.namespace === undefined || namespaces.includes(metadata.namespace))
  return {
    namespaces: await items<Owned>('/api/v1/namespaces'),
    sets: await items<GameServerSet>('/apis/game.kruise.io/v1alpha1/gameserversets'),
    servers: await items<GameServer & Owned>('/apis/game.kruise.io/v1alpha1/gameservers'),
    pods: await items<Pod & Owned>('/api/v1/pods'),
    services: (await items<Service>('/api/v1/services')).filter(({ metadata }) => metadata.name !== 'kubernetes'),
    revisions: await items<Owned>('/apis/apps/v1/controllerrevisions'),
    claims: await items<Owned>('/api/v1/persistentvolumeclaims'),
    slices: (await items<Owned>('/apis/discovery.k8s.io/v1/endpointslices')).filter(({ metadata }) => metadata.name !== 'kubernetes'),
  }
}

type Everything = Awaited<ReturnType<typeof listAll>>

const keyOf = ({ metadata }: Owned) => `${metadata.namespace}/${metadata.name}`
const sorted = (texts: Iterable<string>) => [...texts].toSorted().join(' ')
const same = (what: string, has: Iterable<string>, wanted: Iterable<string>): void => {
  const [a, b] = [sorted(has), sorted(wanted)]
  if (a !== b) throw new Error(`${what}: [${a}], wanted [${b}]`)
}
const must = (holds: boolean, what: () => string): void => {
  if (!holds) throw new Error(what())
}

/** The address a Service reserves: who keeps it keeps this. */
function addressOf({ metadata, spec }: Service): string {
  const { annotations = {} } = metadata
  const id = annotations['service.beta.kubernetes.io/volcengine-loadbalancer-id'] ?? annotations['kubernetes.io/elb.id']
  return (spec.ports ?? [])
    .map(({ port, protocol, nodePort }) => (id === undefined ? `${nodePort}/${protocol}` : `${id}:${port}/${protocol}`))
    .join()
}

/** Throws what is not (yet) as it should be. Resolves with what to remember when all is well. */
export async function checkWorld(cluster: Inspected, world: World, real: boolean): Promise<() => void> {
  const all = await listAll(cluster, world)
  const { violations } = cluster.ports
  must(violations.length === 0, () => violations.join('\n'))
  if (world.arena !== undefined)
    must(all.namespaces.some(({ metadata }) => metadata.name === world.arena) === world.hasArena, () => `namespace ${world.arena}`)
  same('sets', all.sets.map(keyOf), world.sets.keys())
  const settled = [...world.sets.values()].map(set => ({ set, servers: checkSet(set, all, real ? cluster.starts : 0) }))

  const keys = (set: SetModel, ids: Iterable<number>) => [...ids].map(id => `${set.namespace}/${set.name}-${id}`)
  const wanted = settled.flatMap(({ set, servers }) => keys(set, servers.keys()))
  same('pods', all.pods.map(keyOf), wanted)
  same('game servers', all.servers.map(keyOf), wanted)
  checkOwners(all)
  checkPublished(all)
  const possible = new Set(settled.flatMap(({ set, servers }) => keys(set, set.fixed ? set.ever : servers.keys())))
  const orphan = all.services.find(service => !possible.has(keyOf(service)))
  must(orphan === undefined, () => `orphan Service ${orphan && keyOf(orphan)}`)
  return () => {
    for (const { set, servers } of settled) set.settled(servers)
  }
}

function checkSet(set: SetModel, all: Everything, restarts: number): Map<number, KnownServer> {
  const name = `${set.namespace}/${set.name}`
  const object = all.sets.find(found => keyOf(found) === name)
  must(object?.spec.replicas === set.replicas, () => `${name} wants ${object?.spec.replicas}, not ${set.replicas}`)
  same(`reserved ids of ${name}`, (object?.spec.reserveGameServerIds ?? []).map(String), set.reserved.map(String))
  // A server that was directed to the very version that its set then gets looks done before anything has happened.
  must(object?.status?.observedGeneration === object?.metadata.generation, () => `the last change of ${name} was not seen yet`)
  if (set.strategy !== 'onDelete') {
    const updated = object?.status?.updatedReplicas ?? 0
    must(updated === set.replicas, () => `${name} has ${updated} of ${set.replicas} updated`)
  }
  must((object?.status?.readyReplicas ?? 0) === set.replicas, () => `${name} has ${object?.status?.readyReplicas} of ${set.replicas} ready`)

  const prefix = `${name}-`
  const ofSet = (owned: Owned) => keyOf(owned).startsWith(prefix) && /^\d+$/.test(keyOf(owned).slice(prefix.length))
  const pods = new Map(all.pods.filter(ofSet).map(pod => [Number(keyOf(pod).slice(prefix.length)), pod]))
  const has = [...pods.keys()].toSorted((a, b) => a - b).join()
  must(
    set.ids.some(ids => ids.join() === has),
    () => `${name} has the ids [${has}], wanted [${set.ids.map(ids => ids.join()).join('] or [')}]`,
  )

  const result = new Map<number, KnownServer>()
  for (const [id, pod] of pods) {
    const key = `${prefix}${id}`
    const server = all.servers.find(found => keyOf(found) === key)
    const service = all.services.find(found => keyOf(found) === key)
    result.set(id, checkServer(set, id, pod, server, service, restarts))
  }
  return result
}

function checkServer(
  set: SetModel,
  id: number,
  pod: Pod & Owned,
  server: (GameServer & Owned) | undefined,
  service: Service | undefined,
  restarts: number,
): KnownServer {
  const key = keyOf(pod)
  must(pod.metadata.deletionTimestamp === undefined, () => `${key} is going`)
  must(pod.status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true, () => `pod ${key} is not ready`)
  must(server?.status?.currentState === 'Ready', () => `${key} is ${server?.status?.currentState}`)
  const intent = set.intent(id)
  must((server?.spec.opsState ?? 'None') === intent.opsState, () => `${key} is ${server?.spec.opsState}, was marked ${intent.opsState}`)
  must((server?.spec.networkDisabled ?? false) === intent.disabled, () => `${key}: networkDisabled is not ${intent.disabled}`)
  must(
    pod.metadata.labels['game.kruise.io/gs-opsState'] === intent.opsState,
    () => `pod ${key} says ${pod.metadata.labels['game.kruise.io/gs-opsState']}, its server is ${intent.opsState}`,
  )
  const side = pod.spec.containers.find(container => container.name === 'side')?.image
  const version = intent.side ?? (set.strategy === 'onDelete' ? undefined : set.side)
  must(version === undefined || side === set.image(`v${version}`), () => `${key} runs ${side}, not v${version}`)
  const running = pod.status.containerStatuses?.find(container => container.name === 'side')?.image
  must(running === side, () => `the sidecar of ${key} is ${running}, its spec says ${side}`)
  const game = pod.status.containerStatuses?.find(container => container.name === 'game')
  must((game?.restartCount ?? 0) <= restarts, () => `the game of ${key} was restarted ${game?.restartCount} times, the cluster ${restarts}`)

  const before = set.known.get(id)
  if (before !== undefined && !set.replaced.has(id)) {
    must(before.podUid === pod.metadata.uid, () => `${key} was re-created, nobody asked for it`)
    must(before.serverUid === server?.metadata.uid, () => `the GameServer of ${key} was re-created, nobody asked for it`)
  }

  if (!set.hasService) must(service === undefined, () => `${key} has a Service`)
  const address = service === undefined ? undefined : addressOf(service)
  if (set.hasService) {
    must(service !== undefined, () => `${key} has no Service`)
    const owner = service?.metadata.ownerReferences?.[0]
    must(owner?.kind === (set.fixed ? 'GameServerSet' : 'Pod'), () => `the Service of ${key} belongs to a ${owner?.kind}`)
    const slot = set.slots.get(id)
    must(slot === undefined || slot === address, () => `${key} had ${slot} for good and has ${address}`)
    if (before !== undefined && !set.replaced.has(id))
      must(before.address === address, () => `${key} moved from ${before.address} to ${address}`)
  }
  if (set.network !== 'none') {
    const network = server?.status?.networkStatus
    const wanted = intent.disabled ? 'NotReady' : 'Ready'
    must(network?.currentNetworkState === wanted, () => `the network of ${key} is ${network?.currentNetworkState}, not ${wanted}`)
    must(
      (network?.externalAddresses ?? []).length > 0 === !intent.disabled,
      () => `${key} publishes ${JSON.stringify(network?.externalAddresses)}`,
    )
  }
  return { podUid: pod.metadata.uid, serverUid: server?.metadata.uid ?? '', address }
}

/** Nothing outlives what it belongs to. */
function checkOwners(all: Everything): void {
  const uids = new Set(Object.values(all).flatMap(list => list.map(({ metadata }) => metadata.uid)))
  for (const [kind, list] of Object.entries(all)) {
    if (kind === 'namespaces' || kind === 'sets') continue
    for (const object of list as Owned[]) {
      const owner = object.metadata.ownerReferences?.[0]
      must(owner !== undefined && uids.has(owner.uid), () => `orphan in ${kind}: ${keyOf(object)} of ${owner?.kind} ${owner?.name}`)
    }
  }
}

/** No two servers tell players the same address. */
function checkPublished({ servers }: Everything): void {
  const tellers = new Map<string, string>()
  for (const server of servers) {
    for (const { ip, ports = [] } of server.status?.networkStatus?.externalAddresses ?? []) {
      for (const { port, protocol } of ports) {
        const address = `${ip}:${port}/${protocol}`
        const other = tellers.get(address)
        must(other === undefined, () => `${address} is published by ${other} and ${keyOf(server)}`)
        tellers.set(address, keyOf(server))
      }
    }
  }
}
