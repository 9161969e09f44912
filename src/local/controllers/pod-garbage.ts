import { pods as podType } from '../../apis/core/resources.generated.ts'
import type { Node, Pod } from '../../apis/core/types.generated.ts'
import { isConflict, isNotFound } from '../../kube/api-error.ts'
import type { Client } from '../../kube/client.ts'
import { type Clock, systemClock } from '../../kube/clock.ts'
import { type Controller, createController, type Result } from '../../kube/controller.ts'
import { type Logger, noopLogger } from '../../kube/logger.ts'
import { type DeepReadonly, keyOf } from '../../kube/object.ts'
import type { Store } from '../../kube/store.ts'

export interface PodGarbageOptions {
  readonly client: Client
  readonly pods: Store<Pod>
  readonly nodes: Store<Node>
  /** How long a node may be missing before its pods are given up, in milliseconds; default 10,000. */
  readonly patienceMs?: number
  readonly clock?: Clock
  readonly logger?: Logger
}

/** Name of the index of pods by {@link podsByNode}. */
export const podNodeIndex = 'pod-node'

/** Index function: name of the node the pod is on. */
export const podsByNode = (pod: DeepReadonly<Pod>): readonly string[] => {
  const node = pod.spec?.nodeName
  return node === undefined || node === '' ? [] : [node]
}

/** Deletes pods for good that no kubelet will ever finish: their node does not exist any more. Their owners then make new ones. */
export function createPodGarbageCollector(options: PodGarbageOptions): Controller {
  const { client, pods, nodes, patienceMs = 10_000, clock = systemClock, logger = noopLogger } = options
  const missingSince = new Map<string, number>()
  pods.addIndex(podNodeIndex, podsByNode)

  /** Keys are names of nodes. */
  const reconcile = async (node: string): Promise<Result> => {
    const left = pods.byIndex(podNodeIndex, node)
    if (nodes.get(node) !== undefined || left.length === 0) {
      missingSince.delete(node)
      return 'done'
    }
    const since = missingSince.get(node) ?? clock.now()
    missingSince.set(node, since)
    const wait = since + patienceMs - clock.now()
    if (wait > 0) return { requeueAfterMs: wait }
    for (const pod of left) {
      const { name, namespace = '', uid } = pod.metadata
      logger.info('pod of a missing node deleted', { pod: keyOf(pod), node })
      await client.delete(podType, { namespace, name }, { gracePeriodSeconds: 0, preconditions: { uid } }).catch((error: unknown) => {
        if (!isNotFound(error) && !isConflict(error)) throw error
      })
    }
    return 'done'
  }

  const controller = createController({ name: 'pod-garbage', reconcile, clock, logger })
  controller.watch(nodes, { changed: () => false })
  controller.watch(pods, { keysOf: podsByNode, changed: (pod, old) => pod.spec?.nodeName !== old.spec?.nodeName })
  return {
    ...controller,
    async start(signal) {
      await nodes.whenSynced(signal)
      await controller.start(signal)
    },
  }
}
