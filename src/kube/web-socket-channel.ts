import type { IncomingMessage } from 'node:http'
import { type ClientOptions, type RawData, WebSocket } from 'ws'
import { ApiError } from './api-error.ts'
import { abortReason } from './clock.ts'
import type { TransportChannel } from './transport.ts'

/** Opens a WebSocket; throws {@link ApiError} with the server's words when it refuses the upgrade. */
export function openWebSocket(
  url: string,
  protocols: readonly string[],
  options: ClientOptions,
  signal?: AbortSignal,
): Promise<TransportChannel> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(abortReason(signal))
      return
    }
    const socket = new WebSocket(url, [...protocols], options)
    const channel = new WebSocketChannel(socket)
    const onAbort = (): void => {
      socket.terminate()
      if (signal !== undefined) reject(abortReason(signal))
    }
    signal?.addEventListener('abort', onAbort, { once: true })
    socket.once('open', () => {
      signal?.removeEventListener('abort', onAbort)
      resolve(channel)
    })
    socket.once('error', error => {
      signal?.removeEventListener('abort', onAbort)
      reject(ApiError.unreachable(error))
    })
    socket.once('unexpected-response', (_request, response: IncomingMessage) => {
      void readRefusal(response).then(error => {
        reject(error)
        socket.terminate()
      })
    })
  })
}

async function readRefusal(response: IncomingMessage): Promise<ApiError> {
  const chunks: Buffer[] = []
  try {
    for await (const chunk of response) chunks.push(chunk as Buffer)
  } catch {
    // The status alone must do.
  }
  const text = Buffer.concat(chunks).toString('utf8')
  let body: unknown = text
  try {
    body = JSON.parse(text)
  } catch {
    // Not every server and proxy answers with JSON.
  }
  return ApiError.fromResponse(response.statusCode ?? 0, body)
}

class WebSocketChannel implements TransportChannel {
  readonly #socket: WebSocket
  readonly #waiting: Uint8Array[] = []
  #wake: (() => void) | undefined
  #closed = false

  constructor(socket: WebSocket) {
    this.#socket = socket
    socket.on('message', (data: RawData) => {
      this.#waiting.push(bytesOf(data))
      this.#wake?.()
    })
    socket.on('close', () => {
      this.#closed = true
      this.#wake?.()
    })
    // The close event follows; who reads learns it from there.
    socket.on('error', () => {})
  }

  get protocol(): string {
    return this.#socket.protocol
  }

  send(data: Uint8Array): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(data)
  }

  async *messages(): AsyncIterable<Uint8Array> {
    for (;;) {
      const message = this.#waiting.shift()
      if (message !== undefined) yield message
      else if (this.#closed) return
      else {
        await new Promise<void>(resolve => {
          this.#wake = resolve
        })
        this.#wake = undefined
      }
    }
  }

  close(): void {
    this.#socket.close()
  }
}

function bytesOf(data: RawData): Uint8Array {
  if (Array.isArray(data)) return Buffer.concat(data)
  return data instanceof ArrayBuffer ? new Uint8Array(data) : data
}
