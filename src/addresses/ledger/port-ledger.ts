import { PortUse } from './port-use.ts'

/** Ports one holder has in one container of addresses; both ends inclusive. */
export interface Holding {
  /** The container: a load balancer, the host ports of the cluster. */
  readonly pool: string
  readonly protocol: 'TCP' | 'UDP'
  readonly first: number
  readonly last: number
}

/**
 * Who holds which ports. A view of the objects that hold allocations and of the writes under way, never a truth of its own: it is rebuilt
 * from the objects at start, and a port is free when the object that held it is gone. TCP and UDP are apart.
 */
export class PortLedger {
  readonly #holdings = new Map<string, readonly Holding[]>()
  readonly #pools = new Map<string, { readonly TCP: PortUse; readonly UDP: PortUse }>()
  readonly #listeners = new Set<(pool: string) => void>()

  /** What a holder has from now on, instead of what it had. Listeners hear of pools in which something became free. */
  hold(holder: string, holdings: readonly Holding[]): void {
    const before = this.#holdings.get(holder)
    if (before === undefined && holdings.length === 0) return
    for (const holding of holdings) this.#use(holding).add(holding.first, holding.last)
    if (holdings.length > 0) this.#holdings.set(holder, holdings)
    else this.#holdings.delete(holder)
    if (before === undefined) return
    for (const holding of before) this.#use(holding).remove(holding.first, holding.last)
    const freed = new Set(before.filter(holding => !holdings.some(other => covers(other, holding))).map(holding => holding.pool))
    for (const pool of freed) for (const listener of this.#listeners) listener(pool)
  }

  release(holder: string): void {
    this.hold(holder, [])
  }

  holdingsOf(holder: string): readonly Holding[] {
    return this.#holdings.get(holder) ?? []
  }

  /** How many holders use a port. */
  uses(pool: string, protocol: 'TCP' | 'UDP', port: number): number {
    return this.#pools.get(pool)?.[protocol].uses(port) ?? 0
  }

  /** Distinct ports in use in a pool; TCP and UDP counted apart. */
  used(pool: string): number {
    const uses = this.#pools.get(pool)
    return uses === undefined ? 0 : uses.TCP.size + uses.UDP.size
  }

  /** Calls back with a pool whenever ports in it became free. */
  onFreed(listener: (pool: string) => void): Disposable {
    this.#listeners.add(listener)
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) }
  }

  #use(holding: Holding): PortUse {
    let uses = this.#pools.get(holding.pool)
    if (uses === undefined) this.#pools.set(holding.pool, (uses = { TCP: new PortUse(), UDP: new PortUse() }))
    return uses[holding.protocol]
  }
}

/** The same ports of the same container. */
export function sameHolding(a: Holding, b: Holding): boolean {
  return a.pool === b.pool && a.protocol === b.protocol && a.first === b.first && a.last === b.last
}

function covers(outer: Holding, inner: Holding): boolean {
  return outer.pool === inner.pool && outer.protocol === inner.protocol && outer.first <= inner.first && outer.last >= inner.last
}
