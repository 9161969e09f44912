/** Selectors of allocations as predicates. Pure. */
import type { GameServer } from '../apis/agones.dev/game-server.ts'
import type { CounterSelector, GameServerSelector, ListSelector } from '../apis/allocation.agones.dev/game-server-allocation.ts'
import type { DeepReadonly } from '../kube/object.ts'
import { labelSelectorOf } from '../kube/selector.ts'

type Server = DeepReadonly<GameServer>

/** A selector that was read once and is asked often. */
export interface Matcher {
  readonly state: 'Ready' | 'Allocated'
  /** Labels a server has to have, for indexes. */
  readonly equalities: readonly (readonly [key: string, value: string])[]
  /** Everything but the state. */
  matches(server: Server): boolean
}

export function matcherOf(selector: GameServerSelector): Matcher {
  const { matchLabels = {}, matchExpressions = [], gameServerState = 'Ready', counters = {}, lists = {} } = selector
  const single = matchExpressions.filter(({ operator, values = [] }) => operator === 'In' && values.length === 1)
  const equalities = [...Object.entries(matchLabels), ...single.map(({ key, values = [] }) => [key, values[0] ?? ''] as const)]
  const rest = labelSelectorOf({ matchExpressions: matchExpressions.filter(one => !single.includes(one)) })
  const tests: ((server: Server) => boolean)[] = [
    ...equalities.map(
      ([key, value]) =>
        ({ metadata }: Server) =>
          metadata.labels?.[key] === value,
    ),
    ({ metadata }) => rest.matches(metadata.labels),
    ...Object.entries(counters).map(
      ([key, wanted]) =>
        (server: Server) =>
          counterFits(server, key, wanted),
    ),
    ...Object.entries(lists).map(
      ([key, wanted]) =>
        (server: Server) =>
          listFits(server, key, wanted),
    ),
  ]
  return { state: gameServerState, equalities, matches: server => tests.every(test => test(server)) }
}

function counterFits(
  { status }: Server,
  key: string,
  { minCount = 0, maxCount = 0, minAvailable = 0, maxAvailable = 0 }: CounterSelector,
): boolean {
  const counter = status?.counters?.[key]
  if (counter === undefined) return false
  const { count = 0, capacity = 0 } = counter
  return within(count, minCount, maxCount) && within(capacity - count, minAvailable, maxAvailable)
}

function listFits({ status }: Server, key: string, { containsValue = '', minAvailable = 0, maxAvailable = 0 }: ListSelector): boolean {
  const list = status?.lists?.[key]
  if (list === undefined) return false
  const { values = [], capacity = 0 } = list
  return (containsValue === '' || values.includes(containsValue)) && within(capacity - values.length, minAvailable, maxAvailable)
}

function within(value: number, least: number, most: number): boolean {
  return value >= least && (most === 0 || value <= most)
}
