import type { Duplex } from 'node:stream'
import type { StreamRefusal } from '../../node/streams.ts'
import type { MessagePort } from './message-port.ts'
import type { Dial } from './spdy/port-forward.ts'

/**
 * The sub-protocol of port-forward over plain WebSocket messages. Each port has two channels, data and error; both begin with the port
 * number as two bytes, the lower first.
 */
export const PORT_CHANNELS = 'v4.channel.k8s.io'

/** Forwards one connection per port; resolves when all are over or the client has gone. */
export async function servePorts(ports: readonly number[], dial: Dial, port: MessagePort): Promise<void> {
  const connections = await Promise.all(
    ports.map(async (number, index) => {
      const header = Uint8Array.of(number & 0xff, number >> 8)
      await send(port, index * 2, header)
      await send(port, index * 2 + 1, header)
      const connection = await dial(number).catch((error: unknown) => refusal(error))
      if ('refused' in connection) {
        await send(port, index * 2 + 1, Buffer.from(connection.message))
        return undefined
      }
      connection.on('error', () => undefined)
      return connection
    }),
  )
  const input = readInput(connections, port)
  const output = connections.map(async (connection, index) => {
    if (connection === undefined) return
    try {
      for await (const chunk of connection as AsyncIterable<Uint8Array>) await send(port, index * 2, chunk)
    } catch {
      // A broken connection ends like one that was closed.
    }
  })
  await Promise.race([Promise.all(output), input])
  for (const connection of connections) connection?.destroy()
  port.close()
}

const refusal = (error: unknown): StreamRefusal => ({
  refused: true,
  status: 500,
  message: error instanceof Error ? error.message : String(error),
})

function send(port: MessagePort, channel: number, data: Uint8Array): Promise<void> {
  const message = new Uint8Array(data.length + 1)
  message[0] = channel
  message.set(data, 1)
  return port.send(message)
}

async function readInput(connections: readonly (Duplex | undefined)[], port: MessagePort): Promise<void> {
  for await (const message of port.messages()) {
    const [channel = 0] = message
    if (channel % 2 === 0) connections[channel / 2]?.write(message.subarray(1))
  }
  for (const connection of connections) connection?.end()
}
