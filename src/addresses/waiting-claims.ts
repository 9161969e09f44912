/** Claims without capacity, in the order they came, with the pools they could be served from. */
export class WaitingClaims {
  readonly #pools = new Map<string, ReadonlySet<string>>()

  add(claimKey: string, pools: readonly string[]): void {
    if (!this.#pools.has(claimKey)) this.#pools.set(claimKey, new Set(pools))
  }

  remove(claimKey: string): void {
    this.#pools.delete(claimKey)
  }

  /** Who could use room in a pool, longest waiting first. */
  waitingFor(pool: string): readonly string[] {
    return [...this.#pools].filter(([, pools]) => pools.has(pool)).map(([claimKey]) => claimKey)
  }
}
