import type { Dispatcher } from 'undici'
import { abortReason } from './clock.ts'
import type { Credential } from './credentials.ts'
import { jsonLines } from './json-lines.ts'
import type { ClusterConfig } from './kubeconfig.ts'
import type { FencedDispatchOptions } from './undici-fence.ts'
import type { Transport, TransportChannel, TransportRequest, TransportResponse } from './transport.ts'

/** A server that has not begun to answer after this long does not answer. Watches answer at once, with their first event or bookmark. */
const headersTimeoutMs = 60_000
const connectTimeoutMs = 10_000
/** Longer than pauses between bursts of writes, so that a burst finds its connections made; shorter than servers wait. */
const idleTimeoutMs = 30_000

/**
 * The way to an API server over HTTP: one agent, whose connections are reused.
 * A refused credential (401) is asked for anew once.
 */
export class UndiciTransport implements Transport {
  readonly #config: ClusterConfig
  readonly #path: string
  readonly #origin: string
  /** Certificates belong to connections, so a new one needs a new agent. */
  #agent: { readonly cert: string | undefined; readonly dispatcher: Dispatcher } | undefined

  constructor(config: ClusterConfig) {
    this.#config = config
    const url = new URL(config.server)
    this.#origin = url.origin
    this.#path = url.pathname.replace(/\/$/, '')
  }

  async request(request: TransportRequest): Promise<TransportResponse> {
    const response = await this.#send(request)
    if (response.statusCode !== 401 || !this.#config.credentials.invalidate()) return toResponse(response)
    await response.body.dump()
    return toResponse(await this.#send(request))
  }

  async open(path: string, protocols: readonly string[], signal?: AbortSignal): Promise<TransportChannel> {
    const { server } = this.#config
    const [{ openWebSocket }, credential] = await Promise.all([import('./web-socket-channel.ts'), this.#config.credentials.get(signal)])
    const url = server.replace(/^http/, 'ws') + path
    // The types know single headers only; Node sends lists as well.
    const headers = credential.headers as Record<string, string>
    return openWebSocket(url, protocols, { headers, handshakeTimeout: 30_000, ...this.#tls(credential) }, signal)
  }

  reset(): void {
    const agent = this.#agent
    this.#agent = undefined
    void agent?.dispatcher.destroy().catch(() => {})
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent?.dispatcher.destroy()
  }

  async #send({ method, path, headers, body, signal, startsLate = false, fence }: TransportRequest): Promise<Dispatcher.ResponseData> {
    if (signal?.aborted === true) throw abortReason(signal)
    const credential = await this.#config.credentials.get(signal)
    const dispatcher = await this.#dispatcher(credential)
    const options: FencedDispatchOptions = {
      origin: this.#origin,
      path: this.#path + path,
      method,
      headers: { ...headers, ...credential.headers },
      body: body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body),
      headersTimeout: startsLate ? 0 : headersTimeoutMs,
      // Watches and followed logs are silent for as long as nothing happens.
      bodyTimeout: 0,
      // Left to itself, undici gives up the connection of a DELETE that has a body.
      reset: false,
      ...(fence === undefined ? {} : { fence }),
    }
    return dispatcher.request({ ...options, ...(signal === undefined ? {} : { signal }) })
  }

  async #dispatcher(credential: Credential): Promise<Dispatcher> {
    const cert = credential.clientCertificate?.cert
    if (this.#agent !== undefined && this.#agent.cert === cert) return this.#agent.dispatcher
    // Loaded with the first request: it takes a third of the time in which a command starts, and many never ask a server.
    const [{ Agent, ProxyAgent }, { fencing }] = await Promise.all([import('undici'), import('./undici-fence.ts')])
    // Another request may have made it meanwhile.
    if (this.#agent !== undefined && this.#agent.cert === cert) return this.#agent.dispatcher
    // Requests that run finish on the old connections.
    void this.#agent?.dispatcher.close().catch(() => {})
    const connect = { ...this.#tls(credential), timeout: connectTimeoutMs }
    const { proxyUrl } = this.#config
    // HTTP/1.1: in undici's HTTP/2 a connection that is cut at the wrong moment is an error that nothing can catch, and the process ends.
    const options = { allowH2: false, keepAliveTimeout: idleTimeoutMs }
    const agent =
      proxyUrl === undefined ? new Agent({ ...options, connect }) : new ProxyAgent({ ...options, uri: proxyUrl, requestTls: connect })
    const dispatcher = agent.compose(fencing)
    this.#agent = { cert, dispatcher }
    return dispatcher
  }

  #tls({ clientCertificate }: Credential): { ca?: string; cert?: string; key?: string; servername?: string; rejectUnauthorized: boolean } {
    const { ca, tlsServerName, insecureSkipTlsVerify } = this.#config
    return {
      rejectUnauthorized: !insecureSkipTlsVerify,
      ...(ca === undefined ? {} : { ca }),
      ...(tlsServerName === undefined ? {} : { servername: tlsServerName }),
      ...clientCertificate,
    }
  }
}

function toResponse({ statusCode, headers, body }: Dispatcher.ResponseData): TransportResponse {
  const flat: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) if (value !== undefined) flat[name] = Array.isArray(value) ? value.join(', ') : value
  return {
    status: statusCode,
    headers: flat,
    async json() {
      const text = await body.text()
      if (!(flat['content-type'] ?? '').includes('json')) return text
      return JSON.parse(text) as unknown
    },
    lines: () => jsonLines(body),
    bytes: () => body as AsyncIterable<Uint8Array>,
  }
}
