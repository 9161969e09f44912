import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { ApiResponse, MessageStream } from '../request.ts'
import { listText, messageLine } from '../rest/representation.ts'
import { jsonText } from '../storage/stored-object.ts'

const compress = promisify(gzip)

/** The real server compresses from this size on. */
const compressFrom = 128 * 1024

/** Writes an answer; of a watch, until it ends or the client goes. */
export async function writeResponse(
  answer: ApiResponse,
  request: IncomingMessage,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  for (const [name, value] of Object.entries(answer.headers ?? {}))
    response.setHeader(name, name === 'warning' ? value.split(/, (?=299 - )/) : value)
  response.setHeader('cache-control', 'no-cache, private')
  response.statusCode = answer.status
  switch (answer.kind) {
    case 'object':
      return writeText(`${jsonText(answer.object)}\n`, answer.contentType ?? 'application/json', request, response)
    case 'list':
      return writeText(listText(answer.head, answer.items), 'application/json', request, response)
    case 'text':
      return writeText(answer.text, answer.contentType, request, response)
    case 'watch':
      return writeWatch(answer.stream, answer.contentType ?? 'application/json', response, signal)
    case 'bytes':
      return writeBytes(answer.bytes, answer.contentType, response, signal)
  }
}

async function writeText(text: string, contentType: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (contentType !== '') response.setHeader('content-type', contentType)
  if (text.length >= compressFrom && /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''))) {
    response.setHeader('content-encoding', 'gzip')
    response.setHeader('vary', 'Accept-Encoding')
    response.end(await compress(text, { level: 1 }))
    return
  }
  response.setHeader('content-length', Buffer.byteLength(text))
  response.end(request.method === 'HEAD' ? '' : text)
}

async function writeWatch(stream: MessageStream, contentType: string, response: ServerResponse, signal: AbortSignal): Promise<void> {
  using watch = stream
  response.setHeader('content-type', contentType)
  response.flushHeaders()
  const onAbort = (): void => watch[Symbol.dispose]()
  signal.addEventListener('abort', onAbort, { once: true })
  if (signal.aborted) return
  while (!watch.ended) {
    await watch.wait()
    const messages = watch.take()
    if (messages.length === 0) continue
    if (!response.write(messages.map(messageLine).join('')) && !response.writableFinished) await once(response, 'drain', { signal })
  }
  response.end()
}

async function writeBytes(
  bytes: AsyncIterable<Uint8Array>,
  contentType: string,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  response.setHeader('content-type', contentType)
  response.flushHeaders()
  for await (const chunk of bytes) {
    if (signal.aborted) return
    if (!response.write(chunk)) await once(response, 'drain', { signal })
  }
  response.end()
}
