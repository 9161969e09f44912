/**
 * gRPC over HTTP/2 without TLS, as much of it as the SDK needs: identity encoding, unary calls and streams in one direction. A library would do,
 * but for the texts of errors, which clients compare letter by letter and libraries escape differently, and for memory in every pod.
 */
import { createServer, type Http2Server, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2'
import { type DescMethod, type DescService, fromBinary, type Message, toBinary } from '@bufbuild/protobuf'
import { FrameError, frameOf, messagesOf } from './frames.ts'
import { encodedMessage, status, timeoutOf } from './status.ts'

/** Functions by the local name of their method, such as `getGameServer`. */
export type Implementation = Readonly<Record<string, unknown>>

export interface GrpcService {
  readonly service: DescService
  readonly implementation: Implementation
}

type Handler = (request: unknown, call: { readonly signal: AbortSignal }) => unknown

/** An error as its caller shall see it. */
export type ErrorCode = (error: unknown) => number

/** A server for these services; `codeOf` says with which code an error goes to the caller. */
export function createGrpcServer(services: readonly GrpcService[], codeOf: ErrorCode): Http2Server {
  const methods = new Map<string, { readonly method: DescMethod; readonly handler: Handler }>()
  for (const { service, implementation } of services)
    for (const method of service.methods)
      methods.set(`/${service.typeName}/${method.name}`, { method, handler: implementation[method.localName] as Handler })
  const server = createServer()
  server.on('stream', (stream, headers) => {
    stream.on('error', () => undefined)
    const found = methods.get(headers[':path'] ?? '')
    if (!isGrpc(headers)) stream.respond({ ':status': 415 }, { endStream: true })
    else if (found === undefined) fail(stream, status.unimplemented, `unknown method ${headers[':path'] ?? ''}`)
    else void answer(stream, headers, found.method, found.handler, codeOf)
  })
  return server
}

function isGrpc(headers: IncomingHttpHeaders): boolean {
  return headers['content-type']?.startsWith('application/grpc') === true
}

async function answer(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  method: DescMethod,
  handler: Handler,
  codeOf: ErrorCode,
): Promise<void> {
  const gone = new AbortController()
  stream.once('close', () => gone.abort())
  const timeoutMs = timeoutOf(headers['grpc-timeout'] as string | undefined)
  const timer =
    timeoutMs === undefined ? undefined : setTimeout(() => fail(stream, status.deadlineExceeded, 'Deadline exceeded'), timeoutMs)
  const call = { signal: gone.signal }
  try {
    // Who has read one message must not end the stream with that: the answer goes out on it.
    const requests = decoded(method, stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>)
    const request = method.methodKind === 'client_streaming' ? requests : await first(requests)
    if (method.methodKind !== 'client_streaming') stream.resume()
    const result = await handler(request, call)
    begin(stream)
    if (method.methodKind === 'server_streaming') {
      for await (const message of result as AsyncIterable<Message>) {
        if (stream.destroyed) return
        stream.write(frameOf(toBinary(method.output, message)))
      }
      stream.end()
    } else stream.end(frameOf(toBinary(method.output, result as Message)))
  } catch (error) {
    const code = error instanceof FrameError ? error.code : codeOf(error)
    fail(stream, code, error instanceof Error ? error.message : String(error))
  } finally {
    clearTimeout(timer)
  }
}

async function* decoded(method: DescMethod, chunks: AsyncIterable<Buffer>): AsyncIterable<Message> {
  for await (const bytes of messagesOf(chunks)) yield fromBinary(method.input, bytes)
}

async function first(messages: AsyncIterable<Message>): Promise<Message> {
  for await (const message of messages) return message
  throw new FrameError(status.internal, 'the call has no message')
}

/** Headers of an answer; its trailers say that it is whole. */
function begin(stream: ServerHttp2Stream): void {
  if (stream.destroyed || stream.headersSent) return
  stream.respond({ ':status': 200, 'content-type': 'application/grpc+proto' }, { waitForTrailers: true })
  stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': String(status.ok) }))
}

function fail(stream: ServerHttp2Stream, code: number, message: string): void {
  if (stream.destroyed || stream.writableEnded) return
  const trailers = { 'grpc-status': String(code), 'grpc-message': encodedMessage(message) }
  if (!stream.headersSent) {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc+proto', ...trailers }, { endStream: true })
    return
  }
  stream.removeAllListeners('wantTrailers')
  stream.once('wantTrailers', () => stream.sendTrailers(trailers))
  stream.end()
}
