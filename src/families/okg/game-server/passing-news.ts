import type { Clock } from '../../../kube/clock.ts'

/** After this long without an urgent write, in milliseconds, news that may pass is no longer in its way. */
const quietMs = 500
/** What goes out all the same meanwhile, so that nobody looks dead: at first so many, then one a second and one per so many urgent writes. */
const atFirst = 10
const perSecond = 1
const perUrgent = 1 / 20

/**
 * Turns for writes of states that may pass. While servers come up, such news only slows them down, and a mass start on a busy API server
 * would be slowed down most by the news of its own slowness. So few are written while urgent writes flow, and all when they do not: what
 * waits is either overtaken by better news or written a moment later.
 */
export class PassingNews {
  readonly #clock: Pick<Clock, 'now'>
  #urgentAt = Number.NEGATIVE_INFINITY
  #turns = atFirst
  #countedAt: number

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock
    this.#countedAt = clock.now()
  }

  /** Something was written that cannot wait: a new server, or one that is ready. */
  urgentWritten(): void {
    this.#urgentAt = this.#clock.now()
    this.#gain(perUrgent)
  }

  /** Zero: write now. Otherwise ask again after so many milliseconds. */
  waitMs(): number {
    const now = this.#clock.now()
    const quietAt = this.#urgentAt + quietMs
    if (now >= quietAt) return 0
    this.#gain((Math.max(0, now - this.#countedAt) / 1000) * perSecond)
    this.#countedAt = now
    if (this.#turns < 1) return quietAt - now
    this.#turns -= 1
    return 0
  }

  #gain(turns: number): void {
    this.#turns = Math.min(atFirst, this.#turns + turns)
  }
}
