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
  /** Whether it has logged this since the start. */
  hasSaid(message: string): boolean
  /** How often each warning and each error came, by message and kind of failure. What is no log line counts as an error. */
  readonly warnings: ReadonlyMap<string, number>
  readonly errors: ReadonlyMap<string, number>
  readonly rssMB: number
  /** Milliseconds until it had ended. */
  end(signal: NodeJS.Signals): Promise<number>
}

/** Starts one; it stands for election in the namespace. */
export function startReplica(kubeconfig: string, leaseNamespace: string, ...more: readonly string[]): ReplicaProcess {
  const args = ['controller', '--kubeconfig', kubeconfig, '--lease-namespace', leaseNamespace, ...more]
  const child = spawn(process.execPath, [...installedNodeArguments, join(root, 'src/main/berth.ts'), ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, KUBECONFIG: '' },
  })
  const said = new Set<string>()
  const warnings = new Map<string, number>()
  const errors = new Map<string, number>()
  createInterface(child.stderr).on('line', line => {
    const { level, text, msg } = parse(line)
    said.add(msg)
    const counts = level >= failure ? errors : level >= warning ? warnings : undefined
    counts?.set(text, (counts.get(text) ?? 0) + 1)
  })
  const exit = once(child, 'exit')
  const end = async (signal: NodeJS.Signals): Promise<number> => {
    const began = performance.now()
    child.kill(signal)
    await exit
    return performance.now() - began
  }
  const pid = child.pid ?? 0
  return {
    pid,
    hasSaid: message => said.has(message),
    warnings,
    errors,
    get rssMB() {
      return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024
    },
    end,
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) await end('SIGKILL')
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
