import { appendFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { PassThrough } from 'node:stream'
import type {
  Container,
  ContainerRuntime,
  ContainerSpec,
  ExecSession,
  ExitStatus,
  ImageCatalogue,
  ResolvedImage,
  Sandbox,
  SandboxSpec,
} from './runtime/runtime.ts'

const signals: Readonly<Record<string, number>> = { SIGTERM: 15, SIGKILL: 9, SIGINT: 2 }

/** A container without a process, for tests: it ends when told to. */
export class FakeContainer implements Container {
  readonly id: string
  readonly pid: number
  readonly startedAt = new Date()
  readonly exited: Promise<ExitStatus>
  readonly spec: ContainerSpec
  readonly #runtime: FakeRuntime
  readonly #exit = Promise.withResolvers<ExitStatus>()

  constructor(runtime: FakeRuntime, spec: ContainerSpec, pid: number) {
    this.#runtime = runtime
    this.spec = spec
    this.pid = pid
    this.id = `${pid.toString(16).padStart(8, '0')}`
    this.exited = this.#exit.promise
  }

  /** Ends the process. */
  end(exitCode: number, signal?: number): void {
    this.#exit.resolve({ exitCode, finishedAt: new Date(), ...(signal === undefined ? {} : { signal }) })
  }

  /** Writes a line to the log. */
  say(text: string): Promise<void> {
    return appendFile(this.spec.logPath, `${new Date().toISOString().replace('Z', '000000Z')} stdout F ${text}\n`)
  }

  kill(signal: NodeJS.Signals): void {
    this.#runtime.log.push(`${signal} ${this.spec.name}`)
    if (signal === 'SIGKILL') this.end(137, 9)
    else if (!this.#runtime.stubborn.has(this.spec.name)) this.end(0)
    else this.#runtime.log.push(`ignored ${signals[signal] ?? 0}`)
  }

  exec(command: readonly string[]): Promise<ExecSession> {
    const text = command.join(' ')
    this.#runtime.log.push(`exec ${this.spec.name}: ${text}`)
    const stdout = new PassThrough()
    const stderr = new PassThrough()
    stdout.end(text)
    stderr.end()
    const exitCode = this.#runtime.execExitCodes.get(text) ?? 0
    return Promise.resolve({ stdout, stderr, exit: Promise.resolve({ exitCode, finishedAt: new Date() }), kill: () => {} })
  }
}

/** A runtime without processes that notes what it is asked to do. */
export class FakeRuntime implements ContainerRuntime, ImageCatalogue {
  readonly isolation = 'loopback'
  readonly notes = ['nothing is isolated: this runtime is for tests']
  /** What happened, in order. */
  readonly log: string[] = []
  readonly containers: FakeContainer[] = []
  /** Containers that ignore SIGTERM. */
  readonly stubborn = new Set<string>()
  /** Containers that end by themselves at once, with this code. */
  readonly exitCodes = new Map<string, number>()
  /** Command lines that do not succeed. */
  readonly execExitCodes = new Map<string, number>()
  /** Image names that are not in the catalogue. */
  readonly unknownImages = new Set<string>()
  /** How long a start takes. */
  startMs = 0
  #pods = 0

  readonly dialer: ContainerRuntime['dialer'] = {
    dialTcp: (host, port) =>
      new Promise((resolve, reject) => {
        const socket = connect(port, host, () => resolve(socket))
        socket.once('error', reject)
      }),
    openUdp: () => Promise.reject(new Error('the fake runtime has no UDP')),
  }

  /** The newest run of a container. */
  current(name: string): FakeContainer {
    const found = this.containers.findLast(container => container.spec.name === name)
    if (found === undefined) throw new Error(`container ${name} was never started`)
    return found
  }

  createSandbox(spec: SandboxSpec): Promise<Sandbox> {
    this.#pods += 1
    this.log.push(`sandbox ${spec.name}`)
    return Promise.resolve({
      id: spec.podUid,
      podIPs: [`127.100.0.${this.#pods}`],
      start: (container: ContainerSpec, signal: AbortSignal) => this.#start(container, signal),
      [Symbol.asyncDispose]: () => {
        this.log.push(`removed ${spec.name}`)
        return Promise.resolve()
      },
    })
  }

  resolve(reference: string): Promise<ResolvedImage | undefined> {
    if (this.unknownImages.has(reference)) return Promise.resolve(undefined)
    return Promise.resolve({ reference, id: `sha256:${reference}`, entrypoint: ['run'], command: [], env: {} })
  }

  hint(reference: string): string {
    return `add ${reference} to the catalogue`
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve()
  }

  async #start(spec: ContainerSpec, signal: AbortSignal): Promise<Container> {
    if (this.startMs > 0) await new Promise(resolve => setTimeout(resolve, this.startMs))
    signal.throwIfAborted()
    if (spec.command?.[0] === '/missing') throw new Error('exec: "/missing": no such file or directory')
    const container = new FakeContainer(this, spec, 1000 + this.containers.length)
    this.containers.push(container)
    this.log.push(`start ${spec.name}`)
    const exitCode = this.exitCodes.get(spec.name)
    if (exitCode !== undefined) setTimeout(() => container.end(exitCode), 1)
    return container
  }
}
