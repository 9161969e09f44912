import type { IncomingMessage } from 'node:http'
import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import type { NodeStreams, StreamRefusal } from '../../node/streams.ts'
import { socketPort } from './socket-port.ts'
import { remoteCommandPort } from './spdy/remote-command.ts'
import { openSession } from './stream-session.ts'
import type { StreamTarget } from './target.ts'
import { serveWebSocket } from './web-socket.ts'

/**
 * Answers an `upgrade` request for exec, attach or port-forward: asks the node first, so that a refusal is an ordinary HTTP answer with a
 * `Status`, and switches protocols only then: to WebSocket, or to SPDY/3.1 for older clients. The caller has authenticated and authorised
 * the request. Resolves when the session is over.
 * @param head what the client sent beyond the request's header
 */
export async function acceptUpgrade(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  target: StreamTarget,
  streams: NodeStreams,
  signal: AbortSignal,
): Promise<void> {
  socket.on('error', () => undefined)
  const wanted = request.headers.upgrade?.toLowerCase()
  if (wanted !== 'websocket' && wanted !== 'spdy/3.1') {
    refuse(socket, {
      refused: true,
      status: 400,
      message: `unable to upgrade: ${wanted ?? 'no protocol'} is not served, use websocket or SPDY/3.1`,
    })
    return
  }
  const isSpdy = wanted === 'spdy/3.1'
  const offered = list(request.headers[isSpdy ? 'x-stream-protocol-version' : 'sec-websocket-protocol'])
  const session = await openSession(target, offered, streams, signal)
  if ('refused' in session) {
    refuse(socket, session)
    return
  }
  if (!isSpdy) {
    await serveWebSocket(request, socket, head, session, signal)
    return
  }
  if (socket.destroyed) {
    session.cancel()
    return
  }
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: ${session.protocol}\r\n\r\n`,
  )
  const bytes = socketPort(socket, head, signal)
  await session.serve(target.subresource === 'portforward' ? bytes : remoteCommandPort(bytes, target.query))
}

function list(header: string | string[] | undefined): string[] {
  return [header ?? []].flat().flatMap(line => line.split(',').map(name => name.trim()))
}

function refuse(socket: Duplex, { status, message }: StreamRefusal): void {
  const reason = status === 400 ? 'BadRequest' : status === 404 ? 'NotFound' : 'InternalError'
  const body = JSON.stringify({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code: status })
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  )
}
