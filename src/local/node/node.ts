import { Cache } from '../../kube/cache.ts'
import type { Client } from '../../kube/client.ts'
import { systemClock, type Clock } from '../../kube/clock.ts'
import { noopRecorder, type EventRecorder } from '../../kube/event-recorder.ts'
import { noopLogger, withFields, type Logger } from '../../kube/logger.ts'
import { pods } from '../../apis/core/resources.generated.ts'
import type { HostPlan } from '../host-plan.ts'
import { removeOrphans } from './volumes/orphans.ts'
import { claimFolders } from './volumes/claim-folder.ts'
import { ConfigStore } from './config-store.ts'
import { keepAlive } from './heartbeat.ts'
import type { NodeContext } from './node-context.ts'
import { messageOf } from './node-error.ts'
import { createNodeStreams } from './node-streams.ts'
import { kubernetesBackOff, type BackOffPolicy } from './pods/back-off.ts'
import type { PodObject } from './pods/container-state.ts'
import { PodWorker } from './pods/pod-worker.ts'
import { nominalCapacity, registerNode } from './registration.ts'
import type { ContainerRuntime, ImageCatalogue } from './runtime/runtime.ts'
import { ServiceAccountTokens } from './service-account-tokens.ts'
import type { NodeStreams } from './streams.ts'

export interface NodeOptions {
  readonly client: Client
  /** Shared stores of the process; the node makes its own when absent. */
  readonly cache?: Cache
  readonly name: string
  readonly plan: HostPlan
  /** Number of the node in its cluster, from 0: decides its address. */
  readonly index: number
  /** May be shared by several nodes; the node does not dispose it. */
  readonly runtime: ContainerRuntime
  readonly images: ImageCatalogue
  /** Folder for logs and volumes. May be shared by several nodes. */
  readonly stateDir: string
  /** How pods find the API server; `ca` in PEM. */
  readonly apiServer: { readonly url: string; readonly ca: string }
  /** Kubernetes quantities. Default: {@link nominalCapacity}. */
  readonly capacity?: Readonly<Record<string, string>>
  readonly labels?: Readonly<Record<string, string>>
  /** Where events about pods go. Default: nowhere. */
  readonly recorder?: EventRecorder
  /** Default: Kubernetes' figures. */
  readonly backOff?: BackOffPolicy
  /** How long processes get after the stop signal when the node ends. Default 1,000 ms. */
  readonly shutdownGraceMs?: number
  readonly clock?: Clock
  readonly logger?: Logger
}

/** A node of the embedded cluster that runs pods as local processes. Disposal stops them and leaves the API as it is. */
export interface Node extends AsyncDisposable {
  readonly name: string
  readonly streams: NodeStreams
  /** Whether the pod is (or was last) on this node. */
  has(namespace: string, pod: string): boolean
}

/** Registers a node and starts to run the pods that are bound to it. Resolves when the node is in the API and has seen its pods. */
export async function createNode(options: NodeOptions): Promise<Node> {
  const { client, name, plan, index, runtime, images, stateDir, apiServer, recorder = noopRecorder } = options
  const clock = options.clock ?? systemClock
  const logger = withFields(options.logger ?? noopLogger, { node: name })
  const capacity = options.capacity ?? nominalCapacity()
  const nodeIP = plan.nodeIP(index)
  const ownCache = options.cache === undefined ? new Cache({ client, clock, logger }) : undefined
  const cache = options.cache ?? ownCache ?? new Cache({ client, clock, logger })

  const workers = new Map<string, PodWorker>()
  const config = new ConfigStore(client, cache, namespace => {
    for (const worker of workers.values()) if (worker.pod.metadata.namespace === namespace) worker.configChanged()
  })
  const context: NodeContext = {
    client,
    clock,
    logger,
    runtime,
    images,
    config,
    tokens: new ServiceAccountTokens(client, clock),
    events: {
      record: (pod, type, reason, message) =>
        recorder.event({ apiVersion: 'v1', kind: 'Pod', metadata: pod.metadata }, type, reason, message),
    },
    nodeIP,
    capacity,
    stateDir,
    apiServer,
    claimFolder: claimFolders(client, stateDir),
    backOff: options.backOff ?? kubernetesBackOff,
    shutdownGraceMs: options.shutdownGraceMs ?? 1_000,
  }

  const stop = new AbortController()
  const node = await registerNode(
    client,
    { name, ip: nodeIP, capacity, isolation: runtime.isolation, notes: runtime.notes, labels: options.labels ?? {} },
    clock,
  )
  const heartbeat = keepAlive(client, node, clock, logger, stop.signal)

  const start = (pod: PodObject): void => {
    const worker = new PodWorker(context, pod)
    workers.set(worker.uid, worker)
    void worker.done
      .catch((error: unknown) => logger.error('pod worker failed', { pod: pod.metadata.name, error: messageOf(error) }))
      .finally(() => workers.delete(worker.uid))
  }
  const seen = (pod: PodObject): void => {
    if (pod.spec?.nodeName !== name) return
    const worker = workers.get(pod.metadata.uid)
    if (worker === undefined) start(pod)
    else worker.update(pod)
  }
  const store = cache.store(pods)
  const subscription = store.subscribe({ added: seen, updated: seen, deleted: pod => workers.get(pod.metadata.uid)?.remove() })
  await store.whenSynced(stop.signal)
  await removeOrphans(stateDir, new Set(store.list().map(pod => pod.metadata.uid)))

  const find = (namespace: string, pod: string): PodWorker | undefined => {
    const uid = store.get(`${namespace}/${pod}`)?.metadata.uid
    return uid === undefined ? undefined : workers.get(uid)
  }
  return {
    name,
    streams: createNodeStreams({ runtime, clock, stateDir, find }),
    has: (namespace, pod) => find(namespace, pod) !== undefined,
    async [Symbol.asyncDispose]() {
      stop.abort()
      subscription[Symbol.dispose]()
      config[Symbol.dispose]()
      await Promise.all([...workers.values()].map(worker => worker.close()))
      await heartbeat
      await ownCache?.[Symbol.asyncDispose]()
    },
  }
}
