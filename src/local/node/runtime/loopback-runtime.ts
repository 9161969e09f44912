import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { HostPlan } from '../../host-plan.ts'
import { commandLine } from './command-line.ts'
import { containerEnvironment } from './container-environment.ts'
import { CriLog } from './cri-log.ts'
import { directDialer } from './direct-dialer.ts'
import { processSession } from './exec-session.ts'
import { findExecutable, prepareFolder, rewritePaths, type MappedFolder } from './mapped-folder.ts'
import { OutputPipes } from './output-pipes.ts'
import { exitOf, ProcessContainer, sendSignal } from './process-container.ts'
import { RuntimeError } from './runtime-error.ts'
import { listenHere } from './listen-in-pod.ts'
import { startResident } from './resident-container.ts'
import type { Container, ContainerRuntime, ContainerSpec, Sandbox, SandboxSpec } from './runtime.ts'
import { Watchdog } from './watchdog.ts'

export interface LoopbackRuntimeOptions {
  readonly plan: HostPlan
  readonly stateDir: string
  readonly notes: readonly string[]
  readonly now: () => Date
}

/**
 * Containers as plain processes, for hosts without namespaces. The image's files and the volumes lie in a folder of the container's own, named
 * by BERTH_ROOT; absolute paths in command, arguments and environment are rewritten to it. A pod's address is a loopback address, in POD_IP.
 */
export class LoopbackRuntime implements ContainerRuntime {
  readonly isolation = 'loopback'
  readonly notes: readonly string[]
  readonly dialer = directDialer
  readonly #options: LoopbackRuntimeOptions
  readonly #watchdog: Watchdog
  readonly #pipes: OutputPipes
  readonly #sandboxes = new Set<LoopbackSandbox>()
  #pods = 0

  private constructor(options: LoopbackRuntimeOptions, watchdog: Watchdog) {
    this.#options = options
    this.notes = options.notes
    this.#watchdog = watchdog
    this.#pipes = new OutputPipes(join(options.stateDir, 'pipes'))
  }

  static async create(options: LoopbackRuntimeOptions): Promise<LoopbackRuntime> {
    await rm(join(options.stateDir, 'containers'), { recursive: true, force: true })
    await mkdir(join(options.stateDir, 'containers'), { recursive: true })
    return new LoopbackRuntime(options, new Watchdog())
  }

