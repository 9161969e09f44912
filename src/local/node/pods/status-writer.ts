import { isConflict, isNotFound } from '../../../kube/api-error.ts'
import type { Client } from '../../../kube/client.ts'
import type { Clock } from '../../../kube/clock.ts'
import type { Logger } from '../../../kube/logger.ts'
import { pods } from '../../../apis/core/resources.generated.ts'
import type { PodStatus } from '../../../apis/core/types.generated.ts'
import { messageOf } from '../node-error.ts'
import type { PodObject } from './container-state.ts'
import { statusPatch } from './status-patch.ts'

export interface StatusWriterOptions {
  readonly client: Client
  readonly clock: Clock
  readonly logger: Logger
  /** The newest version of the pod that is known. */
  readonly pod: () => PodObject
  readonly compute: () => PodStatus
  /** The pod as the server answered a write. */
  readonly onWritten: (pod: PodObject) => void
}

/** Changes this close together become one write. */
const gatherMs = 5
/** While a pod's containers are being started, their changes are gathered for at most this long. */
const holdMs = 500
const retryMs = 1_000

/** Brings a pod's status to the API server: one write for what changes together, none when nothing differs. */
export class StatusWriter {
  readonly #options: StatusWriterOptions
  #dirtySince: number | undefined
  #held = false
  #timer: Disposable | undefined
  #writing: Promise<void> | undefined
  #closed = false
  /** The newest write: the same again means that somebody writes otherwise, and is not answered at once. */
  #last: { readonly text: string; readonly at: number } | undefined

  constructor(options: StatusWriterOptions) {
    this.#options = options
  }

  /** Something may have changed. */
  mark(): void {
    this.#dirtySince ??= this.#options.clock.now()
    this.#arm()
  }

  /** Gathers longer until {@link release}. */
  hold(): void {
    this.#held = true
  }

  release(): void {
    this.#held = false
    if (this.#dirtySince !== undefined) this.#arm()
  }

  /** Writes at once what is held, and goes on holding. */
  async flush(): Promise<void> {
    this.#timer?.[Symbol.dispose]()
    await this.#writing
    if (this.#closed) return
    this.#startWriting()
    await this.#writing
  }

  /** Writes what is left now, and nothing any more after that. */
  async close(): Promise<void> {
    this.#closed = true
    this.#timer?.[Symbol.dispose]()
    await this.#writing
    await this.#write()
  }

  /** Stops without another write. */
  async abandon(): Promise<void> {
    this.#closed = true
    this.#timer?.[Symbol.dispose]()
    await this.#writing
  }

  #arm(): void {
    if (this.#closed || this.#writing !== undefined || this.#dirtySince === undefined) return
    const { clock } = this.#options
    const wait = this.#held ? this.#dirtySince + holdMs - clock.now() : gatherMs
    this.#timer?.[Symbol.dispose]()
    this.#timer = clock.after(Math.max(0, wait), () => this.#startWriting())
  }

  #startWriting(): void {
    this.#writing = this.#write().finally(() => {
      this.#writing = undefined
      this.#arm()
    })
  }

  async #write(): Promise<void> {
    const { client, clock, logger, pod, compute, onWritten } = this.#options
    const current = pod()
    this.#dirtySince = undefined
    const patch = statusPatch(current, compute())
    if (patch === undefined) return
    const text = JSON.stringify(patch)
    if (this.#last?.text === text && clock.now() - this.#last.at < retryMs && !this.#closed) {
      this.#markLater()
      return
    }
    this.#last = { text, at: clock.now() }
    const { namespace = 'default', name, uid } = current.metadata
    try {
      // With the uid in it the patch cannot hit a namesake of a pod that is gone.
      onWritten(
        await client.patch(pods, { namespace, name }, { metadata: { uid }, ...patch }, { type: 'strategic', subresource: 'status' }),
      )
    } catch (error) {
      if (isNotFound(error)) return
      // A conflict may be a namesake: then the watch is about to end this pod, and with it the writer.
      if (!isConflict(error)) logger.warn('pod status was not written', { namespace, name, error: messageOf(error) })
      if (!this.#closed) this.#markLater()
    }
  }

  #markLater(): void {
    this.#timer?.[Symbol.dispose]()
    this.#timer = this.#options.clock.after(retryMs, () => this.mark())
  }
}
