/** Bounds how many pieces of work run at the same time; the rest waits in order. */
export class Semaphore {
  #free: number
  readonly #waiting = new Set<() => void>()

  constructor(permits: number) {
    this.#free = permits
  }

  /** Rejects as the work does, or with the signal's reason where the work has not begun by then. */
  async run<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted()
    if (this.#free > 0) this.#free--
    else await this.#turn(signal)
    try {
      return await work()
    } finally {
      const next = this.#waiting.values().next()
      if (next.done === true) this.#free++
      else {
        this.#waiting.delete(next.value)
        next.value()
      }
    }
  }

  async #turn(signal: AbortSignal | undefined): Promise<void> {
    const turn = Promise.withResolvers<void>()
    const giveUp = (): void => {
      // Who has been called already has the permit, and uses it.
      if (this.#waiting.delete(turn.resolve)) turn.reject(signal?.reason)
    }
    this.#waiting.add(turn.resolve)
    signal?.addEventListener('abort', giveUp, { once: true })
    try {
      await turn.promise
    } finally {
      signal?.removeEventListener('abort', giveUp)
    }
  }
}
