/** One row of figures; the keys are the columns. */
export type Row = Readonly<Record<string, string | number>>

/** One bench: what it measures, in words, and how. Rows come out one by one, so that a failure keeps what was measured before it. */
export interface Bench {
  readonly name: string
  readonly about: string
  run(report: (row: Row) => void): Promise<void>
}

export function round(value: number, digits = 2): number {
  return Number(value.toFixed(digits))
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

/** Milliseconds that `work` takes. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now()
  await work()
  return performance.now() - begun
}

/** Operations per second of `work`, called `count` times by `parallel` callers. */
export async function perSecond(count: number, parallel: number, work: (index: number) => Promise<unknown>): Promise<number> {
  let next = 0
  const caller = async (): Promise<void> => {
    for (let index = next++; index < count; index = next++) await work(index)
  }
  const ms = await timed(() => Promise.all(Array.from({ length: parallel }, caller)))
  return Math.round(count / (ms / 1000))
}
