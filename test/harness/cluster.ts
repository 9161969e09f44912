import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eventually } from './eventually.ts'
import { installBerth } from './install.ts'
import { must, type Ran, root, run } from './run.ts'

export interface ClusterOptions {
  /** Further arguments of `berth dev`. */
  args?: readonly string[]
  /** With the kinds of Agones as well, perhaps as on another platform; where Berth is installed, for as long as this is used. */
  agones?: boolean | Platform
  /** Where the cluster keeps its objects; kept when the cluster ends. */
  dataDir?: string
}

/** What Berth is told of the platform below. */
export interface Platform {
  readonly cloudProduct: 'gke-autopilot' | 'platform'
  /** Both with `platform`. */
  readonly hostPortsAnnotation?: string
  readonly passthroughLabel?: { readonly key: string; readonly value: string }
}

/** The same as options of `berth`. */
export const platformOptions = ({ cloudProduct, hostPortsAnnotation, passthroughLabel: label }: Platform): string[] => [
  `--agones-cloud-product=${cloudProduct}`,
  ...(hostPortsAnnotation === undefined ? [] : [`--agones-host-ports-annotation=${hostPortsAnnotation}`]),
  ...(label === undefined ? [] : [`--agones-passthrough-label=${label.key}=${label.value}`]),
]

/** The same as values of the chart. */
const platformValues = ({ cloudProduct, hostPortsAnnotation = '', passthroughLabel: label }: Platform): string[] => [
  `agones.cloudProduct=${cloudProduct}`,
  `agones.platform.hostPortsAnnotation=${hostPortsAnnotation}`,
  ...(label === undefined
    ? []
    : [`agones.platform.passthroughLabel.key=${label.key}`, `agones.platform.passthroughLabel.value=${label.value}`]),
]

/** A cluster to run scenarios on: `berth dev` in a process of its own, or the one of BERTH_TEST_KUBECONFIG. */
export interface TestCluster extends AsyncDisposable {
  readonly kind: 'embedded' | 'real'
  /** The namespace that names without one mean: `default`, or one of its own on a cluster that others use too. */
  readonly namespace: string
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
  /** Applies a manifest that is written for the namespace `default`, to the one that is used here. */
  applyExample(file: string): Promise<string>
  berth(args: string | readonly string[], input?: string): Promise<Ran>
  /** SIGKILL, at once. */
  kill(): Promise<void>
}

const words = (args: string | readonly string[]) => (typeof args === 'string' ? args.split(/\s+/).filter(word => word !== '') : [...args])

/** Those that are in use. */
export const openClusters = new Set<TestCluster>()

export async function startCluster(options: ClusterOptions = {}): Promise<TestCluster> {
  const given = process.env['BERTH_TEST_KUBECONFIG']
  const made = given === undefined ? await startEmbedded(options) : await useReal(given, options)
  const cluster: TestCluster = {
    ...made,
    async [Symbol.asyncDispose]() {
      openClusters.delete(cluster)
      await made[Symbol.asyncDispose]()
    },
  }
  openClusters.add(cluster)
  return cluster
}

