import type { GameServer } from '../apis/agones.dev/game-server.ts'
import type { Clock } from '../kube/clock.ts'
import type { Logger } from '../kube/logger.ts'
import type { DeepReadonly } from '../kube/object.ts'
import { type GameServerSource, StaleError } from './game-server-source.ts'
import { applied, isEmpty, isFinal, merged, nothingPending, patchOf, type Pending } from './pending.ts'

export interface WriterOptions {
  readonly source: GameServerSource
  readonly clock: Clock
  readonly logger: Logger
  /** The least time between two writes, in milliseconds. The first goes out at once. */
  readonly rateLimitMs: number
  /** Told after each write. */
  readonly onWritten: (batch: Pending) => void
}

const retryMs = { first: 50, most: 5000 }

/** Brings what a game asks for to the API server: the first request at once, those that follow soon after it in one write. */
export class Writer implements Disposable {
  readonly #options: WriterOptions
  readonly #stop = new AbortController()
  #pending = nothingPending
  /** The server as it will be when the write that is under way has succeeded. */
  #underWay: DeepReadonly<GameServer> | undefined
  #writtenAt = Number.NEGATIVE_INFINITY
  #work: Promise<void> | undefined

  constructor(options: WriterOptions) {
    this.#options = options
  }

  /** The server that {@link pending} is on top of: as stored, or as it will be after the write that is under way. */
  get base(): DeepReadonly<GameServer> {
    return this.#underWay ?? this.#options.source.current()
  }

  /** What no write has taken up yet. */
  get pending(): Pending {
    return this.#pending
  }

  /** Changes what is to be written; written soon. */
  change(update: (pending: Pending) => Pending): void {
    this.#pending = update(this.#pending)
    this.#begin()
  }

  #begin(): void {
    if (isEmpty(this.#pending) || this.#stop.signal.aborted) return
    this.#work ??= this.#run().finally(() => {
      this.#work = undefined
      // Asked for after the last look and before now.
      this.#begin()
    })
  }

  /** Resolves when nothing waits any more. */
  async whenIdle(): Promise<void> {
    while (this.#work !== undefined) await this.#work
  }

  [Symbol.dispose](): void {
    this.#stop.abort()
  }

  async #run(): Promise<void> {
    const { clock, rateLimitMs, logger } = this.#options
    const { signal } = this.#stop
    let waitMs = retryMs.first
    try {
      while (!isEmpty(this.#pending)) {
        const early = this.#writtenAt + rateLimitMs - clock.now()
        if (early > 0) await clock.sleep(early, signal)
        const batch = this.#pending
        this.#pending = nothingPending
        try {
          await this.#write(batch, signal)
          this.#writtenAt = clock.now()
          waitMs = retryMs.first
        } catch (error) {
          if (signal.aborted) return
          this.#underWay = undefined
          this.#pending = merged(batch, this.#pending)
          if (!(error instanceof StaleError))
            logger.warn('the GameServer could not be written', { error: String(error), retryInMs: waitMs })
          await clock.sleep(waitMs, signal)
          waitMs = Math.min(2 * waitMs, retryMs.most)
        } finally {
          this.#underWay = undefined
        }
      }
    } catch (error) {
      if (!signal.aborted) throw error
    }
  }

  async #write(batch: Pending, signal: AbortSignal): Promise<void> {
    const { source, clock, onWritten } = this.#options
    const stored = source.current()
    if (stored.metadata.deletionTimestamp !== undefined) return
    const wanted = applied(stored, batch, clock.now())
    const steps = patchOf(stored, wanted)
    if (steps === undefined) return
    this.#underWay = wanted
    const { state, ...others } = batch
    await source.patch(steps, signal)
    onWritten(isFinal(stored) ? others : { ...others, ...(state !== undefined && { state }) })
  }
}
