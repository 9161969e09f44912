/** The choice of one server. Pure but for the random numbers that spread servers. */
import type { GameServer } from '../apis/agones.dev/game-server.ts'
import type { Priority } from '../apis/allocation.agones.dev/game-server-allocation.ts'
import type { Scheduling } from '../apis/agones.dev/states.ts'
import type { DeepReadonly } from '../kube/object.ts'
import type { Matcher } from './match.ts'
import { byLoad, byPriorities, type Compare } from './rank.ts'
import type { ServerIndex } from './server-index.ts'

type Server = DeepReadonly<GameServer>

export interface Wish {
  readonly namespace: string
  /** In order: the first one with a match wins. */
  readonly selectors: readonly Matcher[]
  readonly scheduling: Scheduling
  readonly priorities: readonly Priority[]
}

/** A set beyond this is not looked through as a whole where the order of nodes leads to a match sooner. */
const fewServers = 1000

/** The server to allocate; undefined: none matches. `isTaken` are those that are being allocated at the moment. */
export function choose(index: ServerIndex, wish: Wish, isTaken: (server: Server) => boolean, random: () => number): Server | undefined {
  const compare = byPriorities(wish.priorities)
  for (const matcher of wish.selectors) {
    const fits = (server: Server): boolean => matcher.matches(server) && !isTaken(server)
    const narrowed = index.narrowed(wish.namespace, matcher)
    const found =
      wish.scheduling === 'Packed'
        ? packed(index, wish.namespace, matcher, narrowed, fits, compare)
        : distributed(index, wish, matcher, narrowed, fits, compare, random)
    if (found !== undefined) return found
  }
  return undefined
}

function packed(
  index: ServerIndex,
  namespace: string,
  matcher: Matcher,
  narrowed: ReadonlySet<Server> | undefined,
  fits: (server: Server) => boolean,
  compare: Compare<Server>,
): Server | undefined {
  if (narrowed !== undefined && narrowed.size <= fewServers) {
    const full: Compare<Server> = (a, b) => byLoad(index.loadOf(nodeOf(a)), index.loadOf(nodeOf(b))) || compare(a, b)
    return best(narrowed, fits, full)
  }
  const nodes = index.nodes(namespace, matcher.state)
  // Nearly always the fullest node has a match, so that the others need not be put in order.
  const first = nodes.reduce<(typeof nodes)[number] | undefined>(
    (a, b) => (a === undefined || byLoad(b.load, a.load) < 0 ? b : a),
    undefined,
  )
  const found = first && best(first.servers, fits, compare)
  if (found !== undefined) return found
  for (const { servers } of nodes.filter(node => node !== first).sort((a, b) => byLoad(a.load, b.load))) {
    const next = best(servers, fits, compare)
    if (next !== undefined) return next
  }
  return undefined
}

function distributed(
  index: ServerIndex,
  { namespace, priorities }: Wish,
  matcher: Matcher,
  narrowed: ReadonlySet<Server> | undefined,
  fits: (server: Server) => boolean,
  compare: Compare<Server>,
  random: () => number,
): Server | undefined {
  const pools = narrowed === undefined ? index.nodes(namespace, matcher.state).map(({ servers }) => servers) : [narrowed]
  if (priorities.length > 0) {
    const winners = pools.flatMap(pool => best(pool, fits, compare) ?? [])
    return best(winners, () => true, compare)
  }
  let chosen: Server | undefined
  let seen = 0
  for (const pool of pools) {
    for (const server of pool) {
      if (!fits(server)) continue
      seen += 1
      if (random() * seen < 1) chosen = server
    }
  }
  return chosen
}

function best(servers: Iterable<Server>, fits: (server: Server) => boolean, compare: Compare<Server>): Server | undefined {
  let winner: Server | undefined
  for (const server of servers) if ((winner === undefined || compare(server, winner) < 0) && fits(server)) winner = server
  return winner
}

function nodeOf({ status }: Server): string {
  return status?.nodeName ?? ''
}
