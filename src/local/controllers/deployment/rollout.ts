import type { Deployment } from '../../../apis/core/types.generated.ts'
import type { DeepReadonly } from '../../../kube/object.ts'

/** A ReplicaSet as the rollout sees it. */
export interface SetCounts {
  readonly name: string
  /** `spec.replicas` */
  readonly wanted: number
  readonly available: number
}

export interface RolloutInput {
  readonly replicas: number
  readonly maxSurge: number
  readonly maxUnavailable: number
  readonly recreate: boolean
  /** Undefined while it does not exist; its first size is then asked for under the name ''. */
  readonly fresh: SetCounts | undefined
  /** Oldest first. */
  readonly old: readonly SetCounts[]
  /** Pods of old sets that exist at all, also those that are going away. */
  readonly oldPods: number
}

/** New sizes by set name; sets that keep theirs are not named. */
export type Sizes = ReadonlyMap<string, number>

const sum = (sets: readonly SetCounts[], of: 'wanted' | 'available') => sets.reduce((total, set) => total + set[of], 0)

/** The next step of a rollout: surge first, then what is broken, then what is old; never fewer available than allowed. Pure. */
export function nextSizes(input: RolloutInput): Sizes {
  return input.recreate ? recreate(input) : roll(input)
}

function recreate({ replicas, fresh, old, oldPods }: RolloutInput): Sizes {
  const down = old.filter(set => set.wanted > 0)
  if (down.length > 0) return new Map(down.map(set => [set.name, 0]))
  if (oldPods > 0) return new Map()
  return fresh?.wanted === replicas ? new Map() : new Map([[fresh?.name ?? '', replicas]])
}

function roll(input: RolloutInput): Sizes {
  const { replicas, maxSurge, maxUnavailable, old } = input
  const fresh = input.fresh ?? { name: '', wanted: 0, available: 0 }
  if (fresh.wanted > replicas) return new Map([[fresh.name, replicas]])
  const total = fresh.wanted + sum(old, 'wanted')
  const up = Math.min(replicas + maxSurge - total, replicas - fresh.wanted)
  if (up > 0 || input.fresh === undefined) return new Map([[fresh.name, fresh.wanted + Math.max(0, up)]])

  const sizes = new Map<string, number>()
  const sizeOf = (set: SetCounts) => sizes.get(set.name) ?? set.wanted
  const minAvailable = replicas - maxUnavailable
  const takeAway = (amount: number, atMost: (set: SetCounts) => number): number => {
    let left = amount
    for (const set of old) {
      const down = Math.max(0, Math.min(left, atMost(set)))
      if (down === 0) continue
      sizes.set(set.name, sizeOf(set) - down)
      left -= down
    }
    return amount - left
  }
  // What is not available yet of the new set must not be counted twice.
  const broken = takeAway(Math.max(0, total - minAvailable - (fresh.wanted - fresh.available)), set => set.wanted - set.available)
  const available = fresh.available + sum(old, 'available')
  takeAway(Math.max(0, Math.min(available - minAvailable, total - broken - minAvailable)), set => sizeOf(set))
  return sizes
}

/** While paused only the number of replicas is followed: the newest set that has pods takes the difference. Pure. */
export function scaledSizes(input: Pick<RolloutInput, 'replicas' | 'fresh' | 'old'>): Sizes {
  const sets = [...input.old, ...(input.fresh === undefined ? [] : [input.fresh])]
  const sizes = new Map<string, number>()
  let difference = input.replicas - sum(sets, 'wanted')
  for (const set of sets.toReversed().filter((one, index, all) => one.wanted > 0 || (index === 0 && sum(all, 'wanted') === 0))) {
    const size = Math.max(0, set.wanted + difference)
    difference -= size - set.wanted
    if (size !== set.wanted) sizes.set(set.name, size)
    if (difference === 0) break
  }
  return sizes
}

/** Resolves counts and percentages: surge is rounded up, unavailable down; both nothing would stand still. */
export function rollingLimits(deployment: DeepReadonly<Deployment>): { maxSurge: number; maxUnavailable: number } {
  const replicas = deployment.spec?.replicas ?? 1
  const { maxSurge = '25%', maxUnavailable = '25%' } = deployment.spec?.strategy?.rollingUpdate ?? {}
  const surge = resolve(maxSurge, replicas, Math.ceil)
  const unavailable = Math.min(replicas, resolve(maxUnavailable, replicas, Math.floor))
  return { maxSurge: surge, maxUnavailable: surge === 0 && unavailable === 0 ? 1 : unavailable }
}

function resolve(value: number | string, of: number, round: (x: number) => number): number {
  if (typeof value === 'number') return value
  return value.endsWith('%') ? round((Number(value.slice(0, -1)) * of) / 100) : Number(value)
}
