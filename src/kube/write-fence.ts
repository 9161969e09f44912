import type { Clock } from './clock.ts'
import type { Stopwatch } from './stopwatch.ts'

/** The leave to write has ended: nothing was sent. Not for repeating: whoever may write now does what is left. */
export class FencedError extends Error {
  override readonly name = 'FencedError'
  readonly code = 'KUBE_FENCED'
}

/** What a transport asks at the last moment before a write goes out. */
export interface Fence {
  /** Throws {@link FencedError} when nothing may be sent any more. */
  check(): void
  /** Registers a write that goes out now, to be given up when the fence closes. Dispose when its answer has begun. */
  enter(abort: (reason: FencedError) => void): Disposable
}

/**
 * The leave of one term of leadership to write. It is open only while the term certainly lasts by this machine's own clocks, and once
 * closed never opens again: what a term has left behind, such as a promise that continues late, cannot write in the next one.
 *
 * Time is compared with every check and not only by a timer: a process that was stopped (SIGSTOP, a laptop that slept, a stalled event loop) may
 * get to a write before the timer that should have closed the fence.
 */
export class WriteFence implements Fence, Disposable {
  readonly #clock: Pick<Clock, 'after'>
  readonly #closed = new AbortController()
  readonly #inFlight = new Set<(reason: FencedError) => void>()
  #age: Stopwatch = () => Number.POSITIVE_INFINITY
  #limitMs = 0
  #timer: Disposable | undefined
  #reason: FencedError | undefined

  /** Shut for good only by {@link close}; open from the first {@link extend}. */
  constructor(clock: Pick<Clock, 'after'>) {
    this.#clock = clock
  }

  /** Aborted with a {@link FencedError} when the fence closes. */
  get signal(): AbortSignal {
    return this.#closed.signal
  }

  get isOpen(): boolean {
    return !this.#closed.signal.aborted && this.#age() < this.#limitMs
  }

  /** Milliseconds for which it stays open if nothing extends it. */
  get leftMs(): number {
    return this.#closed.signal.aborted ? 0 : Math.max(0, this.#limitMs - this.#age())
  }

  /** Open until the stopwatch says `limitMs`. A fence that has closed, or has run out unseen, stays closed. */
  extend(age: Stopwatch, limitMs: number): void {
    if (this.#closed.signal.aborted) return
    if (this.#limitMs > 0 && !this.isOpen) return this.#runOut()
    this.#age = age
    this.#limitMs = limitMs
    this.#watch()
  }

  close(why: string): void {
    if (this.#closed.signal.aborted) return
    this.#timer?.[Symbol.dispose]()
    const reason = new FencedError(why)
    this.#reason = reason
    this.#closed.abort(reason)
    for (const abort of this.#inFlight) abort(reason)
    this.#inFlight.clear()
  }

  check(): void {
    if (this.isOpen) return
    this.#runOut()
    throw this.#reason ?? new FencedError('the fence was never opened')
  }

  enter(abort: (reason: FencedError) => void): Disposable {
    // A function of its own, so that the same one may enter twice.
    const entry = (reason: FencedError): void => abort(reason)
    this.#inFlight.add(entry)
    return { [Symbol.dispose]: () => void this.#inFlight.delete(entry) }
  }

  [Symbol.dispose](): void {
    this.close('the work is over')
  }

  #watch(): void {
    this.#timer?.[Symbol.dispose]()
    this.#timer = this.#clock.after(this.leftMs, () => {
      // Timers and stopwatches may differ by a fraction.
      if (this.isOpen) this.#watch()
      else this.#runOut()
    })
  }

  #runOut(): void {
    this.close('the lease was not renewed in time: another may lead')
  }
}
