/**
 * Where machinery counts. Names and labels are those of client-go and controller-runtime, so dashboards that exist fit.
 * The registry behind it is made where the process is wired together.
 */
export interface MetricsSink {
  increment(name: string, labels: Readonly<Record<string, string>>, by?: number): void
  set(name: string, labels: Readonly<Record<string, string>>, value: number): void
  /** Durations are in seconds. */
  observe(name: string, labels: Readonly<Record<string, string>>, value: number): void
}

const ignore = (): void => {}

export const noopMetrics: MetricsSink = { increment: ignore, set: ignore, observe: ignore }
