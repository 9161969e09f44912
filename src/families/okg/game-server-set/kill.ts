import type { GameServerSet } from '../../../apis/game.kruise.io/game-server-set.ts'
import { labels } from '../../../apis/game.kruise.io/labels.ts'
import type { Pod } from '../../../apis/core/types.generated.ts'
import type { DeepReadonly } from '../../../kube/object.ts'

/**
 * `opsState: Kill` removes exactly that server and lowers the replicas. The new replicas, or undefined when there is nothing to kill or
 * the set is moving: a count that is not settled would be lowered twice. The killed servers then leave first by the scale-down order.
 */
export function replicasAfterKill(
  set: DeepReadonly<GameServerSet>,
  pods: readonly DeepReadonly<Pod>[],
  isDeleting: (pod: DeepReadonly<Pod>) => boolean,
): number | undefined {
  const killed = pods.filter(pod => pod.metadata.labels?.[labels.opsState] === 'Kill').length
  if (killed === 0 || pods.length !== set.spec.replicas || pods.some(isDeleting)) return undefined
  return set.spec.replicas - killed
}
