import type { Clock } from './clock.ts'
import type { ObjectKey } from './object.ts'

export interface DoubtsOptions {
  readonly clock: Clock
  /** Asks the API. Rejects when there is no answer: then it is asked again. */
  readonly isThere: (key: ObjectKey) => Promise<boolean>
  /** It is not there, and nothing was written under this key since it was asked. */
  readonly gone: (key: ObjectKey) => void
}

/** So long the watch has to show a write, in milliseconds. */
const patienceMs = 5000

/**
 * Writes that no watch has shown yet. Mostly the watch is only late; but an object that came and went between two lists, or whose write was lost
 * with its server, will never be shown, and whoever waits for the news would wait for ever. So after a while the API is asked.
 */
export class Doubts implements Disposable {
  readonly #options: DoubtsOptions
  readonly #since = new Map<ObjectKey, number>()
  #timer: Disposable | undefined

  constructor(options: DoubtsOptions) {
    this.#options = options
  }

  /** The object was written just now, perhaps once more. */
  about(key: ObjectKey): void {
    this.#since.set(key, this.#options.clock.now())
    this.#arm()
  }

  /** The watch has shown it, or nobody waits for it any more. */
  over(key: ObjectKey): void {
    this.#since.delete(key)
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]()
    this.#timer = undefined
    this.#since.clear()
  }

  #arm(): void {
    this.#timer ??= this.#options.clock.after(patienceMs, () => void this.#ask())
  }

  async #ask(): Promise<void> {
    const { clock, isThere, gone } = this.#options
    const now = clock.now()
    const asked = [...this.#since].filter(([, since]) => now - since >= patienceMs)
    const there = await Promise.all(asked.map(([key]) => isThere(key).catch(() => true)))
    this.#timer = undefined
    for (const [index, [key, since]] of asked.entries()) {
      if (there[index] === true || this.#since.get(key) !== since) continue
      this.#since.delete(key)
      gone(key)
    }
    if (this.#since.size > 0) this.#arm()
  }
}
