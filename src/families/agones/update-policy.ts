/** How a Fleet and its sets change servers in place: what users say, and where it is kept. Pure. */
import { annotations } from '../../apis/agones.dev/annotations.ts'
import { defaults } from '../../apis/agones.dev/defaults.ts'
import type { Fleet } from '../../apis/agones.dev/fleet.ts'
import type { GameServerSet } from '../../apis/agones.dev/game-server-set.ts'
import type { DeepReadonly } from '../../kube/object.ts'
import { equalJson } from '../../schema/json.ts'
import { countOf } from '../../servers/count-of.ts'
import { differenceOf } from '../../servers/revision/difference.ts'
import type { Template } from '../../servers/model.ts'

const inPlace = 'InPlaceIfPossible'
const sidecars = 'Sidecars'

export interface InPlacePolicy {
  readonly partition: number
  readonly maxUnavailable: number
  /** Servers in use take changes of containers other than the game's. */
  readonly sidecarsInUse: boolean
}

type Notes = Readonly<Record<string, string>>

/** What the sets of a Fleet are told of it, as annotations; undefined where servers are replaced instead. */
export function inPlaceNotes({ metadata, spec }: DeepReadonly<Fleet>): Notes | undefined {
  const said = metadata.annotations?.[annotations.updateType]
  if ((said ?? spec.strategy?.type) !== inPlace) return undefined
  const { updatePartition, updateInUse } = annotations
  const copied = [updatePartition, updateInUse].flatMap(name => {
    const value = metadata.annotations?.[name]
    return value === undefined ? [] : [[name, value] as const]
  })
  return {
    [annotations.updateType]: inPlace,
    [annotations.updateMaxUnavailable]: String(spec.strategy?.rollingUpdate?.maxUnavailable ?? defaults.unavailable),
    ...Object.fromEntries(copied),
  }
}

/** Annotations of updates that mean nothing, by name: what they have to be. */
export function wrongNotes(given: Notes = {}): { readonly name: string; readonly value: string; readonly detail: string }[] {
  const { updateType, updatePartition, updateInUse } = annotations
  const rules: readonly [name: string, pattern: RegExp, detail: string][] = [
    [updateType, /^InPlaceIfPossible$/, `must be ${inPlace}`],
    [updatePartition, /^\d{1,9}$/, 'must be a number of servers'],
    [updateInUse, /^Sidecars$/, `must be ${sidecars}`],
  ]
  return rules.flatMap(([name, pattern, detail]) => {
    const value = given[name]
    return value === undefined || pattern.test(value) ? [] : [{ name, value, detail }]
  })
}

/** What a set is told of its Fleet, as annotations. */
export function notesForSet(fleet: DeepReadonly<Fleet>): Notes {
  const address = fleet.metadata.annotations?.[annotations.primaryAddress]
  return { ...inPlaceNotes(fleet), ...(address !== undefined && { [annotations.primaryAddress]: address }) }
}

/** Every annotation by which a set is told of its Fleet. */
export const notesOfFleet: readonly string[] = [
  annotations.primaryAddress,
  annotations.updateType,
  annotations.updateMaxUnavailable,
  annotations.updatePartition,
  annotations.updateInUse,
]

/** Undefined: the set's servers are never changed. */
export function inPlacePolicyOf({ metadata, spec }: DeepReadonly<GameServerSet>): InPlacePolicy | undefined {
  const notes = metadata.annotations ?? {}
  if (notes[annotations.updateType] !== inPlace) return undefined
  const partition = Number(notes[annotations.updatePartition] ?? 0)
  return {
    partition: Number.isInteger(partition) && partition > 0 ? partition : 0,
    maxUnavailable: countOf(notes[annotations.updateMaxUnavailable] ?? defaults.unavailable, spec.replicas),
    sidecarsInUse: notes[annotations.updateInUse] === sidecars,
  }
}

/** Whether servers of a set can get from one template to the other without being replaced. */
export function canFollow(from: DeepReadonly<GameServerSet>['spec']['template'], to: DeepReadonly<Fleet>['spec']['template']): boolean {
  const { template: podFrom, ...specFrom } = from.spec
  const { template: podTo, ...specTo } = to.spec
  return (
    equalJson(from.metadata ?? {}, to.metadata ?? {}) &&
    equalJson(specFrom, specTo) &&
    differenceOf(podFrom as Template, podTo as Template).kind !== 'recreate'
  )
}
