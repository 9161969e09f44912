import { once } from 'node:events'
import { Agent, request as send } from 'node:https'
import type { IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { jsonLines } from './json-lines.ts'
import type { ClusterConfig } from './kubeconfig.ts'
import type { Transport, TransportChannel, TransportRequest, TransportResponse } from './transport.ts'

/** A server that has not begun to answer after this long does not answer. */
const headersTimeoutMs = 60_000

/**
 * The way to an API server for small programs: Node's own HTTPS and nothing else. Slower for many requests at a time than that of undici, it takes
 * a fraction of the memory, and does without WebAssembly, which Node has not got where V8 is told to stay small. Neither proxies nor channels.
 */
export class HttpsTransport implements Transport {
  readonly #config: Pick<ClusterConfig, 'server' | 'ca' | 'credentials'>
  readonly #url: URL
  #agent: Agent

  constructor(config: Pick<ClusterConfig, 'server' | 'ca' | 'credentials'>) {
    this.#config = config
    this.#url = new URL(config.server)
    this.#agent = new Agent({ keepAlive: true, ...(config.ca !== undefined && { ca: config.ca }) })
  }

  /** A refused credential (401) is asked for anew once. */
  async request(request: TransportRequest): Promise<TransportResponse> {
    const response = await this.#send(request)
    if (response.statusCode !== 401 || !this.#config.credentials.invalidate()) return toResponse(response)
    response.resume()
    return toResponse(await this.#send(request))
  }

  open(): Promise<TransportChannel> {
    return Promise.reject(new Error('this transport opens no channels'))
  }

  reset(): void {
    const old = this.#agent
    this.#agent = new Agent(old.options)
    old.destroy()
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#agent.destroy()
    return Promise.resolve()
  }

  async #send({ method, path, headers, body, signal, startsLate = false }: TransportRequest): Promise<IncomingMessage> {
    signal?.throwIfAborted()
    const credential = await this.#config.credentials.get(signal)
    const { hostname, port, pathname } = this.#url
    const content = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body)
    const call = send({
      agent: this.#agent,
      host: hostname.replace(/^\[(.*)\]$/, '$1'),
      port: port === '' ? 443 : Number(port),
      path: pathname.replace(/\/$/, '') + path,
      method,
      headers: {
        ...headers,
        ...(credential.headers as Record<string, string>),
        ...(content !== undefined && { 'content-length': Buffer.byteLength(content) }),
      },
      ...(signal !== undefined && { signal }),
    })
    const late = startsLate ? undefined : setTimeout(() => call.destroy(new Error('the API server does not answer')), headersTimeoutMs)
    call.end(content)
    try {
      const [response] = (await once(call, 'response')) as [IncomingMessage]
      return response
    } catch (error) {
      throw signal?.aborted === true ? signal.reason : error
    } finally {
      clearTimeout(late)
    }
  }
}

function toResponse(response: IncomingMessage): TransportResponse {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(response.headers))
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value
  return {
    status: response.statusCode ?? 0,
    headers,
    async json() {
      const content = await text(response)
      return (headers['content-type'] ?? '').includes('json') ? (JSON.parse(content) as unknown) : content
    },
    lines: () => jsonLines(response),
    bytes: () => response as AsyncIterable<Uint8Array>,
  }
}
