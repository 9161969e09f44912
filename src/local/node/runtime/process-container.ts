import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { constants } from 'node:os'
import type { Writable } from 'node:stream'
import type { CriLog } from './cri-log.ts'
import type { Container, ExecSession, ExitStatus } from './runtime.ts'

export interface ProcessContainerParts {
  readonly id: string
  /** The program's own process id. */
  readonly pid: number
  /** Its outermost process: ending it ends every process of the container. */
  readonly child: ChildProcess
  readonly log: CriLog
  readonly now: () => Date
  readonly killAll: () => void
  readonly exec: Container['exec']
  /** Removes what the container left on the host. */
  readonly cleanUp: () => Promise<void>
}

/** A started container, as a process of this host. */
export class ProcessContainer implements Container {
  readonly id: string
  readonly pid: number
  readonly startedAt: Date
  readonly exited: Promise<ExitStatus>
  readonly stdin?: Writable
  readonly #parts: ProcessContainerParts
  readonly #sent = new Set<number>()
  #ended = false

  constructor(parts: ProcessContainerParts) {
    this.id = parts.id
    this.pid = parts.pid
    this.#parts = parts
    this.startedAt = parts.now()
    if (parts.child.stdin) {
      this.stdin = parts.child.stdin
      // The program may close its input at any time; that is no error of ours.
      parts.child.stdin.on('error', () => undefined)
    }
    this.exited = this.#watch()
  }

  kill(signal: NodeJS.Signals): void {
    if (this.#ended) return
    this.#sent.add(constants.signals[signal])
    if (signal === 'SIGKILL') this.#parts.killAll()
    else sendSignal(this.pid, signal)
  }

  exec(
    command: readonly string[],
    options: { stdin: boolean; tty: boolean; env?: Readonly<Record<string, string>> },
  ): Promise<ExecSession> {
    return this.#parts.exec(command, options)
  }

  async #watch(): Promise<ExitStatus> {
    const status = await exitOf(this.#parts.child, this.#parts.now, this.#sent)
    this.#ended = true
    await this.#parts.log.close()
    await this.#parts.cleanUp()
    return status
  }
}

/**
 * Waits for the process and the end of its output.
 * @param sent signals that were sent on purpose: an exit code of 128 + one of them is reported as that signal, since the container's init
 *   passes on only the number.
 */
export async function exitOf(child: ChildProcess, now: () => Date, sent: ReadonlySet<number> = new Set()): Promise<ExitStatus> {
  if (!isClosed(child)) await once(child, 'close')
  const finishedAt = now()
  if (child.signalCode !== null) {
    const signal = constants.signals[child.signalCode]
    return { exitCode: 128 + signal, signal, finishedAt }
  }
  const exitCode = child.exitCode ?? 128
  return sent.has(exitCode - 128) ? { exitCode, signal: exitCode - 128, finishedAt } : { exitCode, finishedAt }
}

function isClosed(child: ChildProcess): boolean {
  const ended = child.exitCode !== null || child.signalCode !== null
  return ended && [child.stdout, child.stderr].every(stream => stream === null || stream.closed)
}

/** Sends a signal to a process that may already be gone. */
export function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}