async function startEmbedded(options: ClusterOptions): Promise<TestCluster> {
  const folder = await mkdtemp(join(tmpdir(), 'berth-test-'))
  const kubeconfig = join(folder, 'kubeconfig')
  let printed = ''
  const data = options.dataDir === undefined ? [] : ['--data-dir', options.dataDir]
  const { agones: asked = false } = options
  const agones = asked === false ? [] : ['--agones', ...(asked === true ? [] : platformOptions(asked))]
  const child = spawn(
    join(root, 'berth'),
    ['dev', '--port', '0', '--kubeconfig', kubeconfig, ...data, ...agones, ...(options.args ?? [])],
    {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, KUBECONFIG: '' },
    },
  )
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (printed += chunk))
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (printed += chunk))
  await eventually('berth dev is ready', () => {
    if (child.exitCode !== null) return true
    return existsSync(kubeconfig) && /ready/i.test(printed)
  }).catch((error: unknown) => {
    child.kill('SIGKILL')
    throw new Error(`${error instanceof Error ? error.message : String(error)}\n${printed}`)
  })
  if (child.exitCode !== null) throw new Error(`berth dev ended with ${child.exitCode}:\n${printed}`)

  const ended = async (signal: NodeJS.Signals) => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const exit = once(child, 'exit')
    child.kill(signal)
    const forced = setTimeout(() => child.kill('SIGKILL'), 15_000)
    await exit
    clearTimeout(forced)
  }
  return {
    ...clientOf(kubeconfig, folder),
    kind: 'embedded',
    namespace: 'default',
    process: child,
    output: () => printed,
    kill: () => ended('SIGKILL'),
    async [Symbol.asyncDispose]() {
      await ended('SIGINT')
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** A namespace of its own on a cluster where Berth is at work; with `--simulate`, on fake nodes if the cluster has some. */
async function useReal(given: string, options: ClusterOptions): Promise<TestCluster> {
  const folder = await mkdtemp(join(tmpdir(), 'berth-test-'))
  const kubeconfig = join(folder, 'kubeconfig')
  const namespace = `berth-test-${randomBytes(4).toString('hex')}`
  const admin = clientOf(given, folder)
  await admin.k(['create', 'namespace', namespace])
  await writeFile(kubeconfig, await admin.k('config view --raw --flatten -o json'), { mode: 0o600 })
  const client = clientOf(kubeconfig, folder, namespace)
  await client.k(['config', 'set-context', '--current', `--namespace=${namespace}`])
  await useNodes(admin, options.args ?? [])
  await eventually('the service account is there', () => client.k('get serviceaccount default'))
  const { agones = false } = options
  const values = typeof agones === 'object' ? platformValues(agones) : ['agones.cloudProduct=auto']
  if (agones !== false) await switchAgones(given, true, values)
  return {
    ...client,
    kind: 'real',
    namespace,
    process: undefined,
    output: () => '',
    kill: () => Promise.reject(new Error('a real cluster is not killed by a scenario')),
    async [Symbol.asyncDispose]() {
      await admin.k(['delete', 'namespace', namespace, '--wait=true', '--timeout=90s'])
      if (agones !== false) {
        await switchAgones(given, false, ['agones.cloudProduct=auto'])
        // Those that stay would make short names mean something else to the scenarios that follow.
        await admin.k(`delete crd ${agonesKinds.map(kind => `${kind}.agones.dev`).join(' ')}`)
      }
      await rm(folder, { recursive: true, force: true })
    },
  }
}

const agonesKinds = ['fleets', 'gameserversets', 'gameservers']

/** With what Berth was installed with, and Agones on or off. */
async function switchAgones(kubeconfig: string, enabled: boolean, values: readonly string[]): Promise<void> {
  const all = [`agones.enabled=${enabled}`, ...values].flatMap(value => ['--set', value])
  await installBerth(kubeconfig, ['--reset-then-reuse-values', ...all])
}

/** Lets pods go to as many fake nodes as `--simulate --nodes N` asks for, or to the nodes that run containers. */
async function useNodes(client: Pick<TestCluster, 'k' | 'get'>, args: readonly string[]): Promise<void> {
  const { items } = await client.get<{ items: { metadata: { name: string; labels?: Record<string, string> } }[] }>('nodes')
  const [fake, real] = [
    items.filter(node => node.metadata.labels?.['type'] === 'kwok'),
    items.filter(node => node.metadata.labels?.['type'] !== 'kwok'),
  ]
  if (fake.length === 0) return
  const wanted = args.includes('--nodes') ? Number(args[args.indexOf('--nodes') + 1]) : 1
  const open = args.includes('--simulate') ? fake.slice(0, wanted) : real
  const closed = items.filter(node => !open.includes(node))
  await client.k(['uncordon', ...open.map(node => node.metadata.name)])
  await client.k(['cordon', ...closed.map(node => node.metadata.name)])
}

/** kubectl and berth for the cluster of a kubeconfig; `folder` is for what they keep. */
export function clientOf(
  kubeconfig: string,
  folder: string,
  namespace = 'default',
): Pick<TestCluster, 'kubeconfig' | 'kubectl' | 'k' | 'get' | 'apply' | 'applyExample' | 'berth'> {
  const env = { KUBECONFIG: kubeconfig, KUBECACHEDIR: join(folder, 'cache') }
  const kubectl = (args: string | readonly string[], input?: string) =>
    run('kubectl', words(args), { env, timeout: 100_000, ...(input === undefined ? {} : { input }) })
  const k = async (args: string | readonly string[], input?: string) => must(await kubectl(args, input), `kubectl ${words(args).join(' ')}`)
  return {
    kubeconfig,
    kubectl,
    k,
    get: async <T>(args: string | readonly string[]) => JSON.parse(await k(['get', ...words(args), '-o', 'json'])) as T,
    apply: manifest => k(['apply', '-f', '-'], typeof manifest === 'string' ? manifest : JSON.stringify(manifest)),
    applyExample: async file =>
      k(['apply', '-f', '-'], (await readFile(file, 'utf8')).replaceAll('namespace: default', `namespace: ${namespace}`)),
    berth: (args, input) => run(join(root, 'berth'), words(args), { env, ...(input === undefined ? {} : { input }) }),
  }
}
