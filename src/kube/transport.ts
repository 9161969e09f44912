import type { Fence } from './write-fence.ts'

/** One request to an API server. `path` includes the query string. */
export interface TransportRequest {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  path: string
  headers?: Record<string, string>
  /** A JSON value. Transports that leave the process serialise it; the in-process one copies it. */
  body?: unknown
  signal?: AbortSignal
  /** The answer may begin after any time, as followed logs of a silent container do: no timeout for its start. */
  startsLate?: boolean
  /** To be asked once more in the moment the request goes out; for transports in which requests wait. */
  fence?: Fence
}

/**
 * An answer, read in exactly one of three ways. Over HTTP the body is parsed; in process the very objects of the
 * server's storage are handed over, deeply frozen, without a copy.
 */
export interface TransportResponse {
  status: number
  /** Lower-case names. */
  headers: Readonly<Record<string, string>>
  /** The whole body as one JSON value; text that is not JSON comes as a string. */
  json(): Promise<unknown>
  /** One JSON value per line, as a watch sends them. Ending the iteration closes the stream. */
  lines(): AsyncIterable<unknown>
  /** The raw bytes (logs). */
  bytes(): AsyncIterable<Uint8Array>
}

/** A bidirectional message stream (WebSocket) for exec, attach and port-forward. */
export interface TransportChannel {
  readonly protocol: string
  send(data: Uint8Array): void
  messages(): AsyncIterable<Uint8Array>
  close(): void
}

/** The way to one API server. Implementations: undici over TLS, and in process to the embedded server. */
export interface Transport extends AsyncDisposable {
  request(request: TransportRequest): Promise<TransportResponse>
  /** Opens a WebSocket at `path`, offering the sub-protocols in order. */
  open(path: string, protocols: readonly string[], signal?: AbortSignal): Promise<TransportChannel>
  /** Drops all connections, with the requests on them, and goes on with new ones. For connections that died without a word. */
  reset?(): void
}
