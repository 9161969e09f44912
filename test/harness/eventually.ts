import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Repeats `attempt` until it neither throws nor returns undefined or false; the last failure becomes the error's cause.
 * Default: every 50 ms for 30 s.
 */
export async function eventually<T>(
  what: string,
  attempt: () => Promise<T> | T,
  { timeout = 30_000, every = 50 } = {},
): Promise<Exclude<T, undefined | false>> {
  const until = Date.now() + timeout
  let last: unknown
  for (;;) {
    try {
      const result = await attempt()
      if (result !== undefined && result !== false) return result as Exclude<T, undefined | false>
      last = undefined
    } catch (error) {
      last = error
    }
    if (Date.now() > until)
      throw new Error(`not within ${timeout} ms: ${what}${last instanceof Error ? ` (last: ${last.message})` : ''}`, { cause: last })
    await sleep(every)
  }
}
