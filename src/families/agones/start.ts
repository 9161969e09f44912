import type { AddressEngine } from '../../addresses/engine.ts'
import { fleets } from '../../apis/agones.dev/fleet.ts'
import { labels } from '../../apis/agones.dev/labels.ts'
import { gameServers } from '../../apis/agones.dev/game-server.ts'
import { gameServerSets } from '../../apis/agones.dev/game-server-set.ts'
import { controllerrevisions, nodes, pods } from '../../apis/core/resources.generated.ts'
import type { Node, Pod } from '../../apis/core/types.generated.ts'
import { Cache } from '../../kube/cache.ts'
import type { Client } from '../../kube/client.ts'
import { type Clock, systemClock } from '../../kube/clock.ts'
import { createEventRecorder, type EventRecorder } from '../../kube/event-recorder.ts'
import { type Logger, noopLogger } from '../../kube/logger.ts'
import type { MetricsSink } from '../../kube/metrics.ts'
import { type DeepReadonly, keyOf, type KubeObject } from '../../kube/object.ts'
import { byControllerUid, controllerOf } from '../../kube/owner-reference.ts'
import { OwnWrites } from '../../kube/own-writes.ts'
import type { AgonesConfig, AgonesContext } from './context.ts'
import { createFleetController } from './fleet/controller.ts'
import { createSetController } from './game-server-set/controller.ts'
import { createServerController } from './game-server/controller.ts'
import { networkOf } from './game-server/network.ts'
import { indexes } from './names.ts'
import { sidecarsMayChangeInUse } from './update-policy.ts'

export interface AgonesOptions {
  readonly client: Client
  /** Started already. */
  readonly addresses: AddressEngine
  readonly config: AgonesConfig
  /** Shared stores; default: stores of its own. */
  readonly cache?: Cache
  readonly clock?: Clock
  readonly logger?: Logger
  /** Default: events by the component `gameserver-controller`. */
  readonly recorder?: Pick<EventRecorder, 'event'>
  readonly metrics?: MetricsSink
}

/** Changes of many servers become one pass over their set: it begins this long after the first of them, in milliseconds. */
const setDelayMs = 20

/** What the controllers watch; the stores begin to fill when they are first asked for. */
export function agonesStores(cache: Cache) {
  return {
    fleetStore: cache.store(fleets),
    setStore: cache.store(gameServerSets, { indexes: { [indexes.controller]: byControllerUid } }),
    serverStore: cache.store(gameServers, { indexes: { [indexes.controller]: byControllerUid } }),
    podStore: cache.store(pods, { indexes: { [indexes.node]: byNode } }),
    revisionStore: cache.store(controllerrevisions, { labelSelector: labels.fleet, indexes: { [indexes.controller]: byControllerUid } }),
    nodeStore: cache.store(nodes),
  }
}

/** Starts the controllers of `agones.dev/v1`. Resolves when they work; ends with the signal or with disposal. */
export async function startAgones(options: AgonesOptions, signal: AbortSignal): Promise<AsyncDisposable> {
  const { client, addresses, config, clock = systemClock, logger = noopLogger } = options
  await using stack = new AsyncDisposableStack()
  const cache = options.cache ?? stack.use(new Cache({ client, clock, logger }))
  const recorder = options.recorder ?? stack.use(createEventRecorder({ client, component: 'gameserver-controller', clock, logger }))
  const { fleetStore, setStore, serverStore, podStore, revisionStore, nodeStore } = agonesStores(cache)
  await Promise.all([fleetStore, setStore, serverStore, podStore, revisionStore, nodeStore].map(store => store.whenSynced(signal)))
  const asked = { client, clock }
  const context: AgonesContext = {
    client,
    config,
    addresses,
    hostPorts: addresses.hostPorts,
    clock,
    logger,
    recorder,
    fleets: stack.use(new OwnWrites(fleetStore, { ...asked, type: fleets, gone: fleet => fleetController.enqueue(keyOf(fleet)) })),
    sets: stack.use(
      new OwnWrites(setStore, {
        ...asked,
        type: gameServerSets,
        gone: set => ownerKey(set, fleets.kind).forEach(key => fleetController.enqueue(key)),
      }),
    ),
    servers: stack.use(
      new OwnWrites(serverStore, {
        ...asked,
        type: gameServers,
        gone: server => ownerKey(server, gameServerSets.kind).forEach(key => sets.enqueue(key)),
      }),
    ),
    pods: stack.use(new OwnWrites(podStore, { ...asked, type: pods, gone: pod => servers.enqueue(keyOf(pod)) })),
    revisions: stack.use(
      new OwnWrites(revisionStore, {
        ...asked,
        type: controllerrevisions,
        gone: revision => ownerKey(revision, fleets.kind).forEach(key => fleetController.enqueue(key)),
      }),
    ),
    nodes: nodeStore,
  }
  const servers = stack.use(createServerController(context, options.metrics === undefined ? {} : { metrics: options.metrics }))
  servers.watch(serverStore)
  servers.watch(podStore, { keysOf: pod => (serverNameOf(pod) === undefined ? [] : [keyOf(pod)]) })
  servers.watch(nodeStore, {
    keysOf: node => podStore.byIndex(indexes.node, node.metadata.name).map(keyOf),
    changed: (node, old) => addressesText(node) !== addressesText(old),
  })
  servers.watch(setStore, {
    keysOf: set => serverStore.byIndex(indexes.controller, set.metadata.uid).map(keyOf),
    changed: (set, old) => sidecarsMayChangeInUse(set) !== sidecarsMayChangeInUse(old),
  })
  const sets = stack.use(createSetController(context, options.metrics === undefined ? {} : { metrics: options.metrics }))
  sets.watch(setStore)
  sets.watch(serverStore, { keysOf: server => ownerKey(server, gameServerSets.kind), delayMs: setDelayMs })
  const fleetController = stack.use(createFleetController(context, options.metrics === undefined ? {} : { metrics: options.metrics }))
  fleetController.watch(fleetStore)
  fleetController.watch(setStore, { keysOf: set => ownerKey(set, fleets.kind), delayMs: setDelayMs })
  stack.use(
    addresses.subscribe(key => {
      if (networkOf(context.servers.get(key)?.metadata.annotations) !== undefined) servers.enqueue(key)
    }),
  )
  fleetController.watch(revisionStore, { keysOf: revision => ownerKey(revision, fleets.kind), delayMs: setDelayMs })
  await Promise.all([servers.start(signal), sets.start(signal), fleetController.start(signal)])
  return stack.move()
}

/** The Fleet or GameServerSet that controls the object. */
function ownerKey(object: DeepReadonly<KubeObject>, kind: string): string[] {
  const owner = controllerOf(object)
  return owner?.kind === kind ? [`${object.metadata.namespace ?? ''}/${owner.name}`] : []
}

/** The GameServer that controls the pod. */
function serverNameOf(pod: DeepReadonly<Pod>): string | undefined {
  const owner = controllerOf(pod)
  return owner?.kind === gameServers.kind && owner.apiVersion.startsWith(`${gameServers.group}/`) ? owner.name : undefined
}

function byNode(pod: DeepReadonly<Pod>): readonly string[] {
  return pod.spec?.nodeName && serverNameOf(pod) !== undefined ? [pod.spec.nodeName] : []
}

function addressesText(node: DeepReadonly<Node>): string {
  return (node.status?.addresses ?? []).map(({ type, address }) => `${type}=${address}`).join(',')
}
