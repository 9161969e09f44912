import type { CliContext } from './context.ts'
import { CliError, exitCode } from './exit-code.ts'

/**
 * Looks again and again until `look` gives something. `describe` says, after the time is over, what was waited for in vain.
 * `timeoutMs` of 0 waits for ever.
 */
export async function waitUntil<R>(
  context: Pick<CliContext, 'clock' | 'signal'>,
  options: { readonly timeoutMs: number; readonly everyMs?: number; readonly describe: () => string },
  look: () => Promise<R | undefined>,
): Promise<R> {
  const { clock, signal } = context
  const { timeoutMs, everyMs = 500, describe } = options
  const start = clock.now()
  for (;;) {
    const found = await look()
    if (found !== undefined) return found
    const left = timeoutMs === 0 ? everyMs : start + timeoutMs - clock.now()
    if (left <= 0) throw new CliError(exitCode.timeout, describe())
    await clock.sleep(Math.min(everyMs, left), signal)
  }
}
