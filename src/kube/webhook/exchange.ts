/** A request and the way to its answer, over whichever version of HTTP. */
import { constants, type IncomingHttpHeaders, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { TLSSocket } from 'node:tls'

export interface Exchange {
  readonly method: string
  /** Path and query. */
  readonly target: string
  /** Of the body, with parameters; empty when it is not said. */
  readonly contentType: string
  readonly socket: TLSSocket
  readonly body: AsyncIterable<Buffer>
  /** Calls back once when the answer is out, or can no longer be given. */
  onClose(listener: () => void): void
  /** `isLast`: the client is to come back over a new connection. */
  answer(status: number, contentType: string, body: string, isLast: boolean): void
}

export function http1Exchange(request: IncomingMessage, response: ServerResponse): Exchange {
  return {
    method: request.method ?? 'GET',
    target: request.url ?? '/',
    contentType: request.headers['content-type'] ?? '',
    socket: request.socket as TLSSocket,
    body: request as AsyncIterable<Buffer>,
    onClose: listener => void response.once('close', listener),
    answer(status, contentType, body, isLast) {
      if (isLast || !request.complete) response.setHeader('connection', 'close')
      response.writeHead(status, { 'content-type': contentType }).end(body)
    },
  }
}

export function http2Exchange(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, socket: TLSSocket): Exchange {
  return {
    method: headers[':method'] ?? 'GET',
    target: headers[':path'] ?? '/',
    contentType: headers['content-type'] ?? '',
    socket,
    body: stream as AsyncIterable<Buffer>,
    onClose: listener => void stream.once('close', listener),
    answer(status, contentType, body, isLast) {
      if (!stream.destroyed && !stream.headersSent) {
        stream.respond({ [constants.HTTP2_HEADER_STATUS]: status, [constants.HTTP2_HEADER_CONTENT_TYPE]: contentType })
        stream.end(body)
      }
      // What is under way on the connection is finished first.
      if (isLast) (stream.session as ServerHttp2Session | undefined)?.close()
    },
  }
}
