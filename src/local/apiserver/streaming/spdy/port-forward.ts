import type { Duplex } from 'node:stream'
import type { StreamRefusal } from '../../../node/streams.ts'
import type { MessagePort } from '../message-port.ts'
import { SpdyConnection, type SpdyStream } from './connection.ts'

/** Opens a connection to a port of the pod. */
export type Dial = (port: number) => Promise<Duplex | StreamRefusal>

/**
 * Port-forward as kubectl does it: for every connection a pair of streams, `error` and `data`, that share a request id.
 * Resolves when the client has gone.
 */
export async function servePortForward(bytes: MessagePort, dial: Dial): Promise<void> {
  const waiting = new Map<string, SpdyStream>()
  const open = new Set<Duplex>()
  const connection = new SpdyConnection(bytes, stream => {
    const request = stream.headers['requestid'] ?? String(stream.headers['port'])
    const other = waiting.get(request)
    if (other === undefined) {
      waiting.set(request, stream)
      return
    }
    waiting.delete(request)
    const [data, errors] = stream.headers['streamtype'] === 'data' ? [stream, other] : [other, stream]
    void forward(data, errors, dial, open)
  })
  try {
    await connection.run()
  } catch {
    // A client that breaks off is one that has gone.
  } finally {
    for (const socket of open) socket.destroy()
  }
}

async function forward(data: SpdyStream, errors: SpdyStream, dial: Dial, open: Set<Duplex>): Promise<void> {
  const port = Number(data.headers['port'])
  const target = await dial(port).catch((error: unknown) => ({
    refused: true as const,
    message: error instanceof Error ? error.message : String(error),
  }))
  if ('refused' in target) {
    await errors.send(Buffer.from(`error forwarding port ${port} to pod: ${target.message}`))
  } else {
    open.add(target)
    target.on('error', () => undefined)
    const input = copyInput(data, target)
    try {
      for await (const chunk of target as AsyncIterable<Uint8Array>) await data.send(chunk)
    } catch {
      // A connection that breaks ends like one that was closed.
    }
    target.destroy()
    open.delete(target)
    void input
  }
  await data.end()
  await errors.end()
}

async function copyInput(data: SpdyStream, target: Duplex): Promise<void> {
  for await (const chunk of data.messages()) {
    if (target.destroyed || !target.writable) continue
    if (!target.write(chunk)) await new Promise<void>(resolve => onceAny(target, resolve))
  }
  target.end()
}

function onceAny(target: Duplex, resolve: () => void): void {
  const done = () => {
    for (const event of ['drain', 'close', 'error']) target.off(event, done)
    resolve()
  }
  for (const event of ['drain', 'close', 'error']) target.once(event, done)
}
