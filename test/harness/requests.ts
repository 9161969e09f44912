import type { TestCluster } from './cluster.ts'

/** Write requests by verb and resource, as `apiserver_request_total` counts them. */
export class Writes {
  readonly counts: ReadonlyMap<string, number>

  constructor(counts: ReadonlyMap<string, number>) {
    this.counts = counts
  }

  get total(): number {
    return [...this.counts.values()].reduce((sum, count) => sum + count, 0)
  }

  minus(before: Writes): Writes {
    const rest = [...this.counts].map(([key, count]) => [key, count - (before.counts.get(key) ?? 0)] as const)
    return new Writes(new Map(rest.filter(([, count]) => count > 0)))
  }

  without(kind: RegExp): Writes {
    return new Writes(new Map([...this.counts].filter(([key]) => !kind.test(key))))
  }

  /** One line per kind of request, divided by the number of servers, for the message of a failed assertion. */
  describe(servers: number): string {
    return [...this.counts].map(([key, count]) => `${key}: ${(count / servers).toFixed(2)}`).join('\n')
  }
}

const verbs = new Set(['POST', 'PUT', 'PATCH', 'APPLY', 'DELETE', 'DELETECOLLECTION'])

/**
 * Every successful write so far but events, leases, nodes, bindings (scheduler) and review calls. The kubelet's own patches of
 * pods/status are in it: the metric does not tell writers apart.
 */
export async function writesOf(cluster: TestCluster): Promise<Writes> {
  const counts = new Map<string, number>()
  for (const line of (await cluster.k('get --raw /metrics')).split('\n')) {
    const match = /^apiserver_request_total\{(.*)\} (\S+)$/.exec(line)
    if (match === null) continue
    const labels = Object.fromEntries([...(match[1] ?? '').matchAll(/(\w+)="([^"]*)"/g)].map(([, name, value]) => [name, value]))
    const resource = `${labels['resource']}${labels['subresource'] === '' ? '' : `/${labels['subresource']}`}`
    if (!verbs.has(labels['verb'] ?? '') || !(labels['code'] ?? '').startsWith('2')) continue
    if (
      ['events', 'leases', 'nodes', 'nodes/status', 'pods/binding'].includes(resource) ||
      labels['resource']?.endsWith('reviews') === true
    )
      continue
    const key = `${labels['verb']} ${resource}`
    counts.set(key, (counts.get(key) ?? 0) + Number(match[2]))
  }
  return new Writes(counts)
}
