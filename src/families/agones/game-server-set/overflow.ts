/**
 * Allocated servers beyond the wanted number are told so by labels and annotations, that their games may end when the match does. They are never
 * taken back. Contract: Agones' `allocationOverflow`. Pure.
 */
import { defaults } from '../../../apis/agones.dev/defaults.ts'
import type { GameServer } from '../../../apis/agones.dev/game-server.ts'
import type { GameServerSet } from '../../../apis/agones.dev/game-server-set.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import type { Member } from '../../../servers/model.ts'
import { compareByRank } from '../../../servers/scale-down.ts'
import { scaleDownOrder } from './scale-down-order.ts'

type Server = DeepReadonly<GameServer>
type Values = Readonly<Record<string, string>>

/** Those that are to be told now: as many as are beyond and have not been told yet, in the order in which servers leave. */
export function overflowing(
  { spec }: DeepReadonly<GameServerSet>,
  servers: readonly Server[],
  members: ReadonlyMap<string, Member>,
): readonly Server[] {
  const told = toldBy(spec)
  const allocated = servers.filter(({ metadata, status }) => status?.state === 'Allocated' && metadata.deletionTimestamp === undefined)
  const beyond = allocated.length - spec.replicas
  if (beyond <= 0 || isNothing(told)) return []
  const untold = allocated.filter(server => !has(server, told))
  const missing = beyond - (allocated.length - untold.length)
  if (missing <= 0) return []
  const compare = compareByRank(scaleDownOrder(spec.scheduling ?? defaults.scheduling, spec.priorities ?? []))
  const found = untold.flatMap(server => {
    const member = members.get(server.metadata.name)
    return member === undefined ? [] : [{ server, member }]
  })
  return found
    .toSorted((a, b) => compare(a.member, b.member))
    .slice(0, missing)
    .map(({ server }) => server)
}

/** A merge patch that applies to the server as it was seen: one that is free meanwhile is beyond nothing. */
export function overflowChange({ spec }: DeepReadonly<GameServerSet>, { metadata: { resourceVersion } }: Server): object {
  return { metadata: { resourceVersion, ...toldBy(spec) } }
}

interface Told {
  readonly labels: Values
  readonly annotations: Values
}

function toldBy({ allocationOverflow }: DeepReadonly<GameServerSet['spec']>): Told {
  return { labels: allocationOverflow?.labels ?? {}, annotations: allocationOverflow?.annotations ?? {} }
}

function isNothing({ labels, annotations }: Told): boolean {
  return Object.keys(labels).length + Object.keys(annotations).length === 0
}

function has({ metadata }: Server, told: Told): boolean {
  const within = (part: Values, all: Values = {}): boolean => Object.entries(part).every(([name, value]) => all[name] === value)
  return within(told.labels, metadata.labels) && within(told.annotations, metadata.annotations)
}
