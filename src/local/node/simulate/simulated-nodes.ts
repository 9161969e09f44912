import { isConflict, isNotFound } from '../../../kube/api-error.ts'
import { Cache } from '../../../kube/cache.ts'
import type { Client } from '../../../kube/client.ts'
import { systemClock, type Clock } from '../../../kube/clock.ts'
import { noopLogger, type Logger } from '../../../kube/logger.ts'
import { keyOf } from '../../../kube/object.ts'
import { pods } from '../../../apis/core/resources.generated.ts'
import type { HostPlan } from '../../host-plan.ts'
import { keepAlive } from '../heartbeat.ts'
import { messageOf } from '../node-error.ts'
import { containersOf, type PodObject } from '../pods/container-state.ts'
import { statusPatch } from '../pods/status-patch.ts'
import { registerNode } from '../registration.ts'
import type { ImageCatalogue } from '../runtime/runtime.ts'
import type { NodeStreams, StreamRefusal } from '../streams.ts'
import { defaultStages } from './default-stages.ts'
import { DueQueue } from './due-queue.ts'
import { PodAddresses } from './pod-addresses.ts'
import { advancedStatus, failedStatus } from './simulated-status.ts'
import { delayOf, stageOf, type Stage } from './stage.ts'

export interface SimulatedNodesOptions {
  readonly client: Client
  /** Shared stores of the process; own ones when absent. */
  readonly cache?: Cache
  readonly plan: HostPlan
  /** How many nodes. Default 1. */
  readonly count?: number
  /** Number of the first node in its cluster, which decides the addresses. Default 0. */
  readonly firstIndex?: number
  /** Names are `<prefix>-<n>`. Default `simulated`. */
  readonly prefix?: string
  /** What happens to pods. Default: {@link defaultStages}. */
  readonly stages?: readonly Stage[]
  /** When given, images that it does not know leave their pods in ImagePullBackOff. Default: every image exists. */
  readonly images?: ImageCatalogue
  /** Of each node, as Kubernetes quantities. Default: room for some thousand pods. */
  readonly capacity?: Readonly<Record<string, string>>
  /** Status writes that may be on their way at the same time. Default 64. */
  readonly concurrency?: number
  readonly clock?: Clock
  /** In [0, 1). */
  readonly random?: () => number
  readonly logger?: Logger
}

export interface SimulatedNodes extends AsyncDisposable {
  readonly names: readonly string[]
  /** Refuses everything and says why: there are no processes. */
  readonly streams: NodeStreams
  has(namespace: string, pod: string): boolean
}

const roomy = { cpu: '10k', memory: '64Ti', pods: '10k', 'ephemeral-storage': '64Ti' }
const retryMs = 500
/** How often a pod with an unknown image looks whether it has come. */
const imageRetryMs = 2_000

/**
 * Nodes without processes: pods go through stages by the clock, with one write per stage. All nodes share one timer, so thousands of pods cost
 * little. Resolves when the nodes are registered.
 */
