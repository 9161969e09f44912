/** The choice of one server. Pure but for the random numbers that spread servers. */
import { type AddressPreference, preferredAddress } from '../apis/agones.dev/address-order.ts'
import type { Scheduling } from '../apis/agones.dev/states.ts'
import type { Priority } from '../apis/allocation.agones.dev/game-server-allocation.ts'
import type { Candidate } from './candidate.ts'
import type { Matcher } from './match.ts'
import { byLoad, byPriorities, type Compare, type NodeLoad } from './rank.ts'
import type { ServerIndex, ServersByNode } from './server-index.ts'

export interface Wish {
  readonly namespace: string
  /** In order: the first one with a match wins. */
  readonly selectors: readonly Matcher[]
  readonly scheduling: Scheduling
  readonly priorities: readonly Priority[]
  /** Servers without such an address will not do. */
  readonly addressOrder?: readonly AddressPreference[]
}

type Test = (candidate: Candidate) => boolean

/** The server to allocate; undefined: none matches. `isTaken` are those that are being allocated at the moment. */
export function choose(index: ServerIndex, wish: Wish, isTaken: Test, random: () => number): Candidate | undefined {
  const compare = byPriorities(wish.priorities)
  const { addressOrder: order } = wish
  const has = (candidate: Candidate): boolean => order === undefined || preferredAddress(candidate.addresses, order) !== undefined
  for (const matcher of wish.selectors) {
    const fits: Test = candidate => matcher.matches(candidate) && has(candidate) && !isTaken(candidate)
    const servers = index.narrowed(wish.namespace, matcher)
    const found =
      wish.scheduling === 'Packed'
        ? packed(servers, fits, compare)
        : wish.priorities.length > 0
          ? best(poolsOf(servers), fits, compare)
          : anyOf(servers, fits, random)
    if (found !== undefined) return found
  }
  return undefined
}

/** The first in order of those on the fullest node that has any. */
function packed(groups: readonly ServersByNode[], fits: Test, compare: Compare<Candidate>): Candidate | undefined {
  for (const load of inOrder(groups)) {
    const onNode = groups.flatMap(({ nodes }) => nodes.get(load) ?? [])
    const found = best(onNode, fits, compare)
    if (found !== undefined) return found
  }
  return undefined
}

/** Nearly always one of the fullest nodes has a match, so that the others need not be put in order. */
const fewNodes = 4

function* inOrder(groups: readonly ServersByNode[]): Generator<NodeLoad> {
  let last: NodeLoad | undefined
  for (let given = 0; given < fewNodes; given += 1) {
    let next: NodeLoad | undefined
    for (const { nodes } of groups)
      for (const load of nodes.keys())
        if ((last === undefined || byLoad(last, load) < 0) && (next === undefined || byLoad(load, next) < 0)) next = load
    if (next === undefined) return
    yield next
    last = next
  }
  const rest = new Set(groups.flatMap(({ nodes }) => [...nodes.keys()]))
  yield* [...rest].filter(load => last === undefined || byLoad(last, load) < 0).sort(byLoad)
}

function poolsOf(groups: readonly ServersByNode[]): ReadonlySet<Candidate>[] {
  return groups.flatMap(({ nodes }) => [...nodes.values()])
}

/** Any one; whoever is on a node of his own is as likely as all of another node together. */
function anyOf(groups: readonly ServersByNode[], fits: Test, random: () => number): Candidate | undefined {
  const pools = poolsOf(groups)
  const first = Math.floor(random() * pools.length)
  for (let step = 0; step < pools.length; step += 1) {
    let chosen: Candidate | undefined
    let seen = 0
    for (const candidate of pools[(first + step) % pools.length] ?? []) {
      if (!fits(candidate)) continue
      seen += 1
      if (random() * seen < 1) chosen = candidate
    }
    if (chosen !== undefined) return chosen
  }
  return undefined
}

function best(pools: readonly Iterable<Candidate>[], fits: Test, compare: Compare<Candidate>): Candidate | undefined {
  let winner: Candidate | undefined
  for (const pool of pools)
    for (const candidate of pool) if ((winner === undefined || compare(candidate, winner) < 0) && fits(candidate)) winner = candidate
  return winner
}
