import { existsSync, readFileSync } from 'node:fs'
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { eventually } from '../harness/eventually.ts'
import { must, run } from '../harness/run.ts'
import { cacheFolder, defaultVersion, type Programs, programs } from './components.ts'
import { apiServer, type Command, controllerManager, etcd, scheduler, writeControlPlaneFiles } from './control-plane.ts'
import { makeCredentials } from './credentials.ts'
import { fakeNodeStatus, fakeNodes, kwok, writeFakeNodeFiles } from './fake-nodes.ts'
import { packImages } from './images.ts'
import { clustersFolder, type Layout, layout, slots } from './layout.ts'
import { containerd, kubelet, kubeProxy, writeNodeFiles } from './node.ts'
import { alive, closeSandbox, makeCgroups, openSandbox, type Sandbox, startInside } from './sandbox.ts'

export const componentNames = [
  'etcd',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'containerd',
  'kubelet',
  'kube-proxy',
  'kwok',
] as const
export type ComponentName = (typeof componentNames)[number]

const commands: Record<ComponentName, (cluster: Layout, programs: Programs) => Command> = {
  etcd,
  'kube-apiserver': apiServer,
  'kube-controller-manager': controllerManager,
  'kube-scheduler': scheduler,
  containerd,
  kubelet,
  'kube-proxy': kubeProxy,
  kwok,
}

export interface ClusterOptions {
  readonly name: string
  /** A released Kubernetes. */
  readonly version: string
  /** Whether there is a node that runs containers. */
  readonly node: boolean
  readonly fakeNodes: number
}

interface Saved extends ClusterOptions {
  readonly slot: number
  readonly sandbox: Sandbox
}

type Report = (line: string) => void

/** One real Kubernetes on this host. It outlives the process that started it; {@link openCluster} finds it again. */
export class Cluster {
  readonly layout: Layout
  readonly options: ClusterOptions
  readonly programs: Programs
  readonly #sandbox: Sandbox

  constructor(saved: Saved, programs: Programs) {
    this.options = saved
    this.layout = layout(saved.name, saved.slot)
    this.programs = programs
    this.#sandbox = saved.sandbox
  }

  get kubeconfig(): string {
    return this.layout.kubeconfig
  }

  /** The pid of a component's process on the host, whether it still lives or not; undefined when it was never started. */
  pid(name: ComponentName): number | undefined {
    try {
      return Number(readFileSync(join(this.layout.folder, `${name}.pid`), 'utf8'))
    } catch {
      return undefined
    }
  }

  runs(name: ComponentName): boolean {
    const pid = this.pid(name)
    return pid !== undefined && alive(pid)
  }

