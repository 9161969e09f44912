import { pods as podType } from '../../apis/core/resources.generated.ts'
import type { Node, Pod, Taint } from '../../apis/core/types.generated.ts'
import { isConflict, isNotFound } from '../../kube/api-error.ts'
import type { Client } from '../../kube/client.ts'
import { type Clock, formatTime, systemClock } from '../../kube/clock.ts'
import { type Controller, createController, type Result } from '../../kube/controller.ts'
import type { EventRecorder } from '../../kube/event-recorder.ts'
import { type Logger, noopLogger } from '../../kube/logger.ts'
import { type DeepReadonly, keyOf } from '../../kube/object.ts'
import type { Store } from '../../kube/store.ts'
import { isPodFinished } from './pod-endpoint.ts'
import { podsByNode, podNodeIndex } from './pod-garbage.ts'
import { tolerates } from './scheduler/taints.ts'

export interface TaintEvictionOptions {
  readonly client: Client
  readonly pods: Store<Pod>
  readonly nodes: Store<Node>
  readonly recorder: EventRecorder
  readonly clock?: Clock
  readonly logger?: Logger
}

/**
 * How long a pod may stay on a node with these taints, in milliseconds from when they appeared: `undefined` for as long as it
 * likes, 0 not at all. Pure.
 */
export function stayMs(pod: DeepReadonly<Pod>, taints: readonly DeepReadonly<Taint>[]): number | undefined {
  const stays = taints
    .filter(taint => taint.effect === 'NoExecute')
    .map(taint => {
      const matching = (pod.spec?.tolerations ?? []).filter(toleration => tolerates(toleration, taint))
      if (matching.length === 0) return 0
      return Math.min(...matching.map(({ tolerationSeconds }) => Math.max(0, tolerationSeconds ?? Number.POSITIVE_INFINITY) * 1000))
    })
  const shortest = Math.min(...stays)
  return Number.isFinite(shortest) ? shortest : undefined
}

/** Deletes pods from nodes whose NoExecute taints they do not tolerate (any longer), with their usual grace. */
export function createTaintEviction(options: TaintEvictionOptions): Controller {
  const { client, pods, nodes, recorder, clock = systemClock, logger = noopLogger } = options
  /** When a pod's stay began to be counted, by its uid. */
  const countedSince = new Map<string, number>()
  pods.addIndex(podNodeIndex, podsByNode)

  const evict = async (pod: DeepReadonly<Pod>): Promise<void> => {
    const { name, namespace = '', uid } = pod.metadata
    recorder.event(pod, 'Normal', 'TaintManagerEviction', `Marking for deletion Pod ${keyOf(pod)}`)
    const condition = {
      type: 'DisruptionTarget',
      status: 'True',
      reason: 'DeletionByTaintManager',
      message: 'Taint manager: deleting due to NoExecute taint',
      lastTransitionTime: formatTime(clock.now()),
    }
    const patch = { metadata: { uid }, status: { conditions: [condition] } }
    await client.patch(podType, { namespace, name }, patch, { type: 'strategic', subresource: 'status' })
    await client.delete(podType, { namespace, name }, { preconditions: { uid } })
  }

  const reconcile = async (key: string): Promise<Result> => {
    const pod = pods.get(key)
    const taints = pod === undefined ? [] : (nodes.get(pod.spec?.nodeName ?? '')?.spec?.taints ?? [])
    const stay = pod === undefined ? undefined : stayMs(pod, taints)
    if (pod === undefined || stay === undefined || pod.metadata.deletionTimestamp !== undefined || isPodFinished(pod)) {
      if (pod !== undefined) countedSince.delete(pod.metadata.uid)
      return 'done'
    }
    const since = countedSince.get(pod.metadata.uid) ?? clock.now()
    countedSince.set(pod.metadata.uid, since)
    const left = since + stay - clock.now()
    if (left > 0) return { requeueAfterMs: left }
    try {
      await evict(pod)
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error
    }
    return 'done'
  }

  const controller = createController({ name: 'taint-eviction', reconcile, workers: 4, clock, logger })
  controller.watch(nodes, {
    keysOf: node => pods.byIndex(podNodeIndex, node.metadata.name).map(keyOf),
    changed: (node, old) => JSON.stringify(node.spec?.taints) !== JSON.stringify(old.spec?.taints),
  })
  const isOnTaintedNode = (pod: DeepReadonly<Pod>): boolean => (nodes.get(pod.spec?.nodeName ?? '')?.spec?.taints ?? []).length > 0
  controller.watch(pods, {
    keysOf: pod => (isOnTaintedNode(pod) ? [keyOf(pod)] : []),
    changed: (pod, old) =>
      pod.spec !== old.spec && (pod.spec?.nodeName !== old.spec?.nodeName || pod.spec?.tolerations !== old.spec?.tolerations),
  })
  const forgetting = pods.subscribe({ deleted: pod => void countedSince.delete(pod.metadata.uid) })
  return {
    ...controller,
    async [Symbol.asyncDispose]() {
      forgetting[Symbol.dispose]()
      await controller[Symbol.asyncDispose]()
    },
  }
}
