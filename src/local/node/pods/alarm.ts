import type { Clock } from '../../../kube/clock.ts'

/** Wakes one sleeper: by call or by time. A ring while nobody sleeps is remembered once. */
export class Alarm {
  readonly #clock: Clock
  #rung = false
  #wake: (() => void) | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  ring(): void {
    this.#rung = true
    this.#wake?.()
  }

  /** Resolves at the next ring, or at `until` (milliseconds since the epoch). */
  async sleep(until?: number): Promise<void> {
    if (!this.#rung) {
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#wake = resolve
      const timer = until === undefined ? undefined : this.#clock.after(Math.max(0, until - this.#clock.now()), resolve)
      await promise
      timer?.[Symbol.dispose]()
      this.#wake = undefined
    }
    this.#rung = false
  }
}
