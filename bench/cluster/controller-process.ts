import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { root } from '../harness/cluster.ts'
import { installedNodeArguments } from '../harness/installed-node.ts'
import { join } from 'node:path'

/** `berth controller` as a process of this host, as an installation runs it. */
export interface ControllerProcess extends AsyncDisposable {
  readonly pid: number
  /** From the start of the process until the controllers were at work, in milliseconds. */
  readonly startMs: number
  /** Warnings and errors it has logged so far. */
  readonly complaints: readonly string[]
}

/** pino's level of warnings. */
const warning = 40

/** Resolves when the controllers are at work. */
export async function startController(kubeconfig: string, nodeArguments: readonly string[] = []): Promise<ControllerProcess> {
  const program = join(root, 'src/main/berth.ts')
  const begun = performance.now()
  const child = spawn(
    process.execPath,
    [...installedNodeArguments, ...nodeArguments, program, 'controller', '--install-crds', '--kubeconfig', kubeconfig],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
      detached: true,
      env: { ...process.env, NODE_COMPILE_CACHE: join(root, 'node_modules/.cache/berth') },
    },
  )
  const complaints: string[] = []
  const atWork = Promise.withResolvers<void>()
  const lines: string[] = []
  createInterface(child.stderr).on('line', line => {
    lines.push(line)
    if (line.includes('controllers are at work')) atWork.resolve()
    if (levelOf(line) >= warning) complaints.push(line)
  })
  let isWanted = true
  child.on('exit', (code, signal) => {
    atWork.reject(new Error(`berth controller ended: ${complaints.join('\n')}`))
    if (isWanted) console.error(`berth controller ended with ${code ?? signal}:\n${lines.join('\n')}`)
  })
  await atWork.promise
  return {
    pid: child.pid ?? 0,
    startMs: performance.now() - begun,
    complaints,
    async [Symbol.asyncDispose]() {
      isWanted = false
      if (child.exitCode !== null || child.signalCode !== null) return
      const exit = once(child, 'exit')
      child.kill('SIGINT')
      await exit
    },
  }
}

/** Lines that are not of the log, such as a stack trace, count as errors. */
function levelOf(line: string): number {
  try {
    return Number((JSON.parse(line) as { level?: number }).level ?? 0)
  } catch {
    return line.trim() === '' ? 0 : 50
  }
}
