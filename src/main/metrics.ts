import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { MetricsSink } from '../kube/metrics.ts'

/** Durations from a millisecond to ten seconds, as controller-runtime buckets them. */
const buckets = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** The registry behind {@link MetricsSink}: a metric comes to be when it is first counted, with the labels it then has. */
export class PrometheusMetrics implements MetricsSink {
  readonly #registry = new Registry()
  readonly #counters = new Map<string, Counter>()
  readonly #gauges = new Map<string, Gauge>()
  readonly #histograms = new Map<string, Histogram>()

  increment(name: string, labels: Readonly<Record<string, string>>, by = 1): void {
    this.#once(this.#counters, name, () => new Counter(this.#about(name, labels))).inc({ ...labels }, by)
  }

  set(name: string, labels: Readonly<Record<string, string>>, value: number): void {
    this.#once(this.#gauges, name, () => new Gauge(this.#about(name, labels))).set({ ...labels }, value)
  }

  observe(name: string, labels: Readonly<Record<string, string>>, value: number): void {
    this.#once(this.#histograms, name, () => new Histogram({ ...this.#about(name, labels), buckets })).observe({ ...labels }, value)
  }

  /** Prometheus' text format. */
  text(): Promise<string> {
    return this.#registry.metrics()
  }

  #once<T>(known: Map<string, T>, name: string, make: () => T): T {
    const metric = known.get(name) ?? make()
    known.set(name, metric)
    return metric
  }

  #about(
    name: string,
    labels: Readonly<Record<string, string>>,
  ): { name: string; help: string; labelNames: string[]; registers: Registry[] } {
    return { name, help: name.replaceAll('_', ' '), labelNames: Object.keys(labels), registers: [this.#registry] }
  }
}
