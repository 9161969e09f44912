import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { constants } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Writable } from 'node:stream'
import type { Container, ExecSession, ExitStatus } from './runtime.ts'

export interface ProcessContainerParts {
  readonly id: string
  /** The program's own process id. */
  readonly pid: number
  /** Its outermost process: ending it ends every process of the container. */
  readonly child: ChildProcess
  /** Resolves when all output is in the log. */
  readonly logged: Promise<void>
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
  #ended = false
  /** The signal that was asked to end the container, where the kernel saw SIGKILL. */
  #endedBy: number | undefined

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

  /**
   * Process 1 of a namespace gets no signal that it does not handle: a shell loop would sit out its whole grace period, as it does in
   * other container engines. Here such a program is ended as if it ran under an init.
   */
  kill(signal: NodeJS.Signals): void {
    if (this.#ended) return
    const number = constants.signals[signal]
    if (signal === 'SIGKILL' || (terminating.has(signal) && !handles(this.pid, number))) {
      this.#endedBy ??= number
      this.#parts.killAll()
    } else sendSignal(this.pid, signal)
  }

  exec(
    command: readonly string[],
    options: { stdin: boolean; tty: boolean; env?: Readonly<Record<string, string>> },
  ): Promise<ExecSession> {
    return this.#parts.exec(command, options)
  }

  async #watch(): Promise<ExitStatus> {
    const status = await exitOf(this.#parts.child, this.#parts.now)
    this.#ended = true
    // A daemon that left the container's process group may hold its output open; the container has ended all the same.
    await Promise.race([this.#parts.logged, sleep(2000, undefined, { ref: false })])
    await this.#parts.cleanUp()
    if (this.#endedBy === undefined || status.exitCode !== 128 + constants.signals.SIGKILL) return status
    return { ...status, exitCode: 128 + this.#endedBy, signal: this.#endedBy }
  }
}

/** Waits for the process and the end of its output. */
export async function exitOf(child: ChildProcess, now: () => Date): Promise<ExitStatus> {
  if (!isClosed(child)) await once(child, 'close')
  const finishedAt = now()
  if (child.signalCode === null) return { exitCode: child.exitCode ?? 128, finishedAt }
  const signal = constants.signals[child.signalCode]
  return { exitCode: 128 + signal, signal, finishedAt }
}

/** Signals whose default action ends a process and that are sent to stop one. */
const terminating: ReadonlySet<NodeJS.Signals> = new Set(['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'])

/** Whether a process catches or deliberately ignores a signal; true where that cannot be told. */
function handles(pid: number, signal: number): boolean {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    const masks = [...status.matchAll(/^Sig(?:Ign|Cgt):\t([0-9a-f]+)$/gm)].map(match => BigInt(`0x${match[1]}`))
    return masks.length === 0 || masks.some(mask => (mask & (1n << BigInt(signal - 1))) !== 0n)
  } catch {
    return true
  }
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
