/** Which of a player's numbered messages have come: so that anyone can prove whether one was lost. */
export class Ledger {
  /** @type {Map<string, { received: number, highest: number, missing: Set<number> }>} */
  #players = new Map()

  /** @param {string} player @param {number} n messages are numbered from 1 */
  record(player, n) {
    const state = this.#players.get(player) ?? { received: 0, highest: 0, missing: new Set() }
    this.#players.set(player, state)
    if (n > state.highest) {
      // A player who numbers wildly must not fill the memory.
      for (let gap = Math.max(state.highest + 1, n - 10_000); gap < n; gap++) state.missing.add(gap)
      state.highest = n
      state.received++
    } else if (state.missing.delete(n)) state.received++
    return { received: state.received, missing: state.missing.size }
  }

  get totals() {
    const all = [...this.#players.values()]
    return { players: all.length, received: sum(all.map(one => one.received)), missing: sum(all.map(one => one.missing.size)) }
  }
}

/** @param {number[]} numbers */
const sum = numbers => numbers.reduce((total, number) => total + number, 0)
