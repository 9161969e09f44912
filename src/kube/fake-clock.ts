import { setImmediate as nextTurn } from 'node:timers/promises'
import { type Clock, sleepOn } from './clock.ts'
import { DelayHeap } from './delay-heap.ts'

/** A clock for tests: time stands still until `advance`. */
export class FakeClock implements Clock {
  readonly #timers = new DelayHeap<{ callback: () => void }>()
  #now: number
  #asleep = 0

  /** Starts at the given milliseconds since the epoch; default 2026-01-01T00:00:00Z. */
  constructor(now = Date.UTC(2026, 0, 1)) {
    this.#now = now
  }

  now(): number {
    return this.#now
  }

  monotonic(): number {
    return this.#now - this.#asleep
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return sleepOn(this, ms, signal)
  }

  after(ms: number, callback: () => void): Disposable {
    const timer = { callback }
    this.#timers.add(timer, this.#now + Math.max(0, ms))
    return { [Symbol.dispose]: () => this.#timers.delete(timer) }
  }

  /** Lets `ms` pass without a turn of the event loop, as when the process is stopped: timers that are due fire with the next `advance`. */
  stall(ms: number): void {
    this.#now += ms
  }

  /** The machine sleeps for `ms`: the wall clock goes on, the monotonic one does not. */
  suspend(ms: number): void {
    this.#now += ms
    this.#asleep += ms
  }

  /** Lets `ms` pass: timers fire in order, each at its own time, and promises that follow from them settle in between. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms
    await settle()
    for (let next = this.#timers.nextAt; next !== undefined && next <= end; next = this.#timers.nextAt) {
      this.#now = Math.max(this.#now, next)
      this.#timers.takeDue(this.#now)?.key.callback()
      await settle()
    }
    this.#now = end
  }
}

/** A few turns of the real event loop: every chain of promises that needs no I/O has settled after them. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await nextTurn()
}
