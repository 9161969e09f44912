import type { UserInfo } from './admission/admission.ts'

/** The body of a request: a JSON value of the caller (in process) or bytes with a content type (HTTP). */
export type RequestBody = { readonly value: unknown } | { readonly bytes: Buffer; readonly contentType: string }

/** A request to the API, however it came. */
export interface ApiRequest {
  readonly method: string
  /** Without the query. */
  readonly path: string
  readonly query: URLSearchParams
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: RequestBody | undefined
  readonly user: UserInfo
  readonly signal: AbortSignal
}

/** One batch-wise readable stream of watch messages. */
export interface MessageStream extends Disposable {
  /** Waits until there is something to take or the stream has ended. */
  wait(): Promise<void>
  /** What has come since the last call; empty when nothing has. */
  take(): readonly WatchMessage[]
  readonly ended: boolean
}

export interface WatchMessage {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR'
  readonly object: object
}

/** An answer, before it is written as bytes or handed over in process. */
export type ApiResponse = {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
} & (
  | { readonly kind: 'object'; readonly object: object; readonly contentType?: string }
  | { readonly kind: 'list'; readonly head: object; readonly items: readonly object[] }
  | { readonly kind: 'watch'; readonly stream: MessageStream; readonly contentType?: string }
  | { readonly kind: 'text'; readonly text: string; readonly contentType: string }
  | { readonly kind: 'bytes'; readonly bytes: AsyncIterable<Uint8Array>; readonly contentType: string }
)

/** What was asked, as `/metrics` counts it. */
export interface RequestRecord {
  /** GET, LIST, WATCH, POST, PUT, PATCH, APPLY, DELETE, DELETECOLLECTION or CONNECT. */
  readonly verb: string
  readonly group: string
  readonly version: string
  readonly resource: string
  readonly subresource: string
  readonly scope: 'resource' | 'namespace' | 'cluster' | ''
  readonly code: number
  readonly user: string
}
