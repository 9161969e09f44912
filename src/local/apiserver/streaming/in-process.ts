import type { TransportChannel } from '../../../kube/transport.ts'
import type { NodeStreams, StreamRefusal } from '../../node/streams.ts'
import { type MessagePort, MessageQueue } from './message-port.ts'
import { openSession } from './stream-session.ts'
import type { StreamTarget } from './target.ts'

/**
 * Opens exec, attach or port-forward without a socket: the same protocol over two queues. A refusal comes back as such.
 * @param signal closes the channel
 */
export async function openChannel(
  target: StreamTarget,
  protocols: readonly string[],
  streams: NodeStreams,
  signal?: AbortSignal,
): Promise<TransportChannel | StreamRefusal> {
  const closed = new AbortController()
  const both = signal === undefined ? closed.signal : AbortSignal.any([signal, closed.signal])
  const session = await openSession(target, protocols, streams, both)
  if ('refused' in session) return session
  const toServer = new MessageQueue()
  const toClient = new MessageQueue()
  const close = () => {
    toServer.end()
    toClient.end()
    closed.abort()
  }
  if (both.aborted) close()
  else both.addEventListener('abort', close, { once: true })
  const port: MessagePort = {
    closed: closed.signal,
    messages: () => toServer.read(),
    close,
    send: data => toClient.push(data),
  }
  session.serve(port).catch(close)
  return {
    protocol: session.protocol,
    send: data => void toServer.push(data),
    messages: () => toClient.read(),
    close,
  }
}
