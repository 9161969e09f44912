/** The `Status` object an API server answers with when a request failed. */
export interface Status {
  kind?: string
  apiVersion?: string
  status?: string
  message?: string
  reason?: string
  code?: number
  details?: {
    name?: string
    group?: string
    kind?: string
    uid?: string
    retryAfterSeconds?: number
    causes?: { reason?: string; message?: string; field?: string }[]
  }
}

/** Reasons by status code for servers and proxies that answer without a `Status`. */
const reasonOfCode: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  406: 'NotAcceptable',
  409: 'Conflict',
  410: 'Gone',
  413: 'RequestEntityTooLarge',
  415: 'UnsupportedMediaType',
  422: 'Invalid',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
}

/**
 * A request that the API server refused, or that never got an answer (`code` 0, reason `Unreachable`).
 * `reason` is the stable word to decide by; `message` is the server's own sentence.
 */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  /** The HTTP status; 0 when no answer came. */
  readonly code: number
  readonly reason: string
  readonly status: Status
  /** What the server asked to wait, in milliseconds. */
  readonly retryAfterMs: number | undefined

  constructor(status: Status, options: { cause?: unknown; retryAfterMs?: number } = {}) {
    super(status.message ?? status.reason ?? `the server answered with status ${status.code ?? 0}`, { cause: options.cause })
    this.code = status.code ?? 0
    this.reason = status.reason ?? reasonOfCode[this.code] ?? 'Unknown'
    this.status = status
    const seconds = status.details?.retryAfterSeconds
    this.retryAfterMs = options.retryAfterMs ?? (seconds === undefined ? undefined : seconds * 1000)
  }

  /** Makes an error of a response with status >= 400: its body may be a `Status`, any text, or nothing. */
  static fromResponse(code: number, body: unknown, headers: Readonly<Record<string, string>> = {}): ApiError {
    const retryAfterMs = parseRetryAfter(headers['retry-after'])
    const options = retryAfterMs === undefined ? {} : { retryAfterMs }
    if (isStatus(body)) return new ApiError({ ...body, code: body.code ?? code }, options)
    const text = typeof body === 'string' && body.trim() !== '' ? body.trim().slice(0, 500) : `the server answered with status ${code}`
    return new ApiError({ code, message: text, reason: reasonOfCode[code] ?? 'Unknown' }, options)
  }

  /** No answer at all: connection refused, reset, timeout, unknown host, TLS failure. */
  static unreachable(cause: unknown): ApiError {
    return new ApiError({ code: 0, reason: 'Unreachable', message: describeCause(cause) }, { cause })
  }
}

/** The time of a `Retry-After` header (seconds or a date) in milliseconds from now. */
export function parseRetryAfter(header: string | undefined): number | undefined {
  if (header === undefined) return undefined
  const seconds = Number(header)
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1000)
  const date = Date.parse(header)
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now())
}

function isStatus(body: unknown): body is Status {
  return typeof body === 'object' && body !== null && 'kind' in body && body.kind === 'Status'
}

/** Network errors hide the telling one (`ECONNREFUSED`) in causes and aggregates. */
function describeCause(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return describeCause(error.errors[0])
  if (!(error instanceof Error)) return String(error)
  if (error.cause !== undefined && error.cause !== null) return describeCause(error.cause)
  return error.message === '' ? error.name : error.message
}

const hasReason =
  (...reasons: readonly string[]) =>
  (error: unknown): error is ApiError =>
    error instanceof ApiError && reasons.includes(error.reason)

/** The object or the kind does not exist. */
export const isNotFound = hasReason('NotFound')
/** For `catch`: undefined for what does not exist; every other failure stays one. */
export function absent(error: unknown): undefined {
  if (!isNotFound(error)) throw error
  return undefined
}

/** An object of that name exists already (create). */
export const isAlreadyExists = hasReason('AlreadyExists')
/** The object changed since it was read, or another manager owns a field. Read again and decide again. */
export const isConflict = hasReason('Conflict')
/** The object violates its schema or the rules of its kind. Never worth a retry unchanged. */
export const isInvalid = hasReason('Invalid')
export const isForbidden = hasReason('Forbidden')
/** The resource version or the continue token is too old: list again. */
export const isGone = hasReason('Gone', 'Expired')
/** No answer came from the server. */
export const isUnreachable = hasReason('Unreachable')

/** Whether the namespace of the object is going away, so that nothing can be created in it. */
export function isNamespaceTerminating(error: unknown): error is ApiError {
  return isForbidden(error) && (error.status.details?.causes ?? []).some(cause => cause.reason === 'NamespaceTerminating')
}

/** Whether the API will not have this object, by its rules or by somebody's policy, and a user has to hear of it. */
export function isRefused(error: unknown): error is ApiError {
  return (isInvalid(error) || isForbidden(error)) && !isNamespaceTerminating(error)
}
