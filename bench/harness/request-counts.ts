import type { Client } from '../../src/kube/client.ts'

/**
 * Requests by `VERB resource[/subresource]`, followed by the code when it is not of success, from `apiserver_request_total`; calls of
 * webhooks by `WEBHOOK name`.
 */
export type Counts = ReadonlyMap<string, number>

const writing = new Set(['POST', 'PUT', 'PATCH', 'APPLY', 'DELETE', 'DELETECOLLECTION'])

/** All requests so far, but those for leases, nodes and reviews, which go on by themselves. */
export async function requestCounts(client: Client): Promise<Counts> {
  const counts = new Map<string, number>()
  const add = (key: string, value: string | undefined): void => void counts.set(key, (counts.get(key) ?? 0) + Number(value))
  for (const line of String(await client.raw('/metrics', { accept: 'text/plain' })).split('\n')) {
    const match = /^apiserver_(request_total|admission_webhook_request_total)\{(.*)\} (\S+)$/.exec(line)
    if (match === null) continue
    const labels = Object.fromEntries([...(match[2] ?? '').matchAll(/(\w+)="([^"]*)"/g)].map(([, name, value]) => [name, value]))
    const { verb = '', resource = '', subresource = '', code = '' } = labels
    if (match[1] !== 'request_total') add(`WEBHOOK ${labels['name'] ?? ''}`, match[3])
    else if (!['leases', 'nodes'].includes(resource) && !resource.endsWith('reviews')) {
      add(`${verb} ${resource}${subresource === '' ? '' : `/${subresource}`}${code.startsWith('2') ? '' : ` ${code}`}`, match[3])
    }
  }
  return counts
}

/** Successful writes alone. */
export async function writeCounts(client: Client): Promise<Counts> {
  return new Map([...(await requestCounts(client))].filter(([key]) => isWrite(key) && !isFailure(key)))
}

const isWrite = (key: string): boolean => writing.has(key.split(' ', 1)[0] ?? '')
const isFailure = (key: string): boolean => / \d+$/.test(key)
const isEvent = (key: string): boolean => key.split(' ')[1] === 'events'

export interface WritesPerServer {
  /** Everybody's, without events. */
  readonly writes: number
  readonly events: number
  /** Writes that were answered with an error; not among the others. */
  readonly failed: number
  /** Those of the failed that met a newer version. */
  readonly conflicts: number
  readonly webhookCalls: number
  /** By request, those of at least 0.05 per server. */
  readonly byRequest: string
}

export function writesPerServer(before: Counts, after: Counts, servers: number): WritesPerServer {
  const differences = [...after]
    .map(([key, count]) => [key, (count - (before.get(key) ?? 0)) / servers] as const)
    .filter(([key, count]) => count > 0 && (isWrite(key) || key.startsWith('WEBHOOK ')))
  const sum = (wanted: (key: string) => boolean): number =>
    Number(
      differences
        .filter(([key]) => wanted(key))
        .reduce((total, [, count]) => total + count, 0)
        .toFixed(2),
    )
  return {
    writes: sum(key => isWrite(key) && !isFailure(key) && !isEvent(key)),
    events: sum(key => isWrite(key) && !isFailure(key) && isEvent(key)),
    failed: sum(key => isWrite(key) && isFailure(key)),
    conflicts: sum(key => isWrite(key) && key.endsWith(' 409')),
    webhookCalls: sum(key => key.startsWith('WEBHOOK ')),
    byRequest: differences
      .filter(([, count]) => count >= 0.05)
      .map(([key, count]) => `${key} ${Number(count.toFixed(2))}`)
      .join(', '),
  }
}
