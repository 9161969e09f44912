import type { GameServerSet, GameServerSetStatus } from '../../../apis/game.kruise.io/game-server-set.ts'
import { labels } from '../../../apis/game.kruise.io/labels.ts'
import type { Pod } from '../../../apis/core/types.generated.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import type { Instant, Plan } from '../../../servers/model.ts'
import { conditionsOf, type Troubles } from './conditions.ts'

/** The whole status as it should be. `replicas` is what the spec says, as in the original. */
export function statusOf(
  set: DeepReadonly<GameServerSet>,
  pods: readonly DeepReadonly<Pod>[],
  plan: Plan,
  troubles: Troubles,
  now: Instant,
): GameServerSetStatus {
  const { counts } = plan
  const withOpsState = (state: string): number => pods.filter(pod => pod.metadata.labels?.[labels.opsState] === state).length
  const generation = set.metadata.generation ?? 0
  return {
    observedGeneration: generation,
    replicas: set.spec.replicas,
    currentReplicas: counts.current,
    readyReplicas: counts.ready,
    availableReplicas: counts.available,
    updatedReplicas: counts.updated,
    updatedReadyReplicas: counts.updatedReady,
    maintainingReplicas: withOpsState('Maintaining'),
    waitToBeDeletedReplicas: withOpsState('WaitToBeDeleted'),
    preDeleteReplicas: counts.preparingDelete,
    labelSelector: `${labels.ownerSet}=${set.metadata.name}`,
    conditions: conditionsOf(plan, troubles, generation, set.status?.conditions, now),
  }
}

/** The members that differ from the stored status; undefined when none does. */
export function statusChange(
  stored: DeepReadonly<GameServerSetStatus> | undefined,
  wanted: GameServerSetStatus,
): Record<string, unknown> | undefined {
  let change: Record<string, unknown> | undefined
  for (const [key, value] of Object.entries(wanted)) {
    const before: unknown = stored?.[key as keyof GameServerSetStatus]
    const same = typeof value === 'object' ? JSON.stringify(sorted(before)) === JSON.stringify(sorted(value)) : before === value
    if (!same) (change ??= {})[key] = value
  }
  return change
}

/** Conditions with their members in one order: the server may give them back in another. */
function sorted(value: unknown): unknown {
  if (!Array.isArray(value)) return value
  return value.map(item => Object.entries(item as Record<string, unknown>).sort(([a], [b]) => (a < b ? -1 : 1)))
}
