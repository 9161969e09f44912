import type { Duplex } from 'node:stream'
import { connect as connectTls } from 'node:tls'
import type { DeepReadonly } from '../../../kube/object.ts'
import type { HTTPGetAction } from '../../../apis/core/types.generated.ts'

/** Reads no more than this of an answer: probes and hooks care about the status. */
const longestAnswer = 10 * 1024

/**
 * One `GET` over a stream that leads to the pod; resolves with status and the beginning of the body. Certificates are not verified,
 * as with kubelet's probes. Rejects when the stream fails or ends before a status line, or when `signal` is aborted.
 */
export async function httpGet(
  stream: Duplex,
  action: DeepReadonly<HTTPGetAction>,
  authority: string,
  signal: AbortSignal,
): Promise<{ status: number; body: string }> {
  const connection = action.scheme === 'HTTPS' ? connectTls({ socket: stream, rejectUnauthorized: false }) : stream
  const onAbort = (): void =>
    void connection.destroy(new Error('context deadline exceeded (Client.Timeout exceeded while awaiting headers)'))
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    if (signal.aborted) onAbort()
    connection.write(requestText(action, authority))
    let text = ''
    for await (const chunk of connection as AsyncIterable<Buffer>) {
      text += chunk.toString('latin1')
      if (text.length > longestAnswer) break
      if (isComplete(text)) break
    }
    const status = /^HTTP\/1\.[01] (\d{3})/.exec(text)?.[1]
    if (status === undefined) throw new Error(text === '' ? 'EOF' : 'malformed HTTP response')
    const end = text.indexOf('\r\n\r\n')
    return { status: Number(status), body: end < 0 ? '' : text.slice(end + 4) }
  } finally {
    signal.removeEventListener('abort', onAbort)
    connection.on('error', () => {})
    connection.destroy()
    stream.destroy()
  }
}

function requestText(action: DeepReadonly<HTTPGetAction>, authority: string): string {
  const headers = new Map([
    ['host', `Host: ${authority}`],
    ['user-agent', 'User-Agent: kube-probe/1.34'],
    ['accept', 'Accept: */*'],
  ])
  for (const { name, value } of action.httpHeaders ?? []) headers.set(name.toLowerCase(), `${name}: ${value.replaceAll(/[\r\n]/g, ' ')}`)
  headers.set('connection', 'Connection: close')
  const path = action.path === undefined || action.path === '' ? '/' : action.path.startsWith('/') ? action.path : `/${action.path}`
  return `GET ${encodeURI(decodeURISafely(path))} HTTP/1.1\r\n${[...headers.values()].join('\r\n')}\r\n\r\n`
}

function decodeURISafely(path: string): string {
  try {
    return decodeURI(path)
  } catch {
    return path
  }
}

/** Servers that ignore `Connection: close` say how long their answer is. */
function isComplete(text: string): boolean {
  const end = text.indexOf('\r\n\r\n')
  if (end < 0) return false
  const length = /\r\ncontent-length:\s*(\d+)/i.exec(text.slice(0, end))?.[1]
  return length !== undefined ? text.length >= end + 4 + Number(length) : /\r\n0\r\n/.test(text)
}
