import { pods as podType } from '../../../apis/core/resources.generated.ts'
import type { Node, Pod } from '../../../apis/core/types.generated.ts'
import { isConflict, isNotFound } from '../../../kube/api-error.ts'
import type { Client } from '../../../kube/client.ts'
import { type Clock, formatTime, systemClock } from '../../../kube/clock.ts'
import { createController, type Result } from '../../../kube/controller.ts'
import type { EventRecorder } from '../../../kube/event-recorder.ts'
import { type Logger, noopLogger } from '../../../kube/logger.ts'
import { type DeepReadonly, keyOf } from '../../../kube/object.ts'
import type { Store } from '../../../kube/store.ts'
import { isPodFinished } from '../pod-endpoint.ts'
import { ClusterRoom } from './cluster-room.ts'

export interface SchedulerOptions {
  readonly client: Client
  readonly pods: Store<Pod>
  readonly nodes: Store<Node>
  readonly recorder: EventRecorder
  /** Whether a `Scheduled` event is written for every pod; default true. */
  readonly successEvents?: boolean
  /** Pods of other schedulers are left alone; default `default-scheduler`. */
  readonly name?: string
  readonly clock?: Clock
  readonly logger?: Logger
}

/** Bindings that are written at the same time. Decisions are made one after the other in any case. */
const writers = 32

/** So long after room has appeared the waiting pods are looked at, all of them at once. */
const retryMs = 20

/** A scheduler that runs until it is disposed. */
export interface Scheduler extends AsyncDisposable {
  start(signal?: AbortSignal): Promise<void>
  whenIdle(): Promise<void>
}

/** Gives pods to nodes; see `schedule.ts` for the choice. Pods that fit nowhere get the reason as condition and event, once per reason. */
export function createScheduler(options: SchedulerOptions): Scheduler {
  const {
    client,
    pods,
    nodes,
    recorder,
    successEvents = true,
    name = 'default-scheduler',
    clock = systemClock,
    logger = noopLogger,
  } = options
  /** Pods that fit nowhere: uid and the reason that was told. */
  const waiting = new Map<string, { uid: string; told: string }>()
  let retry: Disposable | undefined

  const lookAgain = (): void => {
    if (waiting.size === 0 || retry !== undefined) return
    retry = clock.after(retryMs, () => {
      retry = undefined
      for (const key of waiting.keys()) controller.enqueue(key)
    })
  }
  const cluster = new ClusterRoom(pods, nodes, lookAgain)

  const isMine = (pod: DeepReadonly<Pod> | undefined): pod is DeepReadonly<Pod> =>
    pod !== undefined &&
    (pod.spec?.nodeName ?? '') === '' &&
    pod.metadata.deletionTimestamp === undefined &&
    (pod.spec?.schedulerName ?? name) === name &&
    (pod.spec?.schedulingGates ?? []).length === 0 &&
    !isPodFinished(pod)

  const bind = async (pod: DeepReadonly<Pod>, node: string): Promise<void> => {
    const { name: podName, namespace = '', uid } = pod.metadata
    const binding = {
      apiVersion: 'v1',
      kind: 'Binding',
      metadata: { name: podName, namespace, uid },
      target: { apiVersion: 'v1', kind: 'Node', name: node },
    }
    try {
      await client.createSubresource(podType, { namespace, name: podName }, 'binding', binding)
    } catch (error) {
      cluster.forget(pod)
      // Gone, replaced or bound by somebody else: the watch will tell.
      if (isNotFound(error) || isConflict(error)) return
      throw error
    }
    if (successEvents) recorder.event(pod, 'Normal', 'Scheduled', `Successfully assigned ${keyOf(pod)} to ${node}`)
  }

  const refuse = async (pod: DeepReadonly<Pod>, message: string): Promise<void> => {
    const { uid, name: podName, namespace = '' } = pod.metadata
    const known = waiting.get(keyOf(pod))
    if (known?.uid === uid && known.told === message) return
    waiting.set(keyOf(pod), { uid, told: message })
    recorder.event(pod, 'Warning', 'FailedScheduling', message)
    const current = pod.status?.conditions?.find(condition => condition.type === 'PodScheduled')
    if (current?.status === 'False' && current.message === message) return
    const condition = {
      type: 'PodScheduled',
      status: 'False',
      reason: 'Unschedulable',
      message,
      lastProbeTime: null,
      lastTransitionTime: current?.status === 'False' ? current.lastTransitionTime : formatTime(clock.now()),
    }
    const patch = { metadata: { uid }, status: { conditions: [condition] } }
    try {
      await client.patch(podType, { namespace, name: podName }, patch, { type: 'strategic', subresource: 'status' })
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error
    }
  }

  const reconcile = async (key: string): Promise<Result> => {
    const pod = pods.get(key)
    if (!isMine(pod)) {
      waiting.delete(key)
      return 'done'
    }
    if (cluster.isAssumed(pod)) return 'done'
    // From here to `assume` nothing may wait: decisions follow one another.
    const placement = cluster.place(pod)
    if ('unschedulable' in placement) {
      await refuse(pod, placement.unschedulable)
      return 'done'
    }
    waiting.delete(key)
    cluster.assume(pod, placement.node)
    await bind(pod, placement.node)
    return 'done'
  }

  const controller = createController({ name: 'scheduler', reconcile, workers: writers, clock, logger })
  controller.watch(pods, { changed: (pod, old) => isMine(pod) || isMine(old) })
  return {
    async start(signal) {
      await nodes.whenSynced(signal)
      await controller.start(signal)
    },
    whenIdle: () => controller.whenIdle(),
    async [Symbol.asyncDispose]() {
      retry?.[Symbol.dispose]()
      cluster[Symbol.dispose]()
      await controller[Symbol.asyncDispose]()
    },
  }
}
