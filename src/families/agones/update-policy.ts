/** How a Fleet and its sets change servers in place: what users say, and where it is kept. Pure. */
import { annotations } from '../../apis/agones.dev/annotations.ts'
import { defaults } from '../../apis/agones.dev/defaults.ts'
import type { Fleet } from '../../apis/agones.dev/fleet.ts'
import type { GameServerSet } from '../../apis/agones.dev/game-server-set.ts'
import type { DeepReadonly, KubeObject } from '../../kube/object.ts'
import { equalJson } from '../../schema/json.ts'
import { countOf } from '../../servers/count-of.ts'
import { differenceOf } from '../../servers/revision/difference.ts'
import type { Template } from '../../servers/model.ts'
import { addressNames, addressNotes } from './game-server/addresses.ts'

const inPlace = 'InPlaceIfPossible'
const sidecars = 'Sidecars'

export interface InPlacePolicy {
  readonly partition: number
  readonly maxUnavailable: number
  /** Servers in use take changes of containers other than the game's. */
  readonly sidecarsInUse: boolean
  /** Servers keep what they have; new ones get the set's template. */
  readonly paused: boolean
}

type Notes = Readonly<Record<string, string>>

/** Whether servers of a Fleet get new templates in place where they can. */
function updatesInPlace({ metadata, spec }: DeepReadonly<Fleet>): boolean {
  return (metadata.annotations?.[annotations.updateType] ?? spec.strategy?.type) === inPlace
}

/** How many servers of a Fleet keep their version; none where servers are replaced. */
export function partitionOf(fleet: DeepReadonly<Fleet>): number {
  return updatesInPlace(fleet) ? partitionIn(fleet) : 0
}

function partitionIn({ metadata }: DeepReadonly<Pick<KubeObject, 'metadata'>>): number {
  const partition = Number(metadata.annotations?.[annotations.updatePartition] ?? 0)
  return Number.isInteger(partition) && partition > 0 ? partition : 0
}

/** What the sets of a Fleet are told of it, as annotations; undefined where servers are replaced instead. */
export function inPlaceNotes(fleet: DeepReadonly<Fleet>): Notes | undefined {
  if (!updatesInPlace(fleet)) return undefined
  const { metadata, spec } = fleet
  const { updatePartition, paused } = annotations
  const copied = [updatePartition, paused].flatMap(name => {
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
  const { updateType, updatePartition, updateInUse, paused } = annotations
  const rules: readonly [name: string, pattern: RegExp, detail: string][] = [
    [updateType, /^InPlaceIfPossible$/, `must be ${inPlace}`],
    [updatePartition, /^\d{1,9}$/, 'must be a number of servers'],
    [updateInUse, /^Sidecars$/, `must be ${sidecars}`],
    [paused, /^(true|false)$/, 'must be true or false'],
  ]
  return rules.flatMap(([name, pattern, detail]) => {
    const value = given[name]
    return value === undefined || pattern.test(value) ? [] : [{ name, value, detail }]
  })
}

/** What a set is told of its Fleet, as annotations. */
export function notesForSet(fleet: DeepReadonly<Fleet>): Notes {
  const { updateInUse } = annotations
  const inUse = fleet.metadata.annotations?.[updateInUse]
  return { ...inPlaceNotes(fleet), ...addressNotes(fleet.metadata.annotations), ...(inUse !== undefined && { [updateInUse]: inUse }) }
}

/** Every annotation by which a set is told of its Fleet. */
export const notesOfFleet: readonly string[] = [
  ...addressNames,
  annotations.updateType,
  annotations.updateMaxUnavailable,
  annotations.updatePartition,
  annotations.updateInUse,
  annotations.paused,
]

/** Undefined: the set's servers are never changed. */
export function inPlacePolicyOf({ metadata, spec }: DeepReadonly<GameServerSet>): InPlacePolicy | undefined {
  const notes = metadata.annotations ?? {}
  if (notes[annotations.updateType] !== inPlace) return undefined
  return {
    partition: partitionIn({ metadata }),
    maxUnavailable: countOf(notes[annotations.updateMaxUnavailable] ?? defaults.unavailable, spec.replicas),
    sidecarsInUse: sidecarsMayChangeInUse({ metadata }),
    paused: notes[annotations.paused] === 'true',
  }
}

/** Whether updates are stopped where they are. A Fleet has no field for it. */
export function isPaused({ metadata }: DeepReadonly<Fleet>): boolean {
  return metadata.annotations?.[annotations.paused] === 'true'
}

/** What a Fleet, its sets, or a server on its own say of containers beside the game while somebody plays. */
export function sidecarsMayChangeInUse({ metadata }: DeepReadonly<Pick<KubeObject, 'metadata'>>): boolean {
  return metadata.annotations?.[annotations.updateInUse] === sidecars
}

/** Players are sent where the network of a server is: it has the one it was made with. */
function networkIn({ metadata }: DeepReadonly<Fleet>['spec']['template']): unknown {
  return (metadata?.annotations as Notes | undefined)?.[annotations.network]
}

/** Whether servers of a set can get from one template to the other without being replaced. */
export function canFollow(from: DeepReadonly<GameServerSet>['spec']['template'], to: DeepReadonly<Fleet>['spec']['template']): boolean {
  const { template: podFrom, ...specFrom } = from.spec
  const { template: podTo, ...specTo } = to.spec
  return (
    equalJson(specFrom, specTo) &&
    networkIn(from) === networkIn(to) &&
    differenceOf(podFrom as Template, podTo as Template).kind !== 'recreate'
  )
}
