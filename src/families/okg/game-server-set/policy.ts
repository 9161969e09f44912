import { defaults } from '../../../apis/game.kruise.io/defaults.ts'
import type { GameServerSetSpec } from '../../../apis/game.kruise.io/game-server-set.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import { countOf } from '../../../servers/count-of.ts'
import type { ScalePolicy, UpdateMode, UpdatePolicy } from '../../../servers/model.ts'
import { scaleDownOrder, updateOrder } from './scale-down-order.ts'

/** Long enough to see a container that ends at once, short enough not to slow a rollout down. */
const settleMs = 1000

const modes: Readonly<Record<string, UpdateMode>> = {
  ReCreate: 'Recreate',
  InPlaceIfPossible: 'InPlaceIfPossible',
  InPlaceOnly: 'InPlaceOnly',
}

/**
 * The update strategy with its defaults. `rollingUpdate` beats the type OnDelete, as in the original; without it servers are recreated one
 * at a time, highest id first, and update priorities do not count.
 */
export function updatePolicyOf(spec: DeepReadonly<GameServerSetSpec>): UpdatePolicy {
  const { type, rollingUpdate } = spec.updateStrategy ?? {}
  const base = {
    partition: 0,
    maxUnavailable: 1,
    maxSurge: 0,
    paused: false,
    minReadySeconds: 0,
    settleMs,
    gracePeriodSeconds: 0,
    order: [],
  }
  if (rollingUpdate === undefined) return { ...base, mode: type === 'OnDelete' ? 'OnDelete' : 'Recreate' }
  return {
    ...base,
    mode: modes[rollingUpdate.podUpdatePolicy || defaults.podUpdatePolicy] ?? 'Recreate',
    partition: rollingUpdate.partition ?? defaults.partition,
    maxUnavailable: countOf(rollingUpdate.maxUnavailable ?? defaults.maxUnavailable, spec.replicas),
    paused: rollingUpdate.paused ?? false,
    minReadySeconds: rollingUpdate.minReadySeconds ?? defaults.minReadySeconds,
    gracePeriodSeconds: rollingUpdate.inPlaceUpdateStrategy?.gracePeriodSeconds ?? defaults.gracePeriodSeconds,
    order: updateOrder,
  }
}

export function scalePolicyOf(spec: DeepReadonly<GameServerSetSpec>): ScalePolicy {
  const limit = spec.scaleStrategy?.maxUnavailable
  return { order: scaleDownOrder, ...(limit !== undefined && { maxUnavailable: countOf(limit, spec.replicas) }) }
}
