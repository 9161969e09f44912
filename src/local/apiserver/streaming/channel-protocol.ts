import type { Readable } from 'node:stream'
import type { ExecSession } from '../../node/runtime/runtime.ts'
import { exitStatus, type StreamStatus } from './exit-status.ts'
import type { MessagePort } from './message-port.ts'

/** The sub-protocols of exec and attach, best first. The first byte of every message is its channel. */
export const CHANNEL_PROTOCOLS = ['v5.channel.k8s.io', 'v4.channel.k8s.io'] as const

const STDIN = 0
const STDOUT = 1
const STDERR = 2
const ERROR = 3
const RESIZE = 4
/** Version 5: the second byte names a channel that its writer has closed. */
const CLOSE = 255

/** Serves one exec or attach session over channels; resolves when it is over and everything has been sent. */
export async function serveChannels(
  { session, stdout, stderr }: { readonly session: ExecSession; readonly stdout: Readable; readonly stderr: Readable },
  port: MessagePort,
  options: { readonly tty: boolean; readonly stdin: boolean; readonly stdout: boolean; readonly stderr: boolean },
): Promise<void> {
  session.stdin?.on('error', () => undefined)
  // Tells the client that the connection stands, as Kubernetes does.
  await send(port, STDOUT, new Uint8Array())
  const input = readInput(session, port, options.stdin)
  const output = [pump(stdout, port, options.stdout ? STDOUT : undefined)]
  output.push(pump(stderr, port, options.stderr && !options.tty ? STDERR : undefined))
  const stopped = new Promise<void>(resolve => {
    if (port.closed.aborted) resolve()
    else port.closed.addEventListener('abort', () => resolve(), { once: true })
  })
  const status = await Promise.race([finish(session, output), stopped])
  if (status !== undefined) await send(port, ERROR, Buffer.from(JSON.stringify(status)))
  port.close()
  await input
}

async function finish(session: ExecSession, output: readonly Promise<void>[]): Promise<StreamStatus> {
  try {
    const [exit] = await Promise.all([session.exit, ...output])
    return exitStatus(exit)
  } catch (error) {
    return { metadata: {}, status: 'Failure', reason: 'InternalError', message: error instanceof Error ? error.message : String(error) }
  }
}

async function pump(source: Readable, port: MessagePort, channel: number | undefined): Promise<void> {
  try {
    for await (const chunk of source as AsyncIterable<Uint8Array | string>) {
      if (channel === undefined || port.closed.aborted) continue
      await send(port, channel, typeof chunk === 'string' ? Buffer.from(chunk) : chunk)
    }
  } catch {
    // A stream that breaks ends the output; how the process ended says the rest.
  }
}

function send(port: MessagePort, channel: number, data: Uint8Array): Promise<void> {
  const message = new Uint8Array(data.length + 1)
  message[0] = channel
  message.set(data, 1)
  return port.send(message)
}

async function readInput(session: ExecSession, port: MessagePort, stdin: boolean): Promise<void> {
  for await (const message of port.messages()) {
    const [channel] = message
    const data = message.subarray(1)
    if (channel === STDIN && stdin && session.stdin?.writable === true) {
      const hasRoom = session.stdin.write(data)
      if (!hasRoom) await drained(session.stdin, port.closed)
    } else if (channel === RESIZE) resize(session, data)
    else if (channel === CLOSE && data[0] === STDIN) session.stdin?.end()
  }
  session.stdin?.end()
}

function drained(stdin: NonNullable<ExecSession['stdin']>, closed: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    const done = () => {
      for (const event of ['drain', 'close', 'error'] as const) stdin.off(event, done)
      closed.removeEventListener('abort', done)
      resolve()
    }
    for (const event of ['drain', 'close', 'error'] as const) stdin.once(event, done)
    closed.addEventListener('abort', done, { once: true })
  })
}

function resize(session: ExecSession, data: Uint8Array): void {
  try {
    const { Width, Height } = JSON.parse(new TextDecoder().decode(data)) as { Width?: unknown; Height?: unknown }
    if (typeof Width === 'number' && typeof Height === 'number') session.resize?.(Width, Height)
  } catch {
    // A resize that cannot be read changes nothing, as in Kubernetes.
  }
}
