import { once } from 'node:events'
import { createServer, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { createBackendChooser } from './backend-chooser.ts'
import { type BoundPort, dialerFor, type PortContext } from './bound-port.ts'
import { type Backend, type Listener, newCounters } from './listener.ts'

/** Ends a stream the way a load balancer does when the other side is gone: with a reset where TCP is spoken. */
function reset(stream: Duplex): void {
  if (stream.destroyed) return
  // Ways to pods may be Unix sockets, which have no address and cannot be reset.
  if (stream instanceof Socket && stream.remoteFamily !== undefined) stream.resetAndDestroy()
  else stream.destroy()
}

/**
 * Joins two streams. Each direction ends on its own (half-open connections work), a slow reader slows the writer, and a
 * stream that breaks takes the other one with it. Resolves when both are closed.
 */
function splice(a: Duplex, b: Duplex): Promise<void> {
  const closed = (stream: Duplex, other: Duplex) =>
    new Promise<void>(resolve => {
      let broken = false
      stream.on('error', () => {
        broken = true
      })
      stream.once('close', () => {
        // A clean close has delivered both directions; then the other side finishes by itself.
        if (broken || !stream.readableEnded || !stream.writableFinished) reset(other)
        resolve()
      })
      if (stream.destroyed) {
        reset(other)
        resolve()
      }
    })
  const both = Promise.all([closed(a, b), closed(b, a)])
  a.pipe(b)
  b.pipe(a)
  return both.then(() => undefined)
}

/** Binds a TCP listener; rejects with the system's error when that is impossible. */
export async function openTcpPort(initial: Listener, context: PortContext): Promise<BoundPort> {
  const counters = newCounters()
  const chooser = createBackendChooser()
  const open = new Set<Socket>()
  let listener = initial

  const connect = async (client: Socket, backend: Backend): Promise<void> => {
    const gaveUp = new AbortController()
    using _timer = context.clock.after(context.connectTimeoutMs, () => gaveUp.abort())
    const onClose = (): void => gaveUp.abort()
    client.once('close', onClose)
    let upstream: Duplex
    try {
      upstream = await dialerFor(backend, context).dialTcp(backend.podIP, backend.port, gaveUp.signal)
    } catch (error) {
      counters.refused++
      context.logger.debug('Pod did not take the connection', { pod: backend.podUid, port: backend.port, error })
      reset(client)
      return
    } finally {
      client.off('close', onClose)
    }
    if (upstream instanceof Socket) upstream.setNoDelay(true)
    if (client.destroyed) {
      reset(upstream)
      return
    }
    using _flow = context.flows.add(backend.podUid, () => {
      reset(client)
      reset(upstream)
    })
    counters.accepted++
    await splice(client, upstream)
  }

  const accept = (client: Socket): void => {
    open.add(client)
    // Whoever waits for the connection hears of its end by `close`; without a listener an error would end the process.
    client.on('error', () => {})
    client.once('close', () => {
      open.delete(client)
      counters.received += client.bytesRead
      counters.sent += client.bytesWritten
    })
    const backend = chooser.choose(listener, client.remoteAddress ?? '', context.clock.now())
    if (backend === undefined) {
      counters.refused++
      reset(client)
      return
    }
    connect(client, backend).catch((error: unknown) => {
      context.logger.warn('Connection failed', { error })
      reset(client)
    })
  }

  const server = createServer({ allowHalfOpen: true, noDelay: true }, accept)
  server.listen({ host: initial.ip, port: initial.port, backlog: 1024 })
  await once(server, 'listening')
  server.on('error', error => context.logger.warn('Listener failed', { ip: initial.ip, port: initial.port, error }))

  return {
    get counters() {
      const live = { ...counters, active: open.size }
      for (const client of open) {
        live.received += client.bytesRead
        live.sent += client.bytesWritten
      }
      return live
    },
    update(next) {
      listener = next
    },
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close')
      server.close()
      for (const client of open) reset(client)
      await closed
    },
  }
}