  async createSandbox(spec: SandboxSpec, signal: AbortSignal): Promise<Sandbox> {
    signal.throwIfAborted()
    const { plan } = this.#options
    const podIP = spec.hostNetwork ? plan.nodeIP(0) : plan.loopbackPodIP(this.#pods++ % (100 * 250))
    const sandbox = new LoopbackSandbox(spec, podIP, this.#options, this.#watchdog, this.#pipes, () => void this.#sandboxes.delete(sandbox))
    this.#sandboxes.add(sandbox)
    return sandbox
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#sandboxes].map(sandbox => sandbox[Symbol.asyncDispose]()))
    await this.#watchdog[Symbol.asyncDispose]()
    await rm(join(this.#options.stateDir, 'containers'), { recursive: true, force: true })
    await rm(join(this.#options.stateDir, 'pipes'), { recursive: true, force: true })
  }
}

class LoopbackSandbox implements Sandbox {
  readonly id = randomBytes(16).toString('hex')
  readonly podIPs: readonly string[]
  readonly #spec: SandboxSpec
  readonly #options: LoopbackRuntimeOptions
  readonly #watchdog: Watchdog
  readonly #pipes: OutputPipes
  readonly #forget: () => void
  readonly #containers = new Set<Container>()
  #ended = false

  constructor(
    spec: SandboxSpec,
    podIP: string,
    options: LoopbackRuntimeOptions,
    watchdog: Watchdog,
    pipes: OutputPipes,
    forget: () => void,
  ) {
    this.podIPs = [podIP]
    this.#spec = spec
    this.#options = options
    this.#watchdog = watchdog
    this.#pipes = pipes
    this.#forget = forget
  }

  async start(spec: ContainerSpec, signal: AbortSignal): Promise<Container> {
    signal.throwIfAborted()
    if (this.#ended) throw new RuntimeError('CreateContainerError', 'the pod has ended')
    const { stateDir, now } = this.#options
    const { resident } = spec.image
    if (resident !== undefined) {
      const env = containerEnvironment(spec, this.#spec.hostname)
      return this.#keep(await startResident({ program: resident, spec, pid: process.pid, env, listen: listenHere, now }))
    }
    const words = commandLine(spec.image, spec.command, spec.args)
    const id = randomBytes(32).toString('hex')
    const base = join(stateDir, 'containers', id)
    const workingDir = spec.workingDir ?? spec.image.workingDir ?? '/'
    const cleanUp = () => rm(base, { recursive: true, force: true })
    let logged: Promise<void> | undefined
    try {
      const folder = await prepareFolder(join(base, 'root'), spec.image, spec.mounts, workingDir)
      const plain = {
        ...containerEnvironment(spec, this.#spec.hostname),
        ...(spec.env['POD_IP'] === undefined && { POD_IP: this.podIPs[0] ?? '' }),
      }
      const env = mappedEnvironment(folder, plain)
      const run = (command: readonly string[], more: Readonly<Record<string, string>>, stdin: boolean) =>
        this.#spawn(folder, workingDir, command, { ...env, ...more }, stdin)
      const log = await CriLog.open({ path: spec.logPath, now })
      const { child, pid, output } = await run(words, {}, spec.stdin === true)
      logged = log.record(output)
      const container = new ProcessContainer({
        id,
        pid,
        child,
        logged,
        now,
        cleanUp,
        killAll: () => sendSignal(-pid, 'SIGKILL'),
        exec: async (command, options) => {
          if (options.tty)
            throw new RuntimeError('ExecError', 'containers without namespaces have no terminals; without -t the command runs')
          const started = await run(command, options.env ?? {}, options.stdin)
          return processSession(started.child, started.output, now)
        },
      })
      if (signal.aborted) container.kill('SIGKILL')
      return this.#keep(container)
    } catch (error) {
      await logged
      await cleanUp()
      throw error
    }
  }

  #keep(container: Container): Container {
    this.#containers.add(container)
    void container.exited.then(() => this.#containers.delete(container))
    if (this.#ended) container.kill('SIGKILL')
    return container
  }

  async #spawn(
    folder: MappedFolder,
    workingDir: string,
    command: readonly string[],
    env: Readonly<Record<string, string>>,
    stdin: boolean,
  ) {
    const [program, ...args] = command.map(word => rewritePaths(folder, word))
    const path = await findExecutable(program ?? '', env['PATH'] ?? '', command[0] ?? '')
    // A process group of its own, so that a signal reaches the program's children too.
    const { child, output } = await this.#pipes.connect((stdout, stderr) =>
      spawn(path, args, { stdio: [stdin ? 'pipe' : 'ignore', stdout, stderr], env, cwd: folder.path(workingDir), detached: true }),
    )
    await once(child, 'spawn').catch((cause: unknown) => {
      throw new RuntimeError('RunContainerError', `exec: "${command[0]}": ${String(cause)}`, { cause })
    })
    const { pid } = child
    if (pid === undefined) throw new RuntimeError('RunContainerError', 'the process has no id')
    this.#watchdog.add(pid)
    void exitOf(child, this.#options.now).then(() => {
      sendSignal(-pid, 'SIGKILL')
      this.#watchdog.remove(pid)
    })
    child.once('exit', () => sendSignal(-pid, 'SIGKILL'))
    return { child, pid, output }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#ended) return
    this.#ended = true
    const containers = [...this.#containers]
    for (const container of containers) container.kill('SIGKILL')
    await Promise.all(containers.map(container => container.exited))
    this.#forget()
  }
}

function mappedEnvironment(folder: MappedFolder, env: Readonly<Record<string, string>>): Record<string, string> {
  const { PATH = '', ...others } = env
  const mapped = Object.entries(others).map(([name, value]): [string, string] => [name, rewritePaths(folder, value)])
  const searched = PATH.split(':')
  return {
    ...Object.fromEntries(mapped),
    PATH: [...searched.map(path => folder.path(path)), ...searched].join(':'),
    BERTH_ROOT: folder.root,
  }
}
