import type { Transport, TransportChannel, TransportRequest, TransportResponse } from '../../kube/transport.ts'
import { cloneJson } from '../../schema/json.ts'
import type { UserInfo } from './admission/admission.ts'
import type { Api } from './api.ts'
import type { ApiRequest, ApiResponse, MessageStream } from './request.ts'

const never = new AbortController().signal
const noHeaders: Readonly<Record<string, string>> = {}
const noQuery = new URLSearchParams()

/** Opens a stream of a pod; see streaming/. */
export type OpenChannel = (
  path: string,
  query: URLSearchParams,
  protocols: readonly string[],
  user: UserInfo,
  signal: AbortSignal,
) => Promise<TransportChannel>

/** The way into the API without a socket: stored objects are handed over as they are, deeply frozen. */
export class InProcessTransport implements Transport {
  readonly #api: Api
  readonly #user: UserInfo
  readonly #openChannel: OpenChannel
  readonly #closing = new AbortController()

  constructor(api: Api, user: UserInfo, openChannel: OpenChannel) {
    this.#api = api
    this.#user = user
    this.#openChannel = openChannel
  }

  async request(request: TransportRequest): Promise<TransportResponse> {
    this.#closing.signal.throwIfAborted()
    request.signal?.throwIfAborted()
    const { path, query } = splitPath(request.path)
    const apiRequest: ApiRequest = {
      method: request.method,
      path,
      query,
      headers: request.headers ?? noHeaders,
      body: request.body === undefined ? undefined : { value: cloneJson(request.body) },
      user: this.#user,
      signal: request.signal ?? never,
    }
    const response = await this.#api.handle(apiRequest)
    return asTransportResponse(response, () => AbortSignal.any([apiRequest.signal, this.#closing.signal]))
  }

  open(path: string, protocols: readonly string[], signal?: AbortSignal): Promise<TransportChannel> {
    const parts = splitPath(path)
    return this.#openChannel(parts.path, parts.query, protocols, this.#user, AbortSignal.any([signal ?? never, this.#closing.signal]))
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort()
    return Promise.resolve()
  }
}

function splitPath(path: string): { path: string; query: URLSearchParams } {
  const mark = path.indexOf('?')
  return mark < 0 ? { path, query: noQuery } : { path: path.slice(0, mark), query: new URLSearchParams(path.slice(mark + 1)) }
}

function asTransportResponse(response: ApiResponse, signal: () => AbortSignal): TransportResponse {
  return {
    status: response.status,
    headers: response.headers ?? noHeaders,
    json: () => Promise.resolve(valueOf(response)),
    lines: () => linesOf(response, signal()),
    bytes: () => bytesOf(response),
  }
}

function valueOf(response: ApiResponse): unknown {
  switch (response.kind) {
    case 'object':
      return response.object
    case 'list':
      return { ...response.head, items: response.items }
    case 'text':
      return response.contentType.startsWith('application/json') ? JSON.parse(response.text) : response.text
    case 'watch':
      response.stream[Symbol.dispose]()
      return undefined
    case 'bytes':
      return undefined
  }
}

async function* linesOf(response: ApiResponse, signal: AbortSignal): AsyncGenerator<unknown> {
  if (response.kind !== 'watch') {
    yield valueOf(response)
    return
  }
  using stream: MessageStream = response.stream
  const onAbort = (): void => stream[Symbol.dispose]()
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    if (signal.aborted) return
    while (!stream.ended) {
      await stream.wait()
      yield* stream.take()
    }
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

async function* bytesOf(response: ApiResponse): AsyncGenerator<Uint8Array> {
  if (response.kind === 'bytes') yield* response.bytes
  else if (response.kind === 'text') yield Buffer.from(response.text)
  else yield Buffer.from(JSON.stringify(valueOf(response)))
}
