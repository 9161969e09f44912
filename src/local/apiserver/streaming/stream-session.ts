import { PassThrough, type Readable } from 'node:stream'
import type { NodeStreams, StreamRefusal } from '../../node/streams.ts'
import { CHANNEL_PROTOCOLS, serveChannels } from './channel-protocol.ts'
import type { MessagePort } from './message-port.ts'
import { PORT_CHANNELS, servePorts } from './port-protocol.ts'
import { servePortForward } from './spdy/port-forward.ts'
import { containerRef, flag, type StreamTarget } from './target.ts'

/** A stream that a node has agreed to, waiting for its connection. */
export interface StreamSession {
  readonly protocol: string
  /** Resolves when the session is over and the port is closed. */
  serve(port: MessagePort): Promise<void>
  /** Ends it when no connection came about. */
  cancel(): void
}

/** Port-forward by SPDY: as the connection itself, or inside a WebSocket. */
const SPDY_PORTS: readonly string[] = ['SPDY/3.1+portforward.k8s.io', 'portforward.k8s.io']
const PORT_PROTOCOLS: readonly string[] = [...SPDY_PORTS, PORT_CHANNELS]

/**
 * Asks the node for a stream. Refusals of the node and requests that cannot be served come back as such, with an HTTP status.
 * @param offered the sub-protocols of the client, in its order
 */
export async function openSession(
  target: StreamTarget,
  offered: readonly string[],
  streams: NodeStreams,
  signal: AbortSignal,
): Promise<StreamSession | StreamRefusal> {
  const known: readonly string[] = target.subresource === 'portforward' ? PORT_PROTOCOLS : CHANNEL_PROTOCOLS
  const protocol = offered.find(name => known.includes(name))
  if (protocol === undefined) {
    return {
      refused: true,
      status: 400,
      message: `none of the sub-protocols is served here (${offered.join(', ')}); use one of ${known.join(', ')}`,
    }
  }
  if (target.subresource === 'portforward') return openPorts(target, protocol, streams)
  const { query } = target
  const options = { stdin: flag(query, 'stdin'), stdout: flag(query, 'stdout'), stderr: flag(query, 'stderr'), tty: flag(query, 'tty') }
  if (!options.stdin && !options.stdout && !options.stderr) {
    return { refused: true, status: 400, message: 'you must specify at least 1 of stdin, stdout, stderr' }
  }
  const abort = new AbortController()
  const both = AbortSignal.any([signal, abort.signal])
  const opened = await (target.subresource === 'attach'
    ? streams.attach(containerRef(target), options, both)
    : streams.exec(containerRef(target), { ...options, command: query.getAll('command') }, both))
  if ('refused' in opened) return opened
  // Read from the start: what nobody reads is lost when its process ends before the connection stands.
  const [stdout, stderr] = [kept(opened.stdout), kept(opened.stderr)]
  let isOver = false
  const over = () => {
    isOver = true
  }
  opened.exit.then(over, over)
  // A command whose client went away goes as well; an attached process stays.
  const end = () => {
    abort.abort()
    if (!isOver && target.subresource === 'exec') opened.kill()
  }
  return { protocol, serve: port => serveChannels({ session: opened, stdout, stderr }, port, options).finally(end), cancel: end }
}

function openPorts(target: StreamTarget, protocol: string, streams: NodeStreams): StreamSession | StreamRefusal {
  const abort = new AbortController()
  const dial = (port: number) => streams.portForward(containerRef(target), port, abort.signal)
  const end = () => abort.abort()
  if (SPDY_PORTS.includes(protocol)) return { protocol, serve: port => servePortForward(port, dial).finally(end), cancel: end }
  const ports = target.query.getAll('ports').flatMap(text => text.split(',').map(Number))
  if (ports.length === 0 || ports.some(port => !Number.isInteger(port) || port < 1 || port > 65535)) {
    return { refused: true, status: 400, message: 'query parameter "ports" must name ports from 1 to 65535' }
  }
  return { protocol, serve: port => servePorts(ports, dial, port).finally(end), cancel: end }
}

function kept(source: Readable): PassThrough {
  const result = new PassThrough()
  source.on('error', () => result.end())
  return source.pipe(result)
}
