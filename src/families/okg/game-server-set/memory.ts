/** What a set remembers of its ids, in annotations of the set itself: the empty ones among them, and the reserve list last acted upon. */
import { annotations } from '../../../apis/game.kruise.io/annotations.ts'
import type { GameServerSet } from '../../../apis/game.kruise.io/game-server-set.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import { sameMemory } from '../../../servers/identity.ts'
import type { IdentityMemory, Plan } from '../../../servers/model.ts'
import { RangeSet } from '../../../servers/range-set.ts'
import { ownAnnotations } from '../names.ts'

export function reservedIdsOf(set: DeepReadonly<GameServerSet>): RangeSet {
  return RangeSet.parse(set.spec.reserveGameServerIds ?? [])
}

export function memoryOf(set: DeepReadonly<GameServerSet>): IdentityMemory | undefined {
  const text = set.metadata.annotations?.[ownAnnotations.idHoles]
  if (text === undefined) return undefined
  try {
    const { replicas, ids } = JSON.parse(text) as { replicas: number; ids: string }
    if (typeof replicas !== 'number' || typeof ids !== 'string') return undefined
    return { replicas, holes: RangeSet.parse(ids.split(',')) }
  } catch {
    return undefined
  }
}

export interface MemoryPatch {
  readonly metadata: { readonly annotations: Readonly<Record<string, string | null>> }
  readonly spec?: { readonly reserveGameServerIds: (number | string)[] }
}

/**
 * What has to be written to the set before the plan's steps are taken; undefined when nothing changed. Under the strategy ReserveIds the
 * ids of servers that leave, and all holes, go into the reserve list.
 */
export function memoryPatch(set: DeepReadonly<GameServerSet>, plan: Plan): MemoryPatch | undefined {
  const reserved = reservedIdsOf(set)
  const wanted: Record<string, string | null> = {}
  const keep = set.spec.scaleStrategy?.scaleDownStrategyType === 'ReserveIds'
  const leaving = plan.steps.flatMap(step =>
    (step.do === 'delete' || step.do === 'announce-delete') && step.because === 'ScaleDown' && step.member.ordinal !== undefined
      ? [step.member.ordinal]
      : [],
  )
  const reserve = keep ? reserved.union(RangeSet.of(...leaving)).union(plan.memory?.holes ?? RangeSet.empty) : reserved
  const memory = keep ? undefined : plan.memory
  if (!sameMemory(memoryOf(set), memory)) {
    wanted[ownAnnotations.idHoles] =
      memory === undefined ? null : JSON.stringify({ replicas: memory.replicas, ids: memory.holes.toString() })
  }
  const text = set.metadata.annotations?.[annotations.reserveIds]
  const lastActed = RangeSet.parse((text ?? '').split(','))
  if (!lastActed.equals(reserve)) wanted[annotations.reserveIds] = reserve.toString()
  const grows = !reserve.equals(reserved)
  if (Object.keys(wanted).length === 0 && !grows) return undefined
  return { metadata: { annotations: wanted }, ...(grows && { spec: { reserveGameServerIds: reserve.toItems() } }) }
}
