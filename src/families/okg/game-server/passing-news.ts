import type { Clock } from '../../../kube/clock.ts'
import { TokenBucket } from '../../../kube/token-bucket.ts'

/** After this long without an urgent write, in milliseconds, news that may pass is no longer in its way. */
const quietMs = 500
/** What goes out all the same meanwhile, so that nobody looks dead. */
const meanwhile = { perSecond: 10, burst: 20 } as const

/**
 * Turns for writes of states that may pass. While servers come up, such news only slows them down, and a mass start on a busy API server
 * would be slowed down most by the news of its own slowness. So few are written while urgent writes flow, and all when they do not: what
 * waits is either overtaken by better news or written a moment later.
 */
export class PassingNews {
  readonly #clock: Pick<Clock, 'now'>
  readonly #bucket: TokenBucket
  #urgentAt = Number.NEGATIVE_INFINITY

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock
    this.#bucket = new TokenBucket({ ...meanwhile, clock })
  }

  /** Something was written that cannot wait: a new server, or one that is ready. */
  urgentWritten(): void {
    this.#urgentAt = this.#clock.now()
  }

  /** Zero: write now. Otherwise ask again after so many milliseconds. */
  waitMs(): number {
    const quietAt = this.#urgentAt + quietMs
    const now = this.#clock.now()
    return now >= quietAt || this.#bucket.tryTake() ? 0 : quietAt - now
  }
}
