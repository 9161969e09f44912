import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { eventually } from './eventually.ts'
import { root } from './run.ts'

/** `berth controller` in a process of its own. */
export interface ControllerProcess extends AsyncDisposable {
  readonly child: ChildProcess
  /** What it logged so far: JSON lines. */
  log(): string
  /** Values of one of its metrics, by the text of its labels. */
  metric(name: string): Promise<ReadonlyMap<string, number>>
}

let ports = 21_000 + (process.pid % 9000) * 4

/** Starts it and waits until it works. */
export async function startController(kubeconfig: string, ...args: readonly string[]): Promise<ControllerProcess> {
  const port = (ports += 1)
  const all = ['controller', '--bind', `127.0.0.1:${port}`, ...args]
  const child = spawn(join(root, 'berth'), all, { env: { ...process.env, KUBECONFIG: kubeconfig }, stdio: ['ignore', 'ignore', 'pipe'] })
  let log = ''
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (log += chunk))
  const end = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const exit = once(child, 'exit')
    child.kill('SIGTERM')
    await exit
  }
  await eventually('the controller is at work', () => {
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}:\n${log}`)
    return log.includes('controllers are at work')
  }).catch(async (error: unknown) => {
    await end()
    throw new Error(`${error instanceof Error ? error.message : String(error)}\n${log}`)
  })
  return {
    child,
    log: () => log,
    async metric(name) {
      const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
      const lines = text.split('\n').filter(line => line.startsWith(`${name}{`))
      return new Map(lines.map(line => [line.slice(name.length + 1, line.lastIndexOf('}')), Number(line.slice(line.lastIndexOf(' ') + 1))]))
    },
    [Symbol.asyncDispose]: end,
  }
}
