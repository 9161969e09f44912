import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { mkdir, readFile, rm } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { Semaphore } from '../../../kube/semaphore.ts'
import type { HostPlan } from '../../host-plan.ts'
import { commandLine } from './command-line.ts'
import { containerEnvironment, hostsFile, programStart } from './container-environment.ts'
import { CriLog } from './cri-log.ts'
import { execInNamespaces } from './exec-session.ts'
import { startHolder, type Holder } from './holder.ts'
import type { HostTools } from './host-tools.ts'
import { listenInPod, type ListenAt } from './listen-in-pod.ts'
import { OutputPipes } from './output-pipes.ts'
import type { PodNetwork } from './pod-network.ts'
import { ProcessContainer, sendSignal } from './process-container.ts'
import { startResident } from './resident-container.ts'
import { prepareRootFolder, type RootStep } from './root-folder.ts'
import { RuntimeError } from './runtime-error.ts'
import type { Container, ContainerRuntime, ContainerSpec, Sandbox, SandboxSpec } from './runtime.ts'
import { startReport } from './start-report.ts'

const setupScript = new URL('container-setup.sh', import.meta.url).pathname
const programStartScript = readFileSync(new URL('program-start.sh', import.meta.url), 'utf8')

// Its child is process 1 of the new namespace. Not `unshare --fork`: that tells of a signal that ended the child only in newer versions.
const guardScript = 'exec 9>&2 2>/dev/null; (exec "$@" 2>&9 9>&-); exit $?'

export interface NamespaceRuntimeOptions {
  readonly plan: HostPlan
  readonly stateDir: string
  readonly tools: HostTools
  readonly network: PodNetwork
  /** Whether namespaces are made inside a user namespace, because this process is not root. */
  readonly userNamespace: boolean
  readonly notes: readonly string[]
  readonly now: () => Date
}

/** Containers in namespaces of the kernel; the root folder of each is put together from the host's programs and the image's files. */
export class NamespaceRuntime implements ContainerRuntime {
  readonly isolation
  readonly notes: readonly string[]
  readonly dialer
  readonly #options: NamespaceRuntimeOptions
  readonly #hostMountPoints: readonly string[]
  readonly #sandboxes = new Set<NamespaceSandbox>()
  // Starts are bound by the processor: more at once would only make each of them slower.
  readonly #starts = new Semaphore(2 * availableParallelism())
  readonly #pipes: OutputPipes
  #nextAddress = 0

  private constructor(options: NamespaceRuntimeOptions, hostMountPoints: readonly string[]) {
    this.isolation = options.userNamespace ? ('user-namespaces' as const) : ('namespaces' as const)
    this.notes = options.notes
    this.dialer = options.network.dialer
    this.#options = options
    this.#pipes = new OutputPipes(join(options.stateDir, 'pipes'))
    this.#hostMountPoints = hostMountPoints
  }

  static async create(options: NamespaceRuntimeOptions): Promise<NamespaceRuntime> {
    // Whatever an earlier process left here is files only: its mounts went with its processes.
    await rm(join(options.stateDir, 'containers'), { recursive: true, force: true })
    await mkdir(join(options.stateDir, 'containers'), { recursive: true })
    await mkdir(join(options.stateDir, 'scratch'), { recursive: true })
    const mountPoints = mountPointsBelow(await readFile('/proc/self/mountinfo', 'utf8'), ['/usr/', '/etc/', '/opt/', '/nix/'])
    return new NamespaceRuntime(options, mountPoints)
  }

