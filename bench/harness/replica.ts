import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { join } from 'node:path'
import { root } from './cluster.ts'
import { installedNodeArguments } from './installed-node.ts'

/** pino's level of warnings, and of errors. */
const warning = 40
const failure = 50

/** One replica of `berth controller` on this host, as an installation runs it. */
export interface ReplicaProcess extends AsyncDisposable {
  readonly pid: number
  /** Resolved when it leads and its controllers are at work; rejected when it ends before. */
  readonly atWork: Promise<void>
  /** How often each warning and each error came, by message and kind of failure. What is no log line counts as an error. */
  readonly warnings: ReadonlyMap<string, number>
  readonly errors: ReadonlyMap<string, number>
  readonly rssMB: number
  /** Milliseconds until it had ended. */
  end(signal: NodeJS.Signals): Promise<number>
}

export interface ReplicaOptions {
  /** Where it stands for election. Default: where the command does by itself. */
  readonly leaseNamespace?: string
  /** For Node, after those of an installation. */
  readonly nodeArguments?: readonly string[]
}

/** Starts one; it makes the kinds where they are missing. Its disposal lets it give its lease back. */
export function startReplica(kubeconfig: string, { leaseNamespace, nodeArguments = [] }: ReplicaOptions = {}): ReplicaProcess {
  const lease = leaseNamespace === undefined ? [] : ['--lease-namespace', leaseNamespace]
  const args = ['controller', '--install-crds', '--kubeconfig', kubeconfig, ...lease]
  const child = spawn(process.execPath, [...installedNodeArguments, ...nodeArguments, join(root, 'src/main/berth.ts'), ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, KUBECONFIG: '', NODE_COMPILE_CACHE: join(root, 'node_modules/.cache/berth') },
  })
  const atWork = Promise.withResolvers<void>()
  // Nobody waits for one that only stands by.
  atWork.promise.catch(() => {})
  const warnings = new Map<string, number>()
  const errors = new Map<string, number>()
  createInterface(child.stderr).on('line', line => {
    const { level, text, msg } = parse(line)
    if (msg === 'controllers are at work') atWork.resolve()
    const counts = level >= failure ? errors : level >= warning ? warnings : undefined
    counts?.set(text, (counts.get(text) ?? 0) + 1)
  })
  const exit = once(child, 'exit')
  let isWanted = true
  void exit.then(([code, signal]) => {
    const told = [...warnings.keys(), ...errors.keys()].join('\n')
    atWork.reject(new Error(`berth controller ended: ${told}`))
    if (isWanted) console.error(`berth controller ended with ${String(code ?? signal)}: ${told}`)
  })
  const end = async (signal: NodeJS.Signals): Promise<number> => {
    isWanted = false
    const began = performance.now()
    child.kill(signal)
    await exit
    return performance.now() - began
  }
  const pid = child.pid ?? 0
  return {
    pid,
    atWork: atWork.promise,
    warnings,
    errors,
    get rssMB() {
      return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024
    },
    end,
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) await end('SIGINT')
    },
  }
}

function parse(line: string): { level: number; msg: string; text: string } {
  try {
    const { level, msg, error, controller } = JSON.parse(line) as { level: number; msg: string; error?: string; controller?: string }
    // The first line of the failure, without the names and numbers that differ each time.
    const why = error
      ?.split('\n')[0]
      ?.replaceAll(/"[^"]*"/g, '"…"')
      .replaceAll(/\d+/g, 'N')
    return { level, msg, text: [controller, msg, why].filter(part => part !== undefined).join(': ') }
  } catch {
    return { level: line.trim() === '' ? 0 : failure, msg: line, text: line }
  }
}
