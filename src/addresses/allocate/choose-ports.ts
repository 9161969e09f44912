import type { Ask } from '../model.ts'
import type { PortRange } from '../port-range.ts'

type L4 = 'TCP' | 'UDP'

/** What an allocation looks at; a ledger has it. */
export interface Room {
  uses(pool: string, protocol: L4, port: number): number
  used(pool: string): number
}

/** One pool and in it one number per ask, in the order of the asks. */
export interface Choice {
  readonly pool: string
  readonly numbers: readonly number[]
}

/** `TCPUDP` is one number on both protocols. */
export function protocolsOf(protocol: Ask['protocol']): readonly L4[] {
  return protocol === 'TCPUDP' ? ['TCP', 'UDP'] : [protocol]
}

/**
 * The pure choice of ports: all asks in one pool or none. Without `spread` the first pool with room, in the order given; with it the pool
 * with the fewest ports in use. Within the pool the lowest free numbers.
 */
export function choosePorts(
  asks: readonly Pick<Ask, 'protocol'>[],
  pools: readonly string[],
  range: PortRange,
  room: Room,
  spread: boolean,
): Choice | undefined {
  const order = spread ? pools.toSorted((a, b) => room.used(a) - room.used(b)) : pools
  for (const pool of order) {
    const numbers = chooseInPool(asks, pool, range, room)
    if (numbers !== undefined) return { pool, numbers }
  }
  return undefined
}

/** The lowest free numbers of one pool, one per ask; undefined when not all asks find one. */
export function chooseInPool(asks: readonly Pick<Ask, 'protocol'>[], pool: string, range: PortRange, room: Room): number[] | undefined {
  const taken = { TCP: new Set<number>(), UDP: new Set<number>() }
  const numbers: number[] = []
  // Asks for both protocols first: one for a single protocol could take the only number that is free on both.
  const order = [...asks.keys()].toSorted((a, b) => weight(asks[b]) - weight(asks[a]) || a - b)
  for (const at of order) {
    const protocols = protocolsOf(asks[at]?.protocol ?? 'TCP')
    const number = lowestFree(range, port =>
      protocols.every(protocol => !taken[protocol].has(port) && room.uses(pool, protocol, port) === 0),
    )
    if (number === undefined) return undefined
    for (const protocol of protocols) taken[protocol].add(number)
    numbers[at] = number
  }
  return numbers
}

const weight = (ask: Pick<Ask, 'protocol'> | undefined): number => (ask?.protocol === 'TCPUDP' ? 1 : 0)

function lowestFree(range: PortRange, isFree: (port: number) => boolean): number | undefined {
  for (let port = range.min; port <= range.max; port++) if (!range.blocked.includes(port) && isFree(port)) return port
  return undefined
}

/**
 * Host ports: many pods may have the same number, on different nodes, so the least used numbers are taken, the lowest first among equals.
 * All numbers of one pod differ. Undefined when the range has fewer numbers than asks.
 */
export function chooseLeastUsed(asks: readonly Pick<Ask, 'protocol'>[], pool: string, range: PortRange, room: Room): number[] | undefined {
  const taken = new Set<number>()
  const numbers: number[] = []
  for (const ask of asks) {
    const protocols = protocolsOf(ask.protocol)
    let best: number | undefined
    let fewest = Number.POSITIVE_INFINITY
    for (let port = range.min; port <= range.max && fewest > 0; port++) {
      if (taken.has(port) || range.blocked.includes(port)) continue
      const uses = protocols.reduce((most, protocol) => Math.max(most, room.uses(pool, protocol, port)), 0)
      if (uses < fewest) {
        fewest = uses
        best = port
      }
    }
    if (best === undefined) return undefined
    taken.add(best)
    numbers.push(best)
  }
  return numbers
}