  /** Starts a component that does not run, as it was started first. */
  async start(name: ComponentName): Promise<void> {
    if (this.runs(name)) return
    const { program, args } = commands[name](this.layout, this.programs)
    await startInside(this.layout, this.#sandbox, name, program, args)
  }

  /** Ends a component's process; SIGKILL by default. */
  async stop(name: ComponentName, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const pid = this.pid(name)
    if (pid === undefined || !alive(pid)) return
    process.kill(pid, signal)
    await eventually(`${name} has ended`, () => !alive(pid))
  }

  /** Sends a signal, such as SIGSTOP. */
  signal(name: ComponentName, signal: NodeJS.Signals): void {
    const pid = this.pid(name)
    if (pid === undefined) throw new Error(`${name} was never started`)
    process.kill(pid, signal)
  }

  kubectl(args: readonly string[], input?: string): Promise<string> {
    return run(this.programs.kubectl, args, { env: { KUBECONFIG: this.kubeconfig }, ...(input === undefined ? {} : { input }) }).then(ran =>
      must(ran, `kubectl ${args.join(' ')}`),
    )
  }

  /** Runs a program in the cluster's network and mount namespaces. */
  inside(program: string, args: readonly string[], timeout = 120_000): Promise<string> {
    return run('nsenter', ['-t', String(this.#sandbox.pid), '--net', '--mount', '--pid', '--', program, ...args], { timeout }).then(ran =>
      must(ran, program),
    )
  }

  /** Makes the images of an OCI archive known to the node. */
  async importImages(archive: string): Promise<void> {
    await this.inside('ctr', ['--address', this.layout.socket, '-n', 'k8s.io', 'images', 'import', archive])
  }

  async waitUntilServed(): Promise<void> {
    await eventually('the API server serves', () => this.kubectl(['get', '--raw', '/readyz']).then(() => true), {
      timeout: 60_000,
      every: 200,
    })
  }

  /** Adds fake nodes up to this number. */
  async addFakeNodes(count: number): Promise<void> {
    if (count === 0) return
    const items = fakeNodes(count)
    await this.kubectl(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items }))
    for (let index = 0; index < count; index++) {
      await this.kubectl([
        'patch',
        'node',
        `fake-${index}`,
        '--subresource=status',
        '--type=merge',
        '-p',
        JSON.stringify(fakeNodeStatus(index)),
      ])
    }
  }

  /** Ends the cluster and removes everything of it. */
  async down(): Promise<void> {
    await closeSandbox(this.layout, this.#sandbox)
    await rm(this.layout.folder, { recursive: true, force: true })
  }
}

const savedPath = (name: string) => join(clustersFolder, name, 'cluster.json')

const readyPath = (name: string) => join(clustersFolder, name, 'ready')

/** The cluster of this name; undefined when there is none. One whose processes are gone (after a reboot, say) is there, and can be taken down. */
export async function openCluster(name: string): Promise<Cluster | undefined> {
  const path = savedPath(name)
  if (!existsSync(path)) return undefined
  const saved = JSON.parse(readFileSync(path, 'utf8')) as Saved
  return new Cluster(saved, await programs(saved.version, () => undefined))
}

export async function clusterNames(): Promise<string[]> {
  const names = await readdir(clustersFolder).catch(() => [])
  return names.filter(name => existsSync(savedPath(name)))
}

async function freeSlot(): Promise<number> {
  const links = must(await run('ip', ['-o', 'link']), 'ip link')
  for (let slot = 0; slot < slots; slot++) if (!new RegExp(`\\bberthc${slot}[@:]`).test(links)) return slot
  throw new Error(`all ${slots} cluster addresses are taken; take a cluster down first`)
}

const packages: Record<string, string> = {
  containerd: 'containerd',
  runc: 'runc',
  iptables: 'iptables',
  conntrack: 'conntrack',
  ip: 'iproute2',
  openssl: 'openssl',
  nsenter: 'util-linux',
  '/usr/lib/cni/bridge': 'containernetworking-plugins',
  '/bin/busybox': 'busybox-static',
}

/** Says what this host lacks for a cluster, in words that can be acted upon; undefined when nothing is missing. */
export async function missingHere(node: boolean): Promise<string | undefined> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'a real cluster needs Linux and root'
  const needed = node ? Object.keys(packages) : ['ip', 'openssl', 'nsenter']
  const absent: string[] = []
  for (const program of needed) {
    const found = program.startsWith('/') ? existsSync(program) : (await run('sh', ['-c', `command -v ${program}`])).code === 0
    if (!found) absent.push(packages[program] ?? program)
  }
  return absent.length === 0 ? undefined : `missing on this host: apt-get install --no-install-recommends ${absent.join(' ')}`
}

/** Starts a cluster, or finds the one of this name. Resolves when its API server serves and its nodes are Ready. */
export async function startKubernetes(options: ClusterOptions, report: Report): Promise<Cluster> {
  const missing = await missingHere(options.node)
  if (missing !== undefined) throw new Error(missing)
  const existing = await openCluster(options.name)
  // One whose start was interrupted is not continued but started anew.
  if (existing?.runs('kube-apiserver') === true && existsSync(readyPath(options.name))) return existing
  await existing?.down()

  const started = Date.now()
  const paths = await programs(options.version, report)
  const slot = await freeSlot()
  const plan = layout(options.name, slot)
  await rm(plan.folder, { recursive: true, force: true })
  await mkdir(plan.folder, { recursive: true })
  const sandbox = await openSandbox(plan, paths.pause)
  const saved: Saved = { ...options, slot, sandbox }
  await writeFile(savedPath(options.name), JSON.stringify(saved))
  const cluster = new Cluster(saved, paths)
  try {
    await makeCredentials(plan)
    await writeControlPlaneFiles(plan)
    for (const name of ['etcd', 'kube-apiserver'] as const) await cluster.start(name)
    if (options.node) {
      report('packing the images of examples and scenarios …')
      await writeNodeFiles(plan)
      await makeCgroups(plan)
      await cluster.start('containerd')
      const archive = await packImages(plan.folder, paths.pause)
      await eventually('containerd answers', () => existsSync(plan.socket))
      await cluster.importImages(archive)
      await rm(archive)
    }
    await cluster.waitUntilServed()
    for (const name of ['kube-controller-manager', 'kube-scheduler'] as const) await cluster.start(name)
    if (options.node) {
      await cluster.kubectl([
        'create',
        'clusterrolebinding',
        'kubelet-api',
        '--clusterrole=system:node-proxier',
        `--user=system:kube-proxy`,
      ])
      for (const name of ['kubelet', 'kube-proxy'] as const) await cluster.start(name)
    }
    if (options.fakeNodes > 0) {
      await writeFakeNodeFiles(plan)
      await cluster.start('kwok')
      await cluster.addFakeNodes(options.fakeNodes)
    }
    const wanted = options.fakeNodes + (options.node ? 1 : 0)
    await eventually(
      `${wanted} nodes are Ready`,
      async () => {
        const ready = await cluster.kubectl(['get', 'nodes', '--no-headers'])
        const count = ready.split('\n').filter(line => / Ready /.test(line)).length
        if (count < wanted) throw new Error(`${count} are`)
        return true
      },
      { timeout: 60_000, every: 300 },
    )
    await eventually('the default service account is there', () => cluster.kubectl(['get', 'serviceaccount', 'default']).then(() => true))
  } catch (error) {
    report(`the start failed; its logs are in ${plan.folder}`)
    throw error
  }
  await writeFile(readyPath(options.name), '')
  report(`Kubernetes ${options.version} is ready after ${((Date.now() - started) / 1000).toFixed(1)} s: ${plan.kubeconfig}`)
  return cluster
}

export { cacheFolder, defaultVersion }
