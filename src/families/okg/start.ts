import type { AddressEngine } from '../../addresses/engine.ts'
import { gameServers, type GameServer } from '../../apis/game.kruise.io/game-server.ts'
import { gameServerSets } from '../../apis/game.kruise.io/game-server-set.ts'
import { labels } from '../../apis/game.kruise.io/labels.ts'
import { controllerrevisions, nodes, pods } from '../../apis/core/resources.generated.ts'
import type { ControllerRevision, Node, Pod } from '../../apis/core/types.generated.ts'
import { Cache } from '../../kube/cache.ts'
import type { Client } from '../../kube/client.ts'
import { type Clock, systemClock } from '../../kube/clock.ts'
import { createEventRecorder, type EventRecorder } from '../../kube/event-recorder.ts'
import { type Logger, noopLogger } from '../../kube/logger.ts'
import type { MetricsSink } from '../../kube/metrics.ts'
import { type DeepReadonly, keyOf, type ObjectKey } from '../../kube/object.ts'
import { byControllerUid, controllerOf } from '../../kube/owner-reference.ts'
import type { Store } from '../../kube/store.ts'
import type { AddressTrouble, OkgContext } from './context.ts'
import { SetControl } from './control/set-control.ts'
import { createSetController } from './game-server-set/controller.ts'
import { createServerController, setOf, setReferenceOf } from './game-server/controller.ts'
import { indexes } from './names.ts'
import { OwnWrites } from '../../kube/own-writes.ts'

export interface OkgOptions {
  readonly client: Client
  /** Started already. */
  readonly addresses: AddressEngine
  /** Shared stores, of the namespaces whose sets are to be run; default: stores of its own, of all namespaces. */
  readonly cache?: Cache
  readonly clock?: Clock
  readonly logger?: Logger
  /** Default: events by the component `berth-okg`. */
  readonly recorder?: Pick<EventRecorder, 'event'>
  readonly metrics?: MetricsSink
  /**
   * Also run the sets that OpenKruiseGame runs or could run, unless they are labelled `berth.dev/control: hands-off`; those whose pods OpenKruise
   * runs are taken over with every pod as it is. Default: only sets labelled `berth.dev/control: take-over`.
   */
  readonly takeOver?: boolean
  /** Sets, and servers, reconciled at a time. Default 4 and 32. */
  readonly workers?: { readonly sets?: number; readonly servers?: number }
}

/**
 * Changes of many servers become one pass over their set: it begins this long after the first of them, in milliseconds, and later the more
 * servers the set has, since a pass looks at all of them.
 */
const setDelayMs = 15
const setDelayMsPerServer = 0.04

/** What the controllers watch; the stores begin to fill when they are first asked for. */
export function okgStores(cache: Cache) {
  return {
    setStore: cache.store(gameServerSets),
    // All pods, not those with the owner label alone: the ports of the others count too, so this store is there anyway.
    podStore: cache.store(pods, {
      indexes: { [indexes.controller]: byControllerUid, [indexes.labelledOf]: byOwnerLabel, [indexes.node]: byNode },
    }),
    serverStore: cache.store(gameServers, {
      indexes: { [indexes.overriddenOf]: byOverriddenSet, [indexes.controller]: byControllerUid },
    }),
    revisionStore: cache.store(controllerrevisions, {
      labelSelector: labels.ownerSet,
      indexes: { [indexes.controller]: byControllerUid },
    }),
    nodeStore: cache.store(nodes),
  }
}

/**
 * Starts the controllers of `game.kruise.io/v1alpha1`: GameServerSets with their pods and revisions, and GameServers. Resolves when they
 * work. Ends with the signal or with disposal; what was begun is finished by the next start.
 */
