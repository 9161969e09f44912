/** Signs of life of a game. Pure: who calls says what time it is, in milliseconds. */
export interface HealthSettings {
  readonly disabled: boolean
  readonly periodSeconds: number
  readonly failureThreshold: number
  readonly initialDelaySeconds: number
}

/** Counts the periods that passed without a ping; unhealthy when there are too many in a row. */
export class Health {
  readonly #settings: HealthSettings
  #pingedAt: number | undefined
  #checkedAt: number | undefined
  #failures = 0

  constructor(settings: HealthSettings) {
    this.#settings = settings
  }

  get isHealthy(): boolean {
    return this.#settings.disabled || this.#failures < this.#settings.failureThreshold
  }

  /** The game is alive. */
  ping(now: number): void {
    this.#pingedAt = now
    this.#failures = 0
  }

  /** Kubelet asks for the first time, so the initial delay is over: periods count from here. */
  begin(now: number): void {
    this.#checkedAt ??= now
  }

  /** To be called at least once a period; counts the periods that ended since the last call. Whether the game is healthy. */
  check(now: number): boolean {
    if (this.#checkedAt === undefined || this.#settings.disabled) return this.isHealthy
    const period = this.#settings.periodSeconds * 1000
    while (this.#checkedAt + period <= now) {
      this.#checkedAt += period
      if (this.#pingedAt === undefined || this.#pingedAt + period < this.#checkedAt) this.#failures += 1
    }
    return this.isHealthy
  }
}
