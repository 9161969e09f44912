/** Selectors of allocations as predicates. Pure. */
import type {
  CounterSelector,
  GameServerSelector,
  LabelRequirement,
  ListSelector,
} from '../apis/allocation.agones.dev/game-server-allocation.ts'
import { labels as okgLabels } from '../apis/game.kruise.io/labels.ts'
import { labelSelectorOf } from '../kube/selector.ts'
import { type Candidate, type CandidateState, type Pool, roomOf } from './candidate.ts'

/** A trait: a label, or a counter or list with room. */
export type Trait = readonly [key: string, value: string]

/** One of the values, or any but those; what has no such trait at all will do only where that is said. */
export type Demand =
  | { readonly key: string; readonly values: readonly string[] }
  | { readonly key: string; readonly allBut: readonly string[]; readonly mayLack: boolean }

/** A selector that was read once and is asked often. */
export interface Matcher {
  readonly pool: Pool
  readonly state: CandidateState
  /** What a server has to have, for indexes; see {@link traitsOf}. */
  readonly demands: readonly Demand[]
  /** Everything but pool and state. */
  matches(candidate: Candidate): boolean
}

/**
 * A selector that demands the label `game.kruise.io/owner-gss`, which all servers of OpenKruiseGame's API carry, is about them first. For Agones'
 * own servers every selector means what it means without that API.
 */
export function matchersOf(selector: GameServerSelector): readonly Matcher[] {
  const own = matcherOf(selector, 'agones.dev')
  return demandsOwnerSet(selector) ? [{ ...own, pool: 'game.kruise.io' }, own] : [own]
}

/** Whether only servers with the label that OpenKruiseGame's servers carry will do. */
export function demandsOwnerSet({ matchLabels = {}, matchExpressions = [] }: GameServerSelector): boolean {
  return (
    matchLabels[okgLabels.ownerSet] !== undefined ||
    matchExpressions.some(({ key, operator }) => key === okgLabels.ownerSet && (operator === 'In' || operator === 'Exists'))
  )
}

function matcherOf(selector: GameServerSelector, pool: Pool): Matcher {
  const { matchLabels = {}, matchExpressions = [], gameServerState = 'Ready', counters = {}, lists = {} } = selector
  const single = matchExpressions.filter(({ operator, values = [] }) => operator === 'In' && values.length === 1)
  const equalities = [...Object.entries(matchLabels), ...single.map(({ key, values = [] }) => [key, values[0] ?? ''] as const)]
  const others = matchExpressions.filter(one => !single.includes(one))
  const rest = labelSelectorOf({ matchExpressions: others })
  const tests: ((candidate: Candidate) => boolean)[] = [
    ...equalities.map(
      ([key, value]) =>
        ({ labels }: Candidate) =>
          labels[key] === value,
    ),
    ...(others.length === 0 ? [] : [({ labels }: Candidate) => rest.matches(labels)]),
    ...Object.entries(counters).map(
      ([key, wanted]) =>
        (candidate: Candidate) =>
          counterFits(candidate, key, wanted),
    ),
    ...Object.entries(lists).map(
      ([key, wanted]) =>
        (candidate: Candidate) =>
          listFits(candidate, key, wanted),
    ),
  ]
  const roomy = (type: 'Counter' | 'List', wanted: Readonly<Record<string, { readonly minAvailable?: number }>>): Demand[] =>
    Object.entries(wanted).flatMap(([key, { minAvailable = 0 }]) => (minAvailable > 0 ? [{ key: roomKey(type, key), values: [''] }] : []))
  return {
    pool,
    state: gameServerState,
    demands: [
      ...equalities.map(([key, value]) => ({ key, values: [value] })),
      ...others.flatMap(demandOf),
      ...roomy('Counter', counters),
      ...roomy('List', lists),
    ],
    matches: candidate => tests.every(test => test(candidate)),
  }
}

/** What an index can make of an expression: nothing of one that demands that there is no such label. */
function demandOf({ key, operator, values = [] }: LabelRequirement): Demand[] {
  if (operator === 'In') return [{ key, values }]
  if (operator === 'DoesNotExist') return []
  return [{ key, allBut: operator === 'NotIn' ? values : [], mayLack: operator === 'NotIn' }]
}

/** By what servers are found: each of their labels, and the counters and lists that have room. */
export function traitsOf(candidate: Candidate): Trait[] {
  const { labels, counters, lists } = candidate
  const traits: Trait[] = Object.entries(labels)
  for (const key in counters) if ((roomOf(candidate, 'Counter', key) ?? 0) > 0) traits.push([roomKey('Counter', key), ''])
  for (const key in lists) if ((roomOf(candidate, 'List', key) ?? 0) > 0) traits.push([roomKey('List', key), ''])
  return traits
}

/** No label begins with a space. */
const roomKey = (type: 'Counter' | 'List', key: string): string => ` room in ${type} ${key}`

function counterFits(
  { counters }: Candidate,
  key: string,
  { minCount = 0, maxCount = 0, minAvailable = 0, maxAvailable = 0 }: CounterSelector,
): boolean {
  const counter = counters?.[key]
  if (counter === undefined) return false
  const { count = 0, capacity = 0 } = counter
  return within(count, minCount, maxCount) && within(capacity - count, minAvailable, maxAvailable)
}

function listFits({ lists }: Candidate, key: string, { containsValue = '', minAvailable = 0, maxAvailable = 0 }: ListSelector): boolean {
  const list = lists?.[key]
  if (list === undefined) return false
  const { values = [], capacity = 0 } = list
  return (containsValue === '' || values.includes(containsValue)) && within(capacity - values.length, minAvailable, maxAvailable)
}

function within(value: number, least: number, most: number): boolean {
  return value >= least && (most === 0 || value <= most)
}
