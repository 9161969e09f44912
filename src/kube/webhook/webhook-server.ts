import { once } from 'node:events'
import { constants, performServerHandshake, type ServerHttp2Session } from 'node:http2'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { SecureContextOptions, TLSSocket } from 'node:tls'
import { type Clock, systemClock } from '../clock.ts'
import { type Logger, noopLogger } from '../logger.ts'
import { type MetricsSink, noopMetrics } from '../metrics.ts'
import type { KeyAndCertificate } from '../tls/certificates.ts'
import { type FrontProxy, isFrontProxy } from './front-proxy.ts'
import { type Exchange, http1Exchange, http2Exchange } from './exchange.ts'
import { type AdmissionAnswer, type AdmissionRequest, requestOf, reviewOf } from './admission-review.ts'

/**
 * Decides about one request. The signal is aborted when the API server has stopped waiting. Throwing is a failure of the webhook, not a
 * refusal: the API server then does what the webhook's failurePolicy says.
 */
export type AdmissionHandler = (request: AdmissionRequest, signal: AbortSignal) => AdmissionAnswer | Promise<AdmissionAnswer>

/** A request that the API server passes on to an API of ours. */
export interface ApiRequest {
  readonly method: string
  readonly path: string
  /** Of POST, PUT and PATCH; else empty. */
  readonly body: string
  /** Of the body, without parameters; empty when it is not said. */
  readonly contentType: string
}

export interface ApiAnswer {
  readonly status: number
  readonly body: object
}

export interface WebhookServerOptions {
  readonly host: string
  /** 0 for any free port. */
  readonly port: number
  readonly certificate: KeyAndCertificate
  /** By path, such as `/validate/game.kruise.io/gameserversets`. */
  readonly handlers: ReadonlyMap<string, AdmissionHandler>
  /** Answers at every other path, for the API server alone; see {@link WebhookServer.setFrontProxy}. Throwing is an internal error. */
  readonly api?: (request: ApiRequest, signal: AbortSignal) => Promise<ApiAnswer>
  /** How long disposal waits for answers that are under way. Default 10 s. */
  readonly drainMs?: number
  readonly clock?: Clock
  readonly logger?: Logger
  /** Names are those of controller-runtime: `controller_runtime_webhook_*`. */
  readonly metrics?: MetricsSink
}

/** A review holds two objects, each of at most 3 MiB as API servers accept them. */
const largestBody = 8 * 1024 * 1024
/** What API servers wait at most. */
const longestWaitMs = 30_000
/** Connections without a request are closed after this long. */
const keepAliveMs = 120_000
/** Requests at a time on one connection of HTTP/2. */
const mostStreams = 1000

class BadRequest extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/** Serves AdmissionReviews over HTTPS. Disposal stops accepting, finishes what is under way, then closes. */
export class WebhookServer implements AsyncDisposable {
  readonly #options: WebhookServerOptions
  readonly #server: Server
  readonly #logger: Logger
  readonly #metrics: MetricsSink
  readonly #clock: Clock
  readonly #inFlight = new Map<string, number>()
  #certificate: KeyAndCertificate
  #frontProxy: FrontProxy | undefined
  readonly #sessions = new Set<ServerHttp2Session>()
  #retiring = false
  #port = 0

  private constructor(options: WebhookServerOptions) {
    this.#options = options
    this.#logger = options.logger ?? noopLogger
    this.#metrics = options.metrics ?? noopMetrics
    this.#clock = options.clock ?? systemClock
    this.#certificate = options.certificate
    const limits = { headersTimeout: 10_000, requestTimeout: longestWaitMs, keepAliveTimeout: keepAliveMs }
    // Asked for by name only where an API is served: webhooks are called without one.
    const clients = options.api === undefined ? {} : { requestCert: true, rejectUnauthorized: false, ALPNProtocols: ['h2', 'http/1.1'] }
    this.#server = createServer(
      { ...this.#context(), ...clients, ...limits },
      (request, response) => void this.#serve(http1Exchange(request, response)),
    )
    if (options.api !== undefined) this.#alsoHttp2()
    this.#server.on('tlsClientError', error => this.#logger.debug('TLS handshake failed', { error: error.message }))
  }

