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

/** Messages that wait for their reader. */
export class MessageQueue {
  readonly #waiting: Uint8Array[] = []
  #wake: (() => void) | undefined
  #ended = false

  push(data: Uint8Array): void {
    if (this.#ended) return
    this.#waiting.push(data)
    this.#wake?.()
  }

  /** Lets the reader come to an end when it has read what is there. */
  end(): void {
    this.#ended = true
    this.#wake?.()
  }

  async *read(): AsyncIterableIterator<Uint8Array> {
    for (;;) {
      const next = this.#waiting.shift()
      if (next !== undefined) yield next
      else if (this.#ended) return
      else {
        const { promise, resolve } = Promise.withResolvers<void>()
        this.#wake = resolve
        await promise
        this.#wake = undefined
      }
    }
  }
}
