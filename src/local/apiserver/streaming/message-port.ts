/** Whole binary messages in both directions: a WebSocket, or a pipe within the process. */
export interface MessagePort {
  /** Resolves when the message has left, so that a slow reader slows its source. */
  send(data: Uint8Array): Promise<void>
  /** Ends when the other side has closed. */
  messages(): AsyncIterable<Uint8Array>
  close(): void
  /** Aborted when either side closes. */
  readonly closed: AbortSignal
}

/** How many messages wait before a writer has to. */
const HIGH_WATER = 64

/** Messages that wait for their reader. */
export class MessageQueue {
  readonly #waiting: Uint8Array[] = []
  #wake: (() => void) | undefined
  #room: (() => void)[] = []
  #ended = false

  /** Resolves when there is room for the next message. */
  async push(data: Uint8Array): Promise<void> {
    if (this.#ended) return
    this.#waiting.push(data)
    this.#wake?.()
    if (this.#waiting.length <= HIGH_WATER) return
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#room.push(resolve)
    await promise
  }

  /** Lets the reader come to an end when it has read what is there. */
  end(): void {
    this.#ended = true
    this.#wake?.()
    this.#release()
  }

  async *read(): AsyncIterableIterator<Uint8Array> {
    for (;;) {
      const next = this.#waiting.shift()
      if (next !== undefined) {
        if (this.#waiting.length < HIGH_WATER) this.#release()
        yield next
      } else if (this.#ended) return
      else {
        const { promise, resolve } = Promise.withResolvers<void>()
        this.#wake = resolve
        await promise
        this.#wake = undefined
      }
    }
  }

  #release(): void {
    const room = this.#room
    this.#room = []
    for (const resolve of room) resolve()
  }
}
