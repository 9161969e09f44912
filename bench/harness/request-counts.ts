import type { Client } from '../../src/kube/client.ts'

/** Successful write requests by `VERB resource[/subresource]`, from `apiserver_request_total`. */
export type Counts = ReadonlyMap<string, number>

const verbs = new Set(['POST', 'PUT', 'PATCH', 'APPLY', 'DELETE', 'DELETECOLLECTION'])

/** Without leases, nodes and reviews, which go on by themselves. */
export async function writeCounts(client: Client): Promise<Counts> {
  const counts = new Map<string, number>()
  for (const line of String(await client.raw('/metrics', { accept: 'text/plain' })).split('\n')) {
    const match = /^apiserver_request_total\{(.*)\} (\S+)$/.exec(line)
    if (match === null) continue
    const labels = Object.fromEntries([...(match[1] ?? '').matchAll(/(\w+)="([^"]*)"/g)].map(([, name, value]) => [name, value]))
    const { verb = '', resource = '', subresource = '', code = '' } = labels
    if (!verbs.has(verb) || !code.startsWith('2') || ['leases', 'nodes'].includes(resource) || resource.endsWith('reviews')) continue
    const key = `${verb} ${resource}${subresource === '' ? '' : `/${subresource}`}`
    counts.set(key, (counts.get(key) ?? 0) + Number(match[2]))
  }
  return counts
}

export interface WritesPerServer {
  /** Everybody's, without events. */
  readonly writes: number
  readonly events: number
  /** By request, those of at least 0.05 per server. */
  readonly byRequest: string
}

export function writesPerServer(before: Counts, after: Counts, servers: number): WritesPerServer {
  const differences = [...after]
    .map(([key, count]) => [key, (count - (before.get(key) ?? 0)) / servers] as const)
    .filter(([, count]) => count > 0)
  const sum = (wanted: (key: string) => boolean): number =>
    Number(
      differences
        .filter(([key]) => wanted(key))
        .reduce((total, [, count]) => total + count, 0)
        .toFixed(2),
    )
  return {
    writes: sum(key => !key.endsWith(' events')),
    events: sum(key => key.endsWith(' events')),
    byRequest: differences
      .filter(([, count]) => count >= 0.05)
      .map(([key, count]) => `${key} ${Number(count.toFixed(2))}`)
      .join(', '),
  }
}
