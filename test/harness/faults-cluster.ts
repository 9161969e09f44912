import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startCluster, type TestCluster } from './cluster.ts'
import { eventually } from './eventually.ts'
import { PlainApi } from './faults-api.ts'
import { PortWatch } from './faults-ports.ts'
import { alive, descendants } from './processes.ts'
import { root } from './run.ts'

/** An embedded cluster that dies and comes back on the same folder, as often as a test likes. */
export class MortalCluster implements AsyncDisposable {
  readonly dataDir: string
  readonly ports = new PortWatch()
  /** How often it has come up. */
  starts = 0
  readonly #args: readonly string[]
  #cluster: TestCluster | undefined
  #api: PlainApi | undefined
  #watching: Disposable | undefined

  constructor(dataDir: string, args: readonly string[]) {
    this.dataDir = dataDir
    this.#args = args
  }

  get now(): TestCluster {
    if (this.#cluster === undefined) throw new Error('the cluster is down')
    return this.#cluster
  }

  get api(): PlainApi {
    if (this.#api === undefined) throw new Error('the cluster is down')
    return this.#api
  }

  async start(): Promise<void> {
    this.#cluster = await startCluster({ dataDir: this.dataDir, args: this.#args })
    this.starts += 1
    this.#api = new PlainApi(this.#cluster.kubeconfig)
    this.#watching = await this.ports.follow(this.#api)
  }

  /** SIGKILL. Resolves when nothing that the cluster started is left. */
  async kill(): Promise<void> {
    const cluster = this.now
    const children = descendants(cluster.process?.pid ?? 0)
    await cluster.kill()
    await this.#putAway()
    await eventually('no process outlives the cluster', () => alive(children).length === 0, { timeout: 10_000 })
  }

  /** Ctrl-C; gives the milliseconds it took until nothing was left. */
  async stop(): Promise<number> {
    const { process: child } = this.now
    if (child === undefined) throw new Error('not an embedded cluster')
    const children = descendants(child.pid ?? 0)
    const began = performance.now()
    const exit = once(child, 'exit')
    child.kill('SIGINT')
    await exit
    await eventually('no process outlives the cluster', () => alive(children).length === 0, { timeout: 10_000 })
    const took = performance.now() - began
    await this.#putAway()
    return took
  }

  /** Begins to start and is killed after so many milliseconds, wherever it is then. */
  async dieStarting(afterMs: number): Promise<void> {
    const kubeconfig = join(this.dataDir, '..', 'dying.kubeconfig')
    const args = ['dev', '--port', '0', '--kubeconfig', kubeconfig, '--data-dir', this.dataDir, ...this.#args]
    const child = spawn(join(root, 'berth'), args, { cwd: root, stdio: 'ignore', env: { ...process.env, KUBECONFIG: '' } })
    const exit = once(child, 'exit')
    await sleep(afterMs)
    const children = descendants(child.pid ?? 0)
    child.kill('SIGKILL')
    await exit
    await eventually('no process outlives the cluster', () => alive(children).length === 0, { timeout: 10_000 })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#putAway()
  }

  async #putAway(): Promise<void> {
    this.#watching?.[Symbol.dispose]()
    this.#api?.[Symbol.dispose]()
    const cluster = this.#cluster
    this.#cluster = undefined
    this.#api = undefined
    await cluster?.[Symbol.asyncDispose]()
  }
}
