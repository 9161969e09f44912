import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eventually } from './eventually.ts'
import { must, type Ran, root, run } from './run.ts'

export interface ClusterOptions {
  /** Further arguments of `berth dev`. */
  args?: readonly string[]
  /** Where the cluster keeps its objects; kept when the cluster ends. */
  dataDir?: string
}

/** A cluster to run scenarios on: `berth dev` in a process of its own, or the one of BERTH_TEST_KUBECONFIG. */
export interface TestCluster extends AsyncDisposable {
  readonly kind: 'embedded' | 'real'
  readonly kubeconfig: string
  readonly process: ChildProcess | undefined
  /** What the embedded cluster has printed so far. */
  output(): string
  readonly kubectl: (args: string | readonly string[], input?: string) => Promise<Ran>
  /** kubectl that has to succeed; gives its output. */
  readonly k: (args: string | readonly string[], input?: string) => Promise<string>
  /** `kubectl get … -o json`, parsed. */
  get<T = Record<string, unknown>>(args: string | readonly string[]): Promise<T>
  apply(manifest: string | object): Promise<string>
  berth(args: string | readonly string[], input?: string): Promise<Ran>
  /** SIGKILL, at once. */
  kill(): Promise<void>
}

const words = (args: string | readonly string[]) => (typeof args === 'string' ? args.split(/\s+/).filter(word => word !== '') : [...args])

export async function startCluster(options: ClusterOptions = {}): Promise<TestCluster> {
  const given = process.env['BERTH_TEST_KUBECONFIG']
  const folder = await mkdtemp(join(tmpdir(), 'berth-test-'))
  const kubeconfig = given ?? join(folder, 'kubeconfig')
  let printed = ''
  let child: ChildProcess | undefined
  if (given === undefined) {
    const data = options.dataDir === undefined ? [] : ['--data-dir', options.dataDir]
    child = spawn(join(root, 'berth'), ['dev', '--port', '0', '--kubeconfig', kubeconfig, ...data, ...(options.args ?? [])], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, KUBECONFIG: '' },
    })
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => (printed += chunk))
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => (printed += chunk))
    const running = child
    await eventually('berth dev is ready', () => {
      if (running.exitCode !== null) return true
      return existsSync(kubeconfig) && /ready/i.test(printed)
    }).catch((error: unknown) => {
      running.kill('SIGKILL')
      throw new Error(`${error instanceof Error ? error.message : String(error)}\n${printed}`)
    })
    if (running.exitCode !== null) throw new Error(`berth dev ended with ${running.exitCode}:\n${printed}`)
  }

  const env = { KUBECONFIG: kubeconfig, KUBECACHEDIR: join(folder, 'cache') }
  const kubectl = (args: string | readonly string[], input?: string) =>
    run('kubectl', words(args), { env, ...(input === undefined ? {} : { input }) })
  const k = async (args: string | readonly string[], input?: string) => must(await kubectl(args, input), `kubectl ${words(args).join(' ')}`)
  const ended = async (signal: NodeJS.Signals) => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const exit = once(child, 'exit')
    child.kill(signal)
    const forced = setTimeout(() => child?.kill('SIGKILL'), 15_000)
    await exit
    clearTimeout(forced)
  }
  return {
    kind: given === undefined ? 'embedded' : 'real',
    kubeconfig,
    process: child,
    output: () => printed,
    kubectl,
    k,
    get: async <T>(args: string | readonly string[]) => JSON.parse(await k(['get', ...words(args), '-o', 'json'])) as T,
    apply: manifest => k(['apply', '-f', '-'], typeof manifest === 'string' ? manifest : JSON.stringify(manifest)),
    berth: (args, input) => run(join(root, 'berth'), words(args), { env, ...(input === undefined ? {} : { input }) }),
    kill: () => ended('SIGKILL'),
    async [Symbol.asyncDispose]() {
      await ended('SIGINT')
      await rm(folder, { recursive: true, force: true })
    },
  }
}
