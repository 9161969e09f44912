import type { ChildProcess } from 'node:child_process'
import { Readable } from 'node:stream'
import { RuntimeError, type RuntimeErrorCode } from './runtime-error.ts'

/** What a set-up script said about itself on file descriptor 3. */
export interface StartReport {
  /** The program's process id as the host sees it; absent when the script did not know. */
  readonly pid?: number
}

export interface StartReportOptions {
  readonly signal?: AbortSignal
  /** Where tools that run before the script print their errors. */
  readonly diagnostics?: Readable
}

/**
 * Waits until the set-up script is about to become the program.
 * @throws RuntimeError with `code`, carrying the script's own reason; `Aborted` when the signal came first (the process is then killed).
 */
export async function startReport(child: ChildProcess, code: RuntimeErrorCode, options: StartReportOptions = {}): Promise<StartReport> {
  const { signal, diagnostics } = options
  const channel = child.stdio[3]
  if (!(channel instanceof Readable)) throw new TypeError('the child has no report channel')
  let text = ''
  const { promise, resolve, reject } = Promise.withResolvers<StartReport>()
  const abort = () => {
    killGroup(child)
    reject(new RuntimeError('Aborted', 'the start was aborted', { cause: signal?.reason }))
  }
  if (signal?.aborted === true) abort()
  else signal?.addEventListener('abort', abort, { once: true })
  channel.setEncoding('utf8')
  channel.on('data', (data: string) => {
    // Enough for any diagnosis; afterwards only the shell's notes about signals come here.
    if (text.length < 10_000) text += data
    const outcome = readReport(text)
    if (outcome.state === 'started') resolve(outcome.pid === undefined ? {} : { pid: outcome.pid })
  })
  channel.on('error', () => undefined)
  child.once('error', cause => reject(new RuntimeError(code, cause.message, { cause })))
  child.once('close', () => {
    const outcome = readReport(text)
    if (outcome.state === 'started') resolve(outcome.pid === undefined ? {} : { pid: outcome.pid })
    else if (outcome.state === 'refused') reject(new RuntimeError(code, outcome.message, { exitCode: outcome.exitCode }))
    else {
      const reason = text.trim() || String(diagnostics?.read() ?? '').trim() || 'no reason given'
      reject(new RuntimeError(code === 'RunContainerError' ? 'CreateContainerError' : code, `set-up failed: ${reason}`))
    }
  })
  try {
    return await promise
  } finally {
    signal?.removeEventListener('abort', abort)
  }
}

/**
 * The set-up has forked, and what it forked may not yet be bound to the death of its parent: killed alone, the parent would leave it behind,
 * running. Containers begin as leaders of a process group, which is reached as a whole.
 */
function killGroup(child: ChildProcess): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
  } catch {
    // It leads no group, or has ended.
  }
  child.kill('SIGKILL')
}

type Outcome =
  | { readonly state: 'pending' }
  | { readonly state: 'started'; readonly pid?: number }
  | { readonly state: 'refused'; readonly exitCode: number; readonly message: string }

/** Reads the lines `pid N`, `ok` and `error CODE TEXT`; everything else is diagnostic output. */
export function readReport(text: string): Outcome {
  const lines = text.split('\n').slice(0, -1)
  const refusal = lines.map(line => /^error (\d+) (.*)$/.exec(line)).find(match => match !== null)
  if (refusal) return { state: 'refused', exitCode: Number(refusal[1]), message: refusal[2] ?? '' }
  if (!lines.includes('ok')) return { state: 'pending' }
  const pid = lines.map(line => /^pid (\d+)$/.exec(line)?.[1]).find(found => found !== undefined)
  return pid === undefined ? { state: 'started' } : { state: 'started', pid: Number(pid) }
}
