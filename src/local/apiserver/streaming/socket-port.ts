import type { Duplex } from 'node:stream'
import type { MessagePort } from './message-port.ts'

/** A connection as a port whose messages are whatever bytes arrive; it is closed when the signal aborts. */
export function socketPort(socket: Duplex, head: Uint8Array, signal: AbortSignal): MessagePort {
  const closed = new AbortController()
  const close = () => socket.end()
  const end = () => {
    closed.abort()
    signal.removeEventListener('abort', close)
    socket.destroy()
  }
  socket.once('close', end)
  socket.once('end', end)
  if (signal.aborted) close()
  else signal.addEventListener('abort', close, { once: true })
  return {
    closed: closed.signal,
    close,
    async *messages() {
      if (head.length > 0) yield head
      try {
        for await (const chunk of socket as AsyncIterable<Uint8Array>) yield chunk
      } catch {
        // A connection that breaks ends like one that was closed.
      }
    },
    send: data =>
      new Promise(resolve => {
        if (closed.signal.aborted || !socket.writable) resolve()
        else socket.write(data, () => resolve())
      }),
  }
}
