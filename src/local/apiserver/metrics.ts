import type { RequestRecord } from './request.ts'

const bucketSeconds = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60]

interface Histogram {
  readonly buckets: number[]
  sum: number
  count: number
}

/** Counts and times of requests under the names and labels of the real API server, so that one scraper reads both. */
export class RequestMetrics {
  readonly #counts = new Map<string, number>()
  readonly #durations = new Map<string, Histogram>()

  observe(record: RequestRecord, seconds: number): void {
    const { verb, group, version, resource, subresource, scope, code } = record
    const labels = `component="apiserver",dry_run="",group="${group}",resource="${resource}",scope="${scope}",subresource="${subresource}",verb="${verb}",version="${version}"`
    const counted = `code="${code}",${labels}`
    this.#counts.set(counted, (this.#counts.get(counted) ?? 0) + 1)
    if (verb === 'WATCH' || verb === 'CONNECT') return
    let histogram = this.#durations.get(labels)
    if (histogram === undefined) {
      histogram = { buckets: bucketSeconds.map(() => 0), sum: 0, count: 0 }
      this.#durations.set(labels, histogram)
    }
    const at = bucketSeconds.findIndex(limit => seconds <= limit)
    if (at >= 0) histogram.buckets[at] = (histogram.buckets[at] ?? 0) + 1
    histogram.sum += seconds
    histogram.count += 1
  }

  /** Prometheus text format. */
  text(objectCounts: Iterable<readonly [resource: string, count: number]>, watches: number): string {
    const lines = [
      '# HELP apiserver_request_total Counter of apiserver requests broken out for each verb, dry run value, group, version, resource, scope, component, and HTTP response code.',
      '# TYPE apiserver_request_total counter',
    ]
    for (const [labels, count] of this.#counts) lines.push(`apiserver_request_total{${labels}} ${count}`)
    lines.push(
      '# HELP apiserver_request_duration_seconds Response latency distribution in seconds.',
      '# TYPE apiserver_request_duration_seconds histogram',
    )
    for (const [labels, { buckets, sum, count }] of this.#durations) {
      let below = 0
      for (const [index, limit] of bucketSeconds.entries()) {
        below += buckets[index] ?? 0
        lines.push(`apiserver_request_duration_seconds_bucket{${labels},le="${limit}"} ${below}`)
      }
      lines.push(`apiserver_request_duration_seconds_bucket{${labels},le="+Inf"} ${count}`)
      lines.push(`apiserver_request_duration_seconds_sum{${labels}} ${sum}`, `apiserver_request_duration_seconds_count{${labels}} ${count}`)
    }
    lines.push(
      '# HELP apiserver_longrunning_requests Gauge of all active long-running apiserver requests.',
      '# TYPE apiserver_longrunning_requests gauge',
    )
    lines.push(`apiserver_longrunning_requests{component="apiserver",verb="WATCH"} ${watches}`)
    lines.push('# HELP apiserver_storage_objects Number of stored objects.', '# TYPE apiserver_storage_objects gauge')
    for (const [resource, count] of objectCounts) lines.push(`apiserver_storage_objects{resource="${resource}"} ${count}`)
    return `${lines.join('\n')}\n`
  }
}
