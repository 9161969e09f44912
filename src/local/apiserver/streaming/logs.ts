import type { LogQuery, NodeStreams, StreamRefusal } from '../../node/streams.ts'
import { containerRef, flag } from './target.ts'

export interface LogTarget {
  readonly namespace: string
  readonly pod: string
  readonly query: URLSearchParams
}

/**
 * Opens `pods/NAME/log`. The bytes are plain text; with `follow` they end when the container does or the signal aborts.
 * Refusals carry the HTTP status to answer with.
 */
export async function openLogs(
  target: LogTarget,
  streams: NodeStreams,
  now: Date,
  signal: AbortSignal,
): Promise<AsyncIterable<Uint8Array> | StreamRefusal> {
  const query = logQuery(target.query, now)
  return 'refused' in query ? query : streams.logs(containerRef(target), query, signal)
}

/** Reads the parameters of a log request. */
export function logQuery(query: URLSearchParams, now: Date): LogQuery | StreamRefusal {
  const number = (name: string, least: number): number | StreamRefusal | undefined => {
    const text = query.get(name)
    if (text === null || text === '') return undefined
    const value = Number(text)
    if (Number.isInteger(value) && value >= least) return value
    const bound = least === 0 ? 'greater than or equal to 0' : 'greater than 0'
    return { refused: true, status: 400, message: `${name}: Invalid value: ${text}: must be ${bound}` }
  }
  const tailLines = number('tailLines', 0)
  const limitBytes = number('limitBytes', 1)
  const sinceSeconds = number('sinceSeconds', 1)
  for (const value of [tailLines, limitBytes, sinceSeconds]) if (typeof value === 'object') return value
  const sinceText = query.get('sinceTime')
  const since =
    typeof sinceSeconds === 'number' ? now.getTime() - sinceSeconds * 1000 : sinceText === null ? undefined : Date.parse(sinceText)
  if (since !== undefined && Number.isNaN(since)) {
    return { refused: true, status: 400, message: `sinceTime: Invalid value: ${JSON.stringify(sinceText)}: must be an RFC 3339 time` }
  }
  return {
    follow: flag(query, 'follow'),
    previous: flag(query, 'previous'),
    timestamps: flag(query, 'timestamps'),
    ...(typeof tailLines === 'number' ? { tailLines } : {}),
    ...(typeof limitBytes === 'number' ? { limitBytes } : {}),
    ...(since === undefined ? {} : { sinceTime: new Date(since) }),
  }
}
