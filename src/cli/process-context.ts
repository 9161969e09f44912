import { homedir } from 'node:os'
import { systemClock } from '../kube/clock.ts'
import { UndiciTransport } from '../kube/undici-transport.ts'
import type { CliContext } from './context.ts'
import { CliError, exitCode } from './exit-code.ts'
import { terminalSizes } from './terminal-size.ts'

/** The context of this very process. `signal` is aborted by whoever listens for Ctrl-C. */
export function processContext(signal: AbortSignal): CliContext {
  return {
    env: process.env,
    cwd: process.cwd(),
    home: homedir(),
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    clock: systemClock,
    signal: AbortSignal.any([signal, readerGone()]),
    createTransport: config => new UndiciTransport(config),
    terminalSizes,
    exitCode: 0,
  }
}

/** Aborted when nobody reads our output any more, as in `berth logs -f x | head`. */
function readerGone(): AbortSignal {
  const gone = new AbortController()
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error
      gone.abort(new CliError(exitCode.brokenPipe, ''))
    })
  }
  return gone.signal
}
