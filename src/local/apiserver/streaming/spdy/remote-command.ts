import { type MessagePort, MessageQueue } from '../message-port.ts'
import { flag } from '../target.ts'
import { SpdyConnection, type SpdyStream } from './connection.ts'

const channels: Readonly<Record<string, number>> = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4 }
const CLOSE = 255

/** How long a client may take to read the rest of the output. */
const LINGER_MS = 10_000

/**
 * Exec and attach as clients before Kubernetes 1.31 ask for them: one SPDY stream per channel, named by its `streamtype` header.
 * Gives the same port as a WebSocket, so that one implementation serves both.
 * @param query the request's parameters: they say which streams the client will open; nothing is sent before it has
 */
export function remoteCommandPort(bytes: MessagePort, query: URLSearchParams): MessagePort {
  const queue = new MessageQueue()
  const streams = new Map<number, ReturnType<typeof Promise.withResolvers<SpdyStream | undefined>>>()
  const streamOf = (channel: number) => {
    let entry = streams.get(channel)
    if (entry === undefined) {
      entry = Promise.withResolvers<SpdyStream | undefined>()
      if (bytes.closed.aborted) entry.resolve(undefined)
      streams.set(channel, entry)
    }
    return entry
  }
  const complete = Promise.all(expectedChannels(query).map(channel => streamOf(channel).promise))
  const connection = new SpdyConnection(bytes, stream => {
    const channel = channels[stream.headers['streamtype'] ?? '']
    if (channel === undefined) return
    streamOf(channel).resolve(stream)
    if (channel === 0 || channel === 4) void forward(stream, channel, queue)
  })
  connection
    .run()
    .catch(() => bytes.close())
    .finally(() => {
      queue.end()
      for (const { resolve } of streams.values()) resolve(undefined)
    })
  return {
    closed: bytes.closed,
    messages: () => queue.read(),
    async send(data) {
      await complete
      const [channel = CLOSE] = data
      // The empty message that opens a WebSocket has no meaning here.
      if (data.length > 1) await (await streamOf(channel).promise)?.send(data.subarray(1))
    },
    close() {
      for (const { promise } of streams.values()) promise.then(stream => stream?.end()).catch(() => undefined)
      for (const { resolve } of streams.values()) resolve(undefined)
      // Clients drop what they have not read when the connection ends before they end it.
      const timer = setTimeout(() => bytes.close(), LINGER_MS)
      timer.unref()
      bytes.closed.addEventListener('abort', () => clearTimeout(timer), { once: true })
    },
  }
}

function expectedChannels(query: URLSearchParams): number[] {
  const tty = flag(query, 'tty')
  const wanted = ['error', ...['stdin', 'stdout'].filter(name => flag(query, name))]
  if (flag(query, 'stderr') && !tty) wanted.push('stderr')
  if (tty) wanted.push('resize')
  return wanted.flatMap(name => channels[name] ?? [])
}

async function forward(stream: SpdyStream, channel: number, queue: MessageQueue): Promise<void> {
  for await (const data of stream.messages()) await queue.push(Buffer.concat([Buffer.of(channel), data]))
  await queue.push(Buffer.of(CLOSE, channel))
}