export async function createSimulatedNodes(options: SimulatedNodesOptions): Promise<SimulatedNodes> {
  const { client, plan, count = 1, firstIndex = 0, prefix = 'simulated', images, capacity = roomy, concurrency = 64 } = options
  const { clock = systemClock, random = Math.random, logger = noopLogger, stages = defaultStages() } = options
  const ownCache = options.cache === undefined ? new Cache({ client, clock, logger }) : undefined
  const cache = options.cache ?? ownCache ?? new Cache({ client, clock, logger })
  const addresses = new PodAddresses(n => plan.podNetwork.ip(n))
  const stop = new AbortController()

  const hostIPs = new Map<string, string>()
  for (let n = 0; n < count; n += 1) hostIPs.set(`${prefix}-${n}`, plan.nodeIP(firstIndex + n))
  const nodes = await Promise.all(
    [...hostIPs].map(([name, ip]) =>
      registerNode(client, { name, ip, capacity, isolation: 'simulated', notes: ['pods are simulated: no processes run'] }, clock),
    ),
  )
  const heartbeats = nodes.map(node => keepAlive(client, node, clock, logger, stop.signal))

  const store = cache.store(pods)
  /** Newest version of a pod, from the watch or from the answer to a write. */
  const newest = new Map<string, PodObject>()
  const unknown = new Map<string, string>()
  const queue = new DueQueue<string>({ clock, concurrency, handle: uid => act(uid) })

  /** The pod's address, unless the cluster has come back in another slot since. */
  function ipOf({ status }: PodObject): string | undefined {
    return status?.podIP !== undefined && plan.owns(status.podIP) ? status.podIP : undefined
  }

  function hasMoved(pod: PodObject): boolean {
    return pod.status?.podIP !== undefined && !plan.owns(pod.status.podIP)
  }

  function seen(pod: PodObject): void {
    if (!hostIPs.has(pod.spec?.nodeName ?? '')) return
    const { uid, resourceVersion } = pod.metadata
    const known = newest.get(uid)
    if (known !== undefined && Number(known.metadata.resourceVersion) > Number(resourceVersion)) return
    newest.set(uid, pod)
    const podIP = ipOf(pod)
    if (podIP !== undefined) addresses.of(uid, podIP)
    const stage = stageOf(stages, pod)
    if (stage !== undefined) queue.add(uid, delayOf(stage, random))
    else if (hasMoved(pod)) queue.add(uid, 0)
    else queue.delete(uid)
  }

  function gone(pod: PodObject): void {
    const { uid } = pod.metadata
    newest.delete(uid)
    queue.delete(uid)
    addresses.release(uid)
  }

  async function act(uid: string): Promise<void> {
    const pod = newest.get(uid)
    const stage = pod === undefined ? undefined : stageOf(stages, pod)
    if (pod === undefined || (stage === undefined && !hasMoved(pod))) return
    try {
      if (stage?.effect === 'delete') await remove(pod)
      else await write(pod, stage?.effect ?? 'advance')
    } catch (error) {
      if (isNotFound(error) || isConflict(error) || stop.signal.aborted) return
      logger.warn('simulated pod was not advanced', { pod: keyOf(pod), stage: stage?.name ?? 'move', error: messageOf(error) })
      queue.add(uid, retryMs)
    }
  }

  async function remove(pod: PodObject): Promise<void> {
    const { namespace = 'default', name, uid } = pod.metadata
    await client.delete(pods, { namespace, name }, { gracePeriodSeconds: 0, preconditions: { uid } })
  }

  async function write(pod: PodObject, effect: Exclude<Stage['effect'], 'delete'>): Promise<void> {
    await lookUpImages(pod)
    const { namespace = 'default', name, uid } = pod.metadata
    const hostIP = hostIPs.get(pod.spec?.nodeName ?? '') ?? ''
    const podIP = pod.spec?.hostNetwork === true ? hostIP : addresses.of(uid, ipOf(pod))
    const place = { now: clock.now(), hostIP, podIP, missing: (image: string) => unknown.get(image) }
    const status = effect === 'advance' ? advancedStatus(pod, place) : failedStatus(pod, place, effect.fail.exitCode, effect.fail.reason)
    const patch = statusPatch(pod, status)
    if (patch === undefined) {
      if (status.containerStatuses?.some(container => container.state?.waiting !== undefined) === true) queue.add(uid, imageRetryMs)
      return
    }
    seen(await client.patch(pods, { namespace, name }, { metadata: { uid }, ...patch }, { type: 'strategic', subresource: 'status' }))
  }

  async function lookUpImages(pod: PodObject): Promise<void> {
    if (images === undefined) return
    for (const { definition } of containersOf(pod)) {
      const image = definition.image ?? ''
      if ((await images.resolve(image)) === undefined) unknown.set(image, images.hint(image))
      else unknown.delete(image)
    }
  }

  const subscription = store.subscribe({ added: seen, updated: seen, deleted: gone })
  await store.whenSynced(stop.signal)

  const refuse = (): Promise<StreamRefusal> =>
    Promise.resolve({ refused: true, status: 400, message: 'this pod is simulated: it has no processes' })
  return {
    names: [...hostIPs.keys()],
    streams: { logs: refuse, exec: refuse, attach: refuse, portForward: refuse },
    has: (namespace, pod) => hostIPs.has(store.get(`${namespace}/${pod}`)?.spec?.nodeName ?? ''),
    async [Symbol.asyncDispose]() {
      stop.abort()
      subscription[Symbol.dispose]()
      await queue[Symbol.asyncDispose]()
      await Promise.all(heartbeats)
      await ownCache?.[Symbol.asyncDispose]()
    },
  }
}
