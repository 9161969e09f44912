import type { IncomingMessage } from 'node:http'
import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { type RawData, type WebSocket, WebSocketServer } from 'ws'
import type { NodeStreams, StreamRefusal } from '../../node/streams.ts'
import { type MessagePort, MessageQueue } from './message-port.ts'
import { openSession } from './stream-session.ts'
import type { StreamTarget } from './target.ts'

const server = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: 64 * 1024 * 1024 })

/** Keeps connections through proxies alive, as Kubernetes' client does from its side. */
const PING_MS = 30_000

/**
 * Answers an `upgrade` request for exec, attach or port-forward: asks the node first, so that a refusal is an ordinary HTTP answer with a
 * `Status`, and switches to WebSocket only then. The caller has authenticated and authorised the request. Resolves when the session is over.
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
  if (request.headers.upgrade?.toLowerCase() !== 'websocket') {
    // kubectl tries WebSocket first; other ways of upgrading are not served.
    refuse(socket, { refused: true, status: 400, message: 'only WebSocket upgrades are served: unable to upgrade' })
    return
  }
  const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map(name => name.trim())
  const session = await openSession(target, offered, streams, signal)
  if ('refused' in session) {
    refuse(socket, session)
    return
  }
  // ws answers with the first offered protocol; the header is narrowed to the one that was chosen.
  request.headers['sec-websocket-protocol'] = session.protocol
  const { promise, resolve } = Promise.withResolvers<WebSocket | undefined>()
  socket.once('close', () => resolve(undefined))
  server.handleUpgrade(request, socket, head, resolve)
  const socketOrNone = await promise
  if (socketOrNone === undefined) session.cancel()
  else await session.serve(portOf(socketOrNone, signal))
}

function refuse(socket: Duplex, { status, message }: StreamRefusal): void {
  const reason = status === 400 ? 'BadRequest' : status === 404 ? 'NotFound' : 'InternalError'
  const body = JSON.stringify({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code: status })
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  )
}

/** A WebSocket as a message port; it is closed when the signal aborts. */
export function portOf(socket: WebSocket, signal?: AbortSignal): MessagePort {
  const queue = new MessageQueue()
  const closed = new AbortController()
  const close = () => socket.close(1000)
  const ping = setInterval(() => socket.ping(), PING_MS)
  ping.unref()
  socket.on('message', data => void queue.push(bytesOf(data)))
  socket.on('error', () => socket.terminate())
  socket.on('close', () => {
    clearInterval(ping)
    queue.end()
    closed.abort()
    signal?.removeEventListener('abort', close)
  })
  signal?.addEventListener('abort', close, { once: true })
  return {
    closed: closed.signal,
    messages: () => queue.read(),
    close,
    send: data =>
      new Promise(resolve => {
        if (socket.readyState !== socket.OPEN) resolve()
        else socket.send(data, () => resolve())
      }),
  }
}

function bytesOf(data: RawData): Uint8Array {
  if (Array.isArray(data)) return Buffer.concat(data)
  return data instanceof ArrayBuffer ? new Uint8Array(data) : data
}