  createSandbox(spec: SandboxSpec, signal: AbortSignal): Promise<Sandbox> {
    return this.#starts.run(async () => {
      signal.throwIfAborted()
      const { plan, tools, network, userNamespace, stateDir, now } = this.#options
      const id = randomBytes(16).toString('hex')
      let holder: Holder | undefined
      let link: AsyncDisposable | undefined
      let podIPs: string[]
      try {
        if (spec.hostNetwork) {
          podIPs = [plan.nodeIP(0)]
          if (userNamespace) holder = await startHolder({ tools, userNamespace, hostname: spec.hostname, network: false }, signal)
        } else {
          holder = await startHolder({ tools, userNamespace, hostname: spec.hostname, network: true }, signal)
          podIPs = [this.#takeAddress()]
          link = await network.attach(holder.pid, podIPs[0] ?? '', signal)
        }
      } catch (cause) {
        await holder?.[Symbol.asyncDispose]()
        if (cause instanceof RuntimeError) throw cause
        throw new RuntimeError('CreatePodSandboxError', `the pod's network could not be made: ${String(cause)}`, { cause })
      }
      const sandbox = new NamespaceSandbox(id, podIPs, {
        spec,
        holder,
        link,
        tools,
        userNamespace,
        stateDir,
        now,
        plan,
        starts: this.#starts,
        pipes: this.#pipes,
        hostMountPoints: this.#hostMountPoints,
        forget: () => void this.#sandboxes.delete(sandbox),
      })
      this.#sandboxes.add(sandbox)
      return sandbox
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#sandboxes].map(sandbox => sandbox[Symbol.asyncDispose]()))
    await this.#options.network[Symbol.asyncDispose]()
    await rm(join(this.#options.stateDir, 'containers'), { recursive: true, force: true })
    await rm(join(this.#options.stateDir, 'scratch'), { recursive: true, force: true })
    await rm(join(this.#options.stateDir, 'pipes'), { recursive: true, force: true })
  }

  /** Goes around the whole network before an address is used again: a late packet for a dead pod should not reach a new one. */
  #takeAddress(): string {
    const inUse = new Set([...this.#sandboxes].flatMap(sandbox => sandbox.podIPs))
    for (let tries = 0; tries <= addressCount; tries++) {
      const ip = this.#options.plan.podNetwork.ip(this.#nextAddress++ % addressCount)
      if (!inUse.has(ip)) return ip
    }
    throw new RuntimeError('CreatePodSandboxError', `no free address in ${this.#options.plan.podNetwork.cidr}`)
  }
}

/** 250 addresses in each of the /24 blocks 1 to 250. */
const addressCount = 250 * 250

interface SandboxParts {
  readonly spec: SandboxSpec
  readonly holder: Holder | undefined
  readonly link: AsyncDisposable | undefined
  readonly tools: HostTools
  readonly userNamespace: boolean
  readonly stateDir: string
  readonly now: () => Date
  readonly plan: HostPlan
  readonly starts: Semaphore
  readonly pipes: OutputPipes
  readonly hostMountPoints: readonly string[]
  readonly forget: () => void
}

class NamespaceSandbox implements Sandbox {
  readonly id: string
  readonly podIPs: readonly string[]
  readonly #parts: SandboxParts
  readonly #containers = new Set<Container>()
  #ended = false

  constructor(id: string, podIPs: readonly string[], parts: SandboxParts) {
    this.id = id
    this.podIPs = podIPs
    this.#parts = parts
  }

  start(spec: ContainerSpec, signal: AbortSignal): Promise<Container> {
    return this.#parts.starts.run(() => this.#start(spec, signal))
  }

  async #start(spec: ContainerSpec, signal: AbortSignal): Promise<Container> {
    if (this.#ended) throw new RuntimeError('CreateContainerError', 'the pod has ended')
    signal.throwIfAborted()
    const { stateDir, tools, now, userNamespace, holder } = this.#parts
    const { resident } = spec.image
    if (resident !== undefined) {
      const env = containerEnvironment(spec, this.#parts.spec.hostname)
      const listen = (ports: readonly ListenAt[]) => listenInPod(tools, holder, ports)
      return this.#keep(await startResident({ program: resident, spec, pid: holder?.pid ?? process.pid, env, listen, now }))
    }
    const words = commandLine(spec.image, spec.command, spec.args)
    const id = randomBytes(32).toString('hex')
    const folder = join(stateDir, 'containers', id)
    const workingDir = spec.workingDir ?? spec.image.workingDir ?? '/'
    const env = containerEnvironment(spec, this.#parts.spec.hostname)
    const cleanUp = () => rm(folder, { recursive: true, force: true })
    let logged: Promise<void> | undefined
    try {
      const steps = await prepareRootFolder({
        prepared: folder,
        image: spec.image,
        mounts: spec.mounts,
        workingDir,
        files: await this.#networkFiles(),
        hostMountPoints: this.#parts.hostMountPoints,
      })
      const log = await CriLog.open({ path: spec.logPath, now })
      const program = programStart(env, workingDir, words, tools, {
        BERTH_PROGRAM_START: programStartScript,
        ...(userNamespace && { BERTH_OVERLAY_OPTIONS: ',userxattr' }),
      })
      const command = [
        '--pdeathsig',
        'KILL',
        '--',
        ...(holder === undefined ? [] : [tools.require('nsenter'), ...holder.joinArguments, '--']),
        tools.require('unshare'),
        '--mount',
        '--pid',
        '--',
        tools.require('sh'),
        '-c',
        guardScript,
        'berth-container',
        tools.require('setpriv'),
        '--pdeathsig',
        'KILL',
        '--',
        tools.require('sh'),
        setupScript,
        join(stateDir, 'scratch'),
        folder,
        ...steps.flatMap(stepArguments),
        'run',
        ...program.arguments,
      ]
      const { child, output } = await this.#parts.pipes.connect((stdout, stderr) =>
        spawn(tools.require('setpriv'), command, {
          cwd: '/',
          // Ctrl-C in a terminal goes to the whole foreground group; containers are stopped by us, in order.
          detached: true,
          env: program.environment,
          stdio: [spec.stdin === true ? 'pipe' : 'ignore', stdout, stderr, 'pipe'],
        }),
      )
      logged = log.record(output)
      const { pid } = await startReport(child, 'RunContainerError', { signal })
      if (pid === undefined) throw new RuntimeError('RunContainerError', 'the process id of the container is not known')
      const container = new ProcessContainer({
        id,
        pid,
        child,
        logged,
        now,
        cleanUp,
        killAll: () => sendSignal(pid, 'SIGKILL'),
        exec: (command, options) =>
          execInNamespaces(
            { tools, pipes: this.#parts.pipes, target: pid, userNamespace, programStartScript, env, workingDir, now },
            command,
            options,
          ),
      })
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
    // The sandbox may have been disposed of while the container was on its way.
    if (this.#ended) container.kill('SIGKILL')
    return container
  }

  /** The files of /etc that belong to the pod. With the host's network they are the host's. */
  async #networkFiles(): Promise<Record<string, string>> {
    const { spec, plan } = this.#parts
    const resolver = await readFile('/etc/resolv.conf', 'utf8').catch(() => '')
    if (spec.hostNetwork) return { '/etc/resolv.conf': resolver }
    const apiServer = {
      ip: plan.serviceNetwork.ip(0),
      hostnames: ['kubernetes.default.svc.cluster.local', 'kubernetes.default.svc', 'kubernetes.default'],
    }
    return {
      '/etc/hosts': hostsFile(spec, this.podIPs, [apiServer]),
      '/etc/hostname': `${spec.hostname}\n`,
      '/etc/resolv.conf': resolver,
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#ended) return
    this.#ended = true
    const containers = [...this.#containers]
    for (const container of containers) container.kill('SIGKILL')
    await Promise.all(containers.map(container => container.exited))
    await this.#parts.holder?.[Symbol.asyncDispose]()
    await this.#parts.link?.[Symbol.asyncDispose]()
    this.#parts.forget()
  }
}

function stepArguments(step: RootStep): string[] {
  return step.do === 'overlay' ? ['overlay', step.top, step.lower.join(':')] : [step.do, step.from, step.to]
}

/** Mount points of this host below some folders, from `/proc/self/mountinfo`. */
export function mountPointsBelow(mountinfo: string, folders: readonly string[]): string[] {
  const points = mountinfo.split('\n').flatMap(line => line.split(' ')[4] ?? [])
  const unescaped = points.map(point =>
    point.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8))),
  )
  return [...new Set(unescaped)].filter(point => folders.some(folder => point.startsWith(folder)))
}
