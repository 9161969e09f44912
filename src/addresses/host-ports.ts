import { chooseLeastUsed, protocolsOf } from './allocate/choose-ports.ts'
import type { PortLedger } from './ledger/port-ledger.ts'
import type { Ask } from './model.ts'
import type { PortRange } from './port-range.ts'

/** Host ports of all nodes are counted together: a server gets its ports before it gets its node. */
export const hostPortPool = 'hostPort'

/** One port on the node, of a range. */
export interface HostPortAsk {
  readonly protocol: Ask['protocol']
  readonly range: PortRange
}

/**
 * Ports of nodes for servers that have no pod yet. What is given is held in the ledger until the object that keeps it is seen to, or until
 * it is given back.
 */
export class HostPorts {
  readonly #ledger: PortLedger
  readonly #given = new Map<string, readonly number[]>()

  constructor(ledger: PortLedger) {
    this.#ledger = ledger
  }

  /** One number per ask, all of them different, the least used first; undefined when a range has too few. The same again for the same holder. */
  give(holder: string, asks: readonly HostPortAsk[]): readonly number[] | undefined {
    const earlier = this.#given.get(holder)
    if (earlier?.length === asks.length) return earlier
    const numbers: number[] = []
    for (const [range, of] of Map.groupBy([...asks.entries()], ([, ask]) => ask.range)) {
      const chosen = chooseLeastUsed(
        of.map(([, ask]) => ask),
        hostPortPool,
        range,
        this.#ledger,
      )
      if (chosen === undefined) return undefined
      for (const [at, [index]] of of.entries()) numbers[index] = chosen[at] ?? 0
    }
    this.#given.set(holder, numbers)
    this.hold(
      holder,
      asks.map(({ protocol }, at) => ({ protocol, port: numbers[at] ?? 0 })),
    )
    return numbers
  }

  /** What an object says it has. */
  hold(holder: string, ports: readonly { readonly protocol: Ask['protocol']; readonly port: number }[]): void {
    const holdings = ports.flatMap(({ protocol, port }) =>
      protocolsOf(protocol).map(one => ({ pool: hostPortPool, protocol: one, first: port, last: port })),
    )
    this.#ledger.hold(holder, holdings)
  }

  /** The object that keeps them is there, or never will be. */
  release(holder: string): void {
    this.#given.delete(holder)
    this.#ledger.release(holder)
  }
}
