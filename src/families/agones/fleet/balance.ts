/** How a Fleet shares its servers among its GameServerSets while a new template rolls out. Pure. Contract: Agones' strategies. */

import { portionOf } from '../../../servers/count-of.ts'

/** What counts of one GameServerSet. */
export interface Share {
  readonly name: string
  /** Of the spec. */
  readonly wanted: number
  /** Not on their way out. */
  readonly replicas: number
  readonly ready: number
  readonly reserved: number
  readonly allocated: number
  /** On their way out. */
  readonly leaving: number
}

export interface Rollout {
  readonly replicas: number
  readonly type: 'RollingUpdate' | 'Recreate'
  /** Servers neither move to the new template nor back; only a change of the number of servers has an effect, on all sets alike. */
  readonly paused: boolean
  /** A number, or a percentage of the replicas, rounded up. */
  readonly maxSurge: number | string
  /** A number, or a percentage of the servers that are Ready, rounded down, at least 1. */
  readonly maxUnavailable: number | string
}

/** How many servers each set should have, by name. Sets with an older template are `rest`, in the order in which they shrink. */
export function balance(rollout: Rollout, active: Share, rest: readonly Share[]): ReadonlyMap<string, number> {
  const { replicas, type } = rollout
  const kept = sum(rest, ({ allocated, reserved }) => allocated + reserved)
  if (rest.every(({ wanted }) => wanted === 0)) return shares(active, Math.max(0, replicas - kept), rest, () => 0)
  if (rollout.paused) return proportional(rollout, [active, ...rest])
  if (type === 'Recreate') {
    const allocated = sum(rest, share => share.allocated)
    return shares(active, Math.max(0, replicas - allocated), rest, () => 0)
  }
  const shrunk = shrink(rollout, active, rest)
  return shares(active, grow(rollout, active, rest), rest, ({ name, wanted }) => shrunk.get(name) ?? wanted)
}

/** Between the wanted number and what the surge adds, all stay as they are; otherwise each set keeps its share, the largest the rest of it. */
function proportional({ replicas, maxSurge }: Rollout, sets: readonly Share[]): ReadonlyMap<string, number> {
  const total = sum(sets, ({ wanted }) => wanted)
  const mayStay = total >= replicas && total <= replicas + portionOf(maxSurge, replicas, Math.ceil)
  const result = new Map(sets.map(({ name, wanted }) => [name, mayStay ? wanted : Math.floor((wanted * replicas) / total)]))
  const largest = sets.reduce((one, other) => (other.wanted > one.wanted ? other : one)).name
  const missing = mayStay ? 0 : replicas - [...result.values()].reduce((all, one) => all + one, 0)
  return result.set(largest, (result.get(largest) ?? 0) + missing)
}

/** The next step up of the new template: as far as the surge reaches, when the last step is done. */
function grow({ replicas, maxSurge }: Rollout, active: Share, rest: readonly Share[]): number {
  if (active.wanted !== active.replicas) return Math.min(active.wanted, replicas)
  const surge = portionOf(maxSurge, replicas, Math.ceil)
  const others = sum(rest, share => share.replicas)
  const allocated = sum(rest, share => share.allocated)
  return Math.max(0, Math.min(active.wanted + surge, replicas + surge - others, replicas - allocated))
}

/**
 * The next step down of the old templates. Servers that are not Ready serve nobody and go first; of those that are, as many as may be missing
 * on top of the new ones that are still to come up.
 */
function shrink({ replicas, maxUnavailable }: Rollout, active: Share, rest: readonly Share[]): ReadonlyMap<string, number> {
  const ready = sum([active, ...rest], share => share.ready)
  const missing = Math.max(1, Math.min(portionOf(maxUnavailable, ready, Math.floor), replicas))
  const least = Math.min(ready - missing, replicas)
  let budget = ready - least - Math.max(0, active.wanted - up(active))
  const result = new Map<string, number>()
  for (const share of rest) {
    // What goes already may be what is counted as there.
    if (share.leaving > 0 || share.wanted === 0) continue
    const inUse = share.allocated + share.reserved
    if (share.ready === 0) {
      result.set(share.name, inUse === share.replicas ? 0 : Math.min(share.wanted, inUse))
      continue
    }
    const useful = Math.min(share.wanted, up(share))
    const go = Math.max(0, Math.min(budget, share.ready))
    budget -= go
    result.set(share.name, useful - go)
  }
  return result
}

function up({ ready, reserved, allocated }: Share): number {
  return ready + reserved + allocated
}

function shares(active: Share, wanted: number, rest: readonly Share[], of: (share: Share) => number): ReadonlyMap<string, number> {
  return new Map([[active.name, wanted], ...rest.map((share): [string, number] => [share.name, of(share)])])
}

function sum(all: readonly Share[], of: (share: Share) => number): number {
  return all.reduce((total, share) => total + of(share), 0)
}
