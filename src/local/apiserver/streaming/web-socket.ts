import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { type RawData, type WebSocket, WebSocketServer } from 'ws'
import { type MessagePort, MessageQueue } from './message-port.ts'
import type { StreamSession } from './stream-session.ts'

const server = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: 64 * 1024 * 1024 })

/** Keeps connections through proxies alive, as Kubernetes' client does from its side. */
const PING_MS = 30_000

/** Turns an `upgrade` request for a session that a node has agreed to into its connection. */
export async function serveWebSocket(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  session: StreamSession,
  signal: AbortSignal,
): Promise<void> {
  // ws answers with the first offered protocol; the header is narrowed to the one that was chosen.
  request.headers['sec-websocket-protocol'] = session.protocol
  const { promise, resolve } = Promise.withResolvers<WebSocket | undefined>()
  socket.once('close', () => resolve(undefined))
  server.handleUpgrade(request, socket, head, resolve)
  const opened = await promise
  if (opened === undefined) session.cancel()
  else await session.serve(portOf(opened, signal))
}

/** A WebSocket as a message port; it is closed when the signal aborts. */
function portOf(socket: WebSocket, signal: AbortSignal): MessagePort {
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
    signal.removeEventListener('abort', close)
  })
  signal.addEventListener('abort', close, { once: true })
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
