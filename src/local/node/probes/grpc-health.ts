import { connect, type IncomingHttpHeaders } from 'node:http2'
import type { Duplex } from 'node:stream'

/** `HealthCheckResponse.ServingStatus` of grpc.health.v1. */
const statuses = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'] as const

/**
 * Asks `grpc.health.v1.Health/Check` over a stream (HTTP/2 without TLS, as kubelet does). Rejects when the stream fails,
 * the method is not there, or `signal` is aborted.
 */
export async function grpcHealth(stream: Duplex, service: string, signal: AbortSignal): Promise<string> {
  const session = connect('http://pod', { createConnection: () => stream })
  const done = Promise.withResolvers<string>()
  const onAbort = (): void => done.reject(new Error('timeout: health rpc did not complete in time'))
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    if (signal.aborted) onAbort()
    session.on('error', done.reject)
    const request = session.request({
      ':method': 'POST',
      ':path': '/grpc.health.v1.Health/Check',
      'content-type': 'application/grpc',
      te: 'trailers',
    })
    request.on('error', done.reject)
    const chunks: Buffer[] = []
    let grpcStatus: string | undefined
    let grpcMessage: string | undefined
    const note = (headers: IncomingHttpHeaders): void => {
      grpcStatus = headers['grpc-status']?.toString() ?? grpcStatus
      grpcMessage = headers['grpc-message']?.toString() ?? grpcMessage
    }
    request.on('response', note)
    request.on('trailers', note)
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      if (grpcStatus !== undefined && grpcStatus !== '0')
        done.reject(new Error(`rpc error: code = ${grpcStatus} desc = ${grpcMessage ?? ''}`))
      else done.resolve(parseStatus(Buffer.concat(chunks)))
    })
    request.end(frame(service))
    return await done.promise
  } finally {
    signal.removeEventListener('abort', onAbort)
    session.destroy()
    stream.destroy()
  }
}

/** A gRPC frame with `HealthCheckRequest { string service = 1 }`. */
function frame(service: string): Buffer {
  const name = Buffer.from(service).subarray(0, 127)
  const message = name.length === 0 ? Buffer.alloc(0) : Buffer.concat([Buffer.from([0x0a, name.length]), name])
  const head = Buffer.alloc(5)
  head.writeUInt32BE(message.length, 1)
  return Buffer.concat([head, message])
}

/** The one field of `HealthCheckResponse { ServingStatus status = 1 }`; absent means 0. */
function parseStatus(body: Buffer): string {
  const value = body[5] === 0x08 ? (body[6] ?? 0) : 0
  return statuses[value] ?? 'UNKNOWN'
}