export async function startOkg(options: OkgOptions, signal: AbortSignal): Promise<AsyncDisposable> {
  const { client, addresses, clock = systemClock, logger = noopLogger } = options
  await using stack = new AsyncDisposableStack()
  const cache = options.cache ?? stack.use(new Cache({ client, clock, logger }))
  const recorder = options.recorder ?? stack.use(createEventRecorder({ client, component: 'berth-okg', clock, logger }))

  const { setStore, podStore, serverStore, revisionStore, nodeStore } = okgStores(cache)
  await Promise.all([setStore, podStore, serverStore, revisionStore, nodeStore].map(store => store.whenSynced(signal)))
  const isIndexed = (store: Store<Pod> | Store<ControllerRevision>, uid: string): boolean =>
    store.byIndex(indexes.controller, uid).length > 0
  const control = stack.use(
    new SetControl({
      client,
      cache,
      clock,
      logger,
      takeOver: options.takeOver ?? false,
      hasOwnParts: ({ metadata: { uid } }) => isIndexed(revisionStore, uid) || isIndexed(podStore, uid),
      changed: set => {
        if (set !== undefined) context.enqueueSet(set)
        else for (const each of setStore.list()) context.enqueueSet(keyOf(each))
      },
      ...(options.metrics === undefined ? {} : { metrics: options.metrics }),
    }),
  )

  const context: OkgContext = {
    client,
    addresses,
    control,
    clock,
    logger,
    recorder,
    sets: stack.use(new OwnWrites(setStore, { client, clock, type: gameServerSets, gone: set => context.enqueueSet(keyOf(set)) })),
    nodes: nodeStore,
    pods: stack.use(new OwnWrites(podStore, { client, clock, type: pods, gone: pod => onPod(pod) })),
    servers: stack.use(new OwnWrites(serverStore, { client, clock, type: gameServers, gone: server => onServer(context, server) })),
    revisions: stack.use(
      new OwnWrites(revisionStore, { client, clock, type: controllerrevisions, gone: revision => onRevision(revision) }),
    ),
    addressTroubles: new Map<ObjectKey, AddressTrouble>(),
    announced: new Map<ObjectKey, readonly string[]>(),
    enqueueSet: key => setController.enqueueAfter(key, setDelayMs + setDelayMsPerServer * (setStore.get(key)?.spec.replicas ?? 0)),
    enqueueServer: key => serverController.enqueue(key),
  }
  const metrics = options.metrics === undefined ? {} : { metrics: options.metrics }
  const setController = stack.use(
    createSetController(context, { ...metrics, ...(options.workers?.sets && { workers: options.workers.sets }) }),
  )
  const serverController = stack.use(
    createServerController(context, { ...metrics, ...(options.workers?.servers && { workers: options.workers.servers }) }),
  )

  const onRevision = (revision: DeepReadonly<ControllerRevision>): void => {
    const owner = controllerOf(revision)
    if (owner !== undefined) context.enqueueSet(`${revision.metadata.namespace ?? ''}/${owner.name}`)
  }
  const onPod = (pod: DeepReadonly<Pod>): void => {
    const owner = setReferenceOf(pod)
    if (owner === undefined) return
    context.enqueueServer(keyOf(pod))
    context.enqueueSet(`${pod.metadata.namespace ?? ''}/${owner.name}`)
  }
  stack.use(podStore.subscribe({ added: onPod, updated: onPod, deleted: onPod }))
  stack.use(
    serverStore.subscribe({
      added: server => onServer(context, server),
      updated: (server, old) => {
        // Our own status writes are no news.
        if (
          server.metadata.generation !== old.metadata.generation ||
          server.metadata.labels !== old.metadata.labels ||
          server.metadata.annotations !== old.metadata.annotations
        )
          onServer(context, server)
      },
      deleted: server => onServer(context, server),
    }),
  )
  stack.use(
    setStore.subscribe({
      added: set => context.enqueueSet(keyOf(set)),
      updated: (set, old) => {
        context.enqueueSet(keyOf(set))
        // Networks, hooks and template metadata concern every server.
        if (set.metadata.generation !== old.metadata.generation)
          for (const pod of podStore.byIndex(indexes.controller, set.metadata.uid)) context.enqueueServer(keyOf(pod))
      },
      deleted: set => context.enqueueSet(keyOf(set)),
    }),
  )
  stack.use(
    nodeStore.subscribe({
      updated: (node, old) => {
        if (conditionsText(node) === conditionsText(old)) return
        for (const pod of podStore.byIndex(indexes.node, node.metadata.name)) context.enqueueServer(keyOf(pod))
      },
    }),
  )
  stack.use(
    addresses.subscribe(key => {
      context.enqueueServer(key)
      const pod = context.pods.get(key)
      // Without a pod it may be one that waits for room to be made.
      const set = pod === undefined ? undefined : setOf(context, pod)
      if (set === undefined) context.enqueueSet(setKeyOfServer(key))
    }),
  )
  control.start()
  await Promise.all([setController.start(signal), serverController.start(signal)])
  return stack.move()
}

function onServer(context: OkgContext, server: DeepReadonly<GameServer>): void {
  context.enqueueServer(keyOf(server))
  const set = server.metadata.labels?.[labels.ownerSet]
  if ((server.spec?.containers ?? []).length > 0 && set !== undefined) context.enqueueSet(`${server.metadata.namespace ?? ''}/${set}`)
}

function setKeyOfServer(key: ObjectKey): ObjectKey {
  return key.slice(0, Math.max(0, key.lastIndexOf('-')))
}

function byNode(pod: DeepReadonly<Pod>): readonly string[] {
  return pod.spec?.nodeName && setReferenceOf(pod) !== undefined ? [pod.spec.nodeName] : []
}

function byOwnerLabel({ metadata: { namespace = '', labels: own } }: DeepReadonly<Pod>): readonly string[] {
  const set = own?.[labels.ownerSet]
  return set === undefined ? [] : [`${namespace}/${set}`]
}

function byOverriddenSet(server: DeepReadonly<GameServer>): readonly string[] {
  const set = server.metadata.labels?.[labels.ownerSet]
  return set !== undefined && (server.spec?.containers ?? []).length > 0 ? [`${server.metadata.namespace ?? ''}/${set}`] : []
}

/** Without heartbeats. */
function conditionsText(node: DeepReadonly<Node>): string {
  return (node.status?.conditions ?? []).map(({ type, status, reason }) => `${type}=${status}/${reason ?? ''}`).join(',')
}
