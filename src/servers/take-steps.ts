/**
 * Takes every item, at most `parallel` at a time and in their order, until the signal. What failed keeps the others from nothing; the first
 * failure is the answer.
 */
export async function takeAll<T>(
  items: readonly T[],
  parallel: number,
  take: (item: T) => Promise<void>,
  signal: AbortSignal,
): Promise<{ readonly error?: unknown }> {
  const failures: unknown[] = []
  const queue = items.values()
  const work = async (): Promise<void> => {
    for (const item of queue) {
      await take(item).catch((failure: unknown) => failures.push(failure))
      if (signal.aborted) return
    }
  }
  await Promise.all(Array.from({ length: Math.min(parallel, items.length) }, work))
  return failures.length === 0 ? {} : { error: failures[0] }
}
