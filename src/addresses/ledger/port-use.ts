/** How often each port number of one container and one protocol is used. More than once only where that is no conflict (host ports). */
export class PortUse {
  readonly #uses = new Map<number, number>()

  /** Number of distinct ports in use. */
  get size(): number {
    return this.#uses.size
  }

  uses(port: number): number {
    return this.#uses.get(port) ?? 0
  }

  /** Both ends inclusive. */
  add(first: number, last: number): void {
    for (let port = first; port <= last; port++) this.#uses.set(port, this.uses(port) + 1)
  }

  /** Undoes one `add` of the same ports. */
  remove(first: number, last: number): void {
    for (let port = first; port <= last; port++) {
      const uses = this.uses(port) - 1
      if (uses > 0) this.#uses.set(port, uses)
      else this.#uses.delete(port)
    }
  }
}
