import { homedir } from 'node:os'
import { systemClock } from '../kube/clock.ts'
import { UndiciTransport } from '../kube/undici-transport.ts'
import type { CliContext } from './context.ts'
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
    signal,
    createTransport: config => new UndiciTransport(config),
    terminalSizes,
    exitCode: 0,
  }
}
