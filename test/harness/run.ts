import { spawn } from 'node:child_process'
import { resolve } from 'node:path'

export const root = resolve(import.meta.dirname, '../..')

export interface Ran {
  code: number
  stdout: string
  stderr: string
}

/** Runs a program to its end. Never throws for an exit code; see {@link must}. */
export function run(
  program: string,
  args: readonly string[],
  options: { input?: string; env?: NodeJS.ProcessEnv; cwd?: string; timeout?: number } = {},
): Promise<Ran> {
  return new Promise((done, fail) => {
    const child = spawn(program, args, {
      cwd: options.cwd ?? root,
      env: { ...process.env, ...options.env },
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (stdout += chunk))
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk))
    const timer = setTimeout(() => {
      stderr += `\n(killed after ${options.timeout ?? 60_000} ms)`
      child.kill('SIGKILL')
    }, options.timeout ?? 60_000)
    child.on('error', fail)
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      done({ code: code ?? (signal === null ? 1 : 137), stdout, stderr })
    })
    child.stdin.on('error', () => undefined)
    child.stdin.end(options.input ?? '')
  })
}

/** The output of a run that has to succeed. */
export function must(ran: Ran, what: string): string {
  if (ran.code !== 0) throw new Error(`${what} exited with ${ran.code}\n${ran.stdout}\n${ran.stderr}`)
  return ran.stdout
}
