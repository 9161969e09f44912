import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { eventually } from './eventually.ts'
import { ApiProxy, type SeenWrite, type Upstream } from './faults-proxy.ts'
import { root } from './run.ts'

interface LogLine {
  readonly level: number
  readonly time: string
  readonly msg: string
  readonly [field: string]: unknown
}

let ports = 23_000 + (process.pid % 4000) * 4

/** One replica of `berth controller`: a process with its own way to the API server. */
export class Replica implements AsyncDisposable {
  readonly name: string
  readonly proxy: ApiProxy
  readonly log: LogLine[] = []
  /** Of its lives so far: under these it has stood for election. */
  readonly identities = new Set<string>()
  /** What it printed that is no log. */
  stray = ''
  readonly #args: readonly string[]
  readonly #port = (ports += 1)
  #child: ChildProcess | undefined

  constructor(name: string, proxy: ApiProxy, args: readonly string[]) {
    this.name = name
    this.proxy = proxy
    this.#args = args
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  get runs(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null
  }

  start(): void {
    if (this.runs) return
    const bind = ['--bind', `127.0.0.1:${this.#port}`]
    const child = spawn(join(root, 'berth'), ['controller', '--kubeconfig', this.proxy.kubeconfig, ...bind, ...this.#args], {
      cwd: root,
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, KUBECONFIG: '' },
    })
    let rest = ''
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) this.#take(line)
    })
    this.#child = child
  }

  /** What it works on and what waits, of its metrics. */
  async queues(): Promise<string> {
    const text = await fetch(`http://127.0.0.1:${this.#port}/metrics`, { signal: AbortSignal.timeout(2000) }).then(
      answer => answer.text(),
      (error: unknown) => String(error),
    )
    return text
      .split('\n')
      .filter(line => /^(controller_runtime_active_workers|workqueue_depth|workqueue_unfinished)\S* (?!0$)/.test(line))
      .join('\n')
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal)
  }

  /** Ends the process and waits for that. */
  async end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child
    if (child === undefined || !this.runs) return
    const exit = once(child, 'exit')
    child.kill(signal)
    await exit
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end('SIGKILL')
    await this.proxy[Symbol.asyncDispose]()
  }

  #take(line: string): void {
    if (line === '') return
    try {
      // Without stacks, so that a failed run can be read.
      const entry = JSON.parse(line, (_, value: unknown) =>
        typeof value === 'string' ? value.replace(/\n\s+at [^]*$/, '') : value,
      ) as LogLine
      this.log.push(entry)
      if (entry.msg === 'became leader') this.identities.add(String(entry['identity']))
    } catch {
      this.stray += `${line}\n`
    }
  }
}

/**
 * Replicas of the controller, of which one leads. Watches over the rule that none but the leader writes: whoever has written a lease last is the
 * leader as far as the API server knows, and after that no write of another may reach it.
 */
export class Replicas implements AsyncDisposable {
  readonly all: readonly Replica[]
  readonly violations: string[] = []
  /** Who leads, by the last answer to a write of the lease; and since when, of `performance.now()`. */
  leader: { readonly replica: Replica; readonly since: number } | undefined
  /** Writes of former leaders that were on their way when the network stood still, and arrived: no fence holds those back. */
  lateWrites = 0
  /** How often leadership has gone from one to another. */
  changes = 0

  private constructor(all: readonly Replica[]) {
    this.all = all
    for (const replica of all) {
      replica.proxy.onLease = write => this.#onLease(replica, write)
      replica.proxy.onWrite = write => this.#onWrite(replica, write)
    }
  }

  /** Makes Berth's kinds known, as an installation does, and starts the replicas. */
  static async start(count: number, upstream: Upstream, options: { args?: readonly string[] } = {}): Promise<Replicas> {
    await using installer = new Replica('installer', await ApiProxy.start(upstream), ['--install-crds', ...(options.args ?? [])])
    installer.start()
    await eventually('the kinds are installed', () => installer.log.some(({ msg }) => msg === 'controllers are at work'))
    await installer.end('SIGTERM')
    const all: Replica[] = []
    for (let index = 0; index < count; index += 1) {
      const proxy = await ApiProxy.start(upstream)
      all.push(new Replica(`replica ${index}`, proxy, options.args ?? []))
    }
    const replicas = new Replicas(all)
    for (const replica of all) replica.start()
    return replicas
  }

  /** The one that leads, or any if nobody does. */
  get first(): Replica {
    const replica = this.leader?.replica ?? this.all[0]
    if (replica === undefined) throw new Error('there is no replica')
    return replica
  }

  /** The others. */
  get rest(): readonly Replica[] {
    return this.all.filter(replica => replica !== this.first)
  }

  lead(upstream: Upstream): void {
    for (const { proxy } of this.all) proxy.lead(upstream)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.all.map(replica => replica[Symbol.asyncDispose]()))
  }

  #onLease(replica: Replica, { holder, at }: SeenWrite): void {
    if (holder === '') {
      if (this.leader?.replica === replica) this.leader = undefined
    } else if (this.leader?.replica !== replica) {
      this.leader = { replica, since: performance.now() }
      this.changes += 1
    } else if (at < this.leader.since) {
      this.violations.push(`${replica.name} renewed a lease with a request from before it led`)
    }
  }

  #onWrite(replica: Replica, { method, path, holder, at, isLate }: SeenWrite): void {
    // Standing for election is everybody's right.
    if (holder !== undefined || /\/leases(\/|\?|$)/.test(path)) return
    const { leader } = this
    if (leader?.replica === replica) return
    if (isLate) this.lateWrites += 1
    else this.violations.push(`${replica.name} sent ${method} ${path} at ${Math.round(at)}, led by ${leader?.replica.name ?? 'nobody'}`)
  }
}
