import type { Server, Socket } from 'node:net'

/**
 * Has a server that listens already turn connections away until somebody takes them (`connection`). Node accepts them from the first moment on,
 * and one that nobody takes is never answered: its client would wait for ever instead of trying again. Returns the server.
 */
export function refuseEarly(server: Server): Server {
  const refuse = (socket: Socket): void => void socket.resetAndDestroy()
  const stop = (event: string | symbol): void => {
    if (event !== 'connection') return
    server.off('newListener', stop)
    server.off('connection', refuse)
  }
  server.on('connection', refuse)
  server.on('newListener', stop)
  return server
}
