import type { Clock } from './clock.ts'

/** A rate limit that lets `burst` go at once and then `perSecond`, first come first served. */
export class TokenBucket {
  readonly #clock: Pick<Clock, 'now'>
  readonly #perMs: number
  readonly #burst: number
  #tokens: number
  #at: number

  /** `perSecond` of Infinity sets no limit. */
  constructor(options: { readonly perSecond: number; readonly burst: number; readonly clock: Pick<Clock, 'now'> }) {
    this.#clock = options.clock
    this.#perMs = options.perSecond / 1000
    this.#burst = Math.max(1, options.burst)
    this.#tokens = this.#burst
    this.#at = options.clock.now()
  }

  /** Takes a token, on credit if need be; returns the milliseconds to wait before it counts. */
  reserve(): number {
    if (this.#perMs === Number.POSITIVE_INFINITY) return 0
    this.#refill()
    this.#tokens -= 1
    return this.#tokens >= 0 ? 0 : -this.#tokens / this.#perMs
  }

  /** Takes a token only if one is there now. */
  tryTake(): boolean {
    if (this.#perMs === Number.POSITIVE_INFINITY) return true
    this.#refill()
    if (this.#tokens < 1) return false
    this.#tokens -= 1
    return true
  }

  #refill(): void {
    const now = this.#clock.now()
    this.#tokens = Math.min(this.#burst, this.#tokens + Math.max(0, now - this.#at) * this.#perMs)
    this.#at = now
  }
}
