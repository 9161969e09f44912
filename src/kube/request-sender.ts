import { ApiError } from './api-error.ts'
import type { Clock } from './clock.ts'
import type { MetricsSink } from './metrics.ts'
import type { TokenBucket } from './token-bucket.ts'
import type { Transport, TransportRequest, TransportResponse } from './transport.ts'
import { type Fence, FencedError } from './write-fence.ts'

export interface RequestSenderOptions {
  readonly transport: Transport
  readonly clock: Clock
  readonly bucket: TokenBucket | undefined
  readonly metrics: MetricsSink
  readonly userAgent: string
  /** How often a request is repeated that the server put off or whose connection broke. */
  readonly maxRetries: number
  /** Writes pass it or are not sent; absent where anybody may write. */
  readonly fence?: Fence | undefined
}

/** Without a word from the server, the wait before the first repetition; it doubles. */
const firstRetryMs = 100

/**
 * Sends requests, within the rate limit, and repeats those that are safe to repeat: any that the server refused to begin
 * (429, or 5xx with `Retry-After`), and those without side effects or with the same effect twice whose connection broke.
 * Every other answer of 400 and above becomes an {@link ApiError}.
 */
export class RequestSender {
  readonly #options: RequestSenderOptions

  constructor(options: RequestSenderOptions) {
    this.#options = options
  }

  async send(request: TransportRequest, repeatable = request.method === 'GET'): Promise<TransportResponse> {
    const { clock, bucket, maxRetries } = this.#options
    for (let attempt = 0; ; attempt += 1) {
      const waitMs = bucket?.reserve() ?? 0
      if (waitMs > 0) await clock.sleep(waitMs, request.signal)
      const outcome = await this.#attempt(request)
      if (outcome.ok) return outcome.response
      const { error } = outcome
      const putOff = error.retryAfterMs !== undefined && (error.code === 429 || error.code >= 500)
      const broken = error.code === 0 && repeatable && isConnectionReset(error)
      if ((!putOff && !broken && error.code !== 429) || attempt >= maxRetries) throw error
      await clock.sleep(error.retryAfterMs ?? firstRetryMs * 2 ** attempt, request.signal)
    }
  }

  async #attempt(request: TransportRequest): Promise<{ ok: true; response: TransportResponse } | { ok: false; error: ApiError }> {
    const { transport, metrics, userAgent, fence } = this.#options
    const guard = fence === undefined || request.method === 'GET' ? {} : { fence }
    // Here as well as in the transport: credentials and connections may take a while to come, and not every transport asks.
    guard.fence?.check()
    let response: TransportResponse
    try {
      response = await transport.request({ ...request, ...guard, headers: { 'user-agent': userAgent, ...request.headers } })
    } catch (error) {
      if (request.signal?.aborted === true || error instanceof FencedError) throw error
      metrics.increment('rest_client_requests_total', { code: '<error>', method: request.method })
      return { ok: false, error: error instanceof ApiError ? error : ApiError.unreachable(error) }
    }
    metrics.increment('rest_client_requests_total', { code: String(response.status), method: request.method })
    if (response.status < 400) return { ok: true, response }
    const body = await response.json().catch(() => undefined)
    return { ok: false, error: ApiError.fromResponse(response.status, body, response.headers) }
  }
}

const resetCodes = new Set([
  'ECONNRESET',
  'EPIPE',
  'UND_ERR_SOCKET',
  'ERR_HTTP2_STREAM_ERROR',
  'ERR_HTTP2_GOAWAY_SESSION',
  'ERR_HTTP2_SESSION_ERROR',
])

function isConnectionReset(error: unknown): boolean {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    if ('code' in cause && typeof cause.code === 'string' && resetCodes.has(cause.code)) return true
  }
  return false
}