  /** Resolves when the server listens. */
  static async start(options: WebhookServerOptions): Promise<WebhookServer> {
    const server = new WebhookServer(options)
    server.#server.listen(options.port, options.host)
    await once(server.#server, 'listening')
    server.#port = (server.#server.address() as AddressInfo).port
    return server
  }

  get port(): number {
    return this.#port
  }

  /** New connections are shown this certificate from now on; those that are open stay. */
  setCertificate(certificate: KeyAndCertificate): void {
    this.#certificate = certificate
    this.#server.setSecureContext(this.#context())
  }

  /** Whose requests to the API are answered; nobody's without one. */
  setFrontProxy(proxy: FrontProxy | undefined): void {
    this.#frontProxy = proxy
    this.#server.setSecureContext(this.#context())
    // Who is on a connection that lasts shall show again who it is.
    for (const session of this.#sessions) session.close()
  }

  /** Answers as before, but asks clients to come back over a new connection: before a stop, while the address is still being advertised. */
  retire(): void {
    this.#retiring = true
    for (const session of this.#sessions) session.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.retire()
    const closed = new Promise<void>(resolve => this.#server.close(() => resolve()))
    using _force = this.#clock.after(this.#options.drainMs ?? 10_000, () => {
      this.#server.closeAllConnections()
      for (const session of this.#sessions) session.destroy()
    })
    await closed
  }

  /**
   * API servers ask an API behind them over one connection of HTTP/2 where they can. Over HTTP/1.1 a burst of requests is first of all one of TLS
   * handshakes, each of them worth some allocations. Webhooks they call over HTTP/1.1.
   */
  #alsoHttp2(): void {
    const others = this.#server.listeners('secureConnection')
    this.#server.removeAllListeners('secureConnection')
    this.#server.on('secureConnection', (socket: TLSSocket) => {
      if (socket.alpnProtocol === 'h2') this.#serveSession(socket)
      else for (const listener of others) listener.call(this.#server, socket)
    })
  }

  #serveSession(socket: TLSSocket): void {
    const session = performServerHandshake(socket, { settings: { maxConcurrentStreams: mostStreams } })
    session.setTimeout(keepAliveMs, () => session.close())
    this.#sessions.add(session)
    session.once('close', () => this.#sessions.delete(session))
    // A connection that breaks is for its client to notice.
    session.on('error', error => this.#logger.debug('an HTTP/2 connection failed', { error: error.message }))
    session.on('stream', (stream, headers) => {
      stream.setTimeout(2 * longestWaitMs, () => stream.close(constants.NGHTTP2_CANCEL))
      stream.on('error', error => this.#logger.debug('an HTTP/2 stream failed', { error: error.message }))
      void this.#serve(http2Exchange(stream, headers, socket))
    })
  }

  #context(): SecureContextOptions {
    const { key, cert } = this.#certificate
    return { key, cert, minVersion: 'TLSv1.2', ...(this.#frontProxy !== undefined && { ca: this.#frontProxy.ca }) }
  }

  async #serve(exchange: Exchange): Promise<void> {
    const { pathname, searchParams } = new URL(exchange.target, 'https://webhook')
    const handler = this.#options.handlers.get(pathname)
    const { api } = this.#options
    if (handler === undefined && api !== undefined) return this.#serveApi(api, pathname, exchange)
    const webhook = handler === undefined ? 'unknown' : pathname
    const startedAt = this.#clock.now()
    this.#count(webhook, 1)
    let status = 200
    let body: string
    try {
      if (handler === undefined) throw new BadRequest(404, `no webhook is served at ${pathname}`)
      if (exchange.method !== 'POST') throw new BadRequest(405, 'AdmissionReviews are sent with POST')
      const asked = requestOf(parse(await readBody(exchange)))
      if (asked === undefined) throw new BadRequest(400, 'the body is no AdmissionReview of admission.k8s.io/v1')
      const gone = new AbortController()
      exchange.onClose(() => gone.abort(new Error('the caller has gone')))
      const signal = AbortSignal.any([gone.signal, AbortSignal.timeout(waitOf(searchParams.get('timeout')))])
      const answer = await handler(asked, signal)
      body = JSON.stringify(reviewOf(asked.uid, answer))
      this.#tell(webhook, asked, answer)
    } catch (error) {
      status = error instanceof BadRequest ? error.status : 500
      body = error instanceof Error ? error.message : String(error)
      if (status === 500) this.#logger.error('the webhook failed', { webhook, error: body })
    }
    this.#metrics.increment('controller_runtime_webhook_requests_total', { webhook, code: String(status) })
    this.#metrics.observe('controller_runtime_webhook_latency_seconds', { webhook }, (this.#clock.now() - startedAt) / 1000)
    this.#count(webhook, -1)
    exchange.answer(status, status === 200 ? 'application/json' : 'text/plain', body, this.#retiring)
  }

  async #serveApi(api: NonNullable<WebhookServerOptions['api']>, path: string, exchange: Exchange): Promise<void> {
    const { method } = exchange
    const gone = new AbortController()
    let answer: ApiAnswer | undefined
    exchange.onClose(() => {
      if (answer === undefined) gone.abort(new Error('the caller has gone'))
    })
    try {
      if (!isFrontProxy(exchange.socket, this.#frontProxy)) {
        answer = failure(401, 'Unauthorized', 'this API is reached through the API server')
      } else {
        const body = method === 'GET' ? '' : await readBody(exchange)
        const contentType = exchange.contentType.split(';', 1)[0]?.trim() ?? ''
        answer = await api({ method, path, body, contentType }, gone.signal)
      }
    } catch (error) {
      if (error instanceof BadRequest) answer = failure(error.status, 'BadRequest', error.message)
      else {
        answer = failure(500, 'InternalError', error instanceof Error ? error.message : String(error))
        if (!gone.signal.aborted) this.#logger.error('an API request failed', { method, path, error })
      }
    }
    exchange.answer(answer.status, 'application/json', JSON.stringify(answer.body), this.#retiring)
  }

  #tell(webhook: string, { operation, namespace, name, userInfo, dryRun }: AdmissionRequest, answer: AdmissionAnswer): void {
    const about = { webhook, operation, namespace, name, user: userInfo.username, dryRun }
    if (answer.allowed) this.#logger.debug('admitted', about)
    else this.#logger.debug('refused', { ...about, message: answer.status.message })
  }

  #count(webhook: string, by: number): void {
    const now = (this.#inFlight.get(webhook) ?? 0) + by
    this.#inFlight.set(webhook, now)
    this.#metrics.set('controller_runtime_webhook_requests_in_flight', { webhook }, now)
  }
}

function failure(status: number, reason: string, message: string): ApiAnswer {
  return { status, body: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code: status } }
}

async function readBody({ body }: Exchange): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of body) {
    size += chunk.length
    if (size > largestBody) throw new BadRequest(413, `an AdmissionReview may have ${largestBody} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new BadRequest(400, 'the body is no JSON')
  }
}

/** `timeout=3s`, as API servers say how long they wait. */
function waitOf(timeout: string | null): number {
  const seconds = /^(\d+)s$/.exec(timeout ?? '')?.[1]
  return seconds === undefined ? longestWaitMs : Math.min(Number(seconds) * 1000, longestWaitMs)
}
