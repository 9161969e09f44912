import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { credentials, type Client as GrpcClient, loadPackageDefinition, type ServiceError } from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'
import { bundle, sidecarFile } from '../deploy/image/bundle.ts'
import { gameServers } from '../src/apis/agones.dev/game-server.ts'
import { loadKubeconfig } from '../src/kube/kubeconfig.ts'
import { sidecarCommand } from '../src/main/agones-config.ts'
import { type Bench, median, round, type Row, timed } from './harness/bench.ts'
import { type BenchCluster, root, startCluster } from './harness/cluster.ts'
import { memoryOf, usageOf } from './harness/process-usage.ts'

const copies = 20
const calls = 50_000
const timedCalls = 5000
const callers = 8
const starts = 7
const idleMs = 20_000
/** As often as the example game gives a sign of life. */
const pingEveryMs = 2000

/** Sidecars as pods run them, on this host. */
class Sidecars implements AsyncDisposable {
  readonly #cluster: BenchCluster
  readonly #folder: string
  readonly #children: ChildProcess[] = []
  readonly #server: URL

  private constructor(cluster: BenchCluster, folder: string, server: URL) {
    this.#cluster = cluster
    this.#folder = folder
    this.#server = server
  }

  static async prepare(cluster: BenchCluster): Promise<Sidecars> {
    const folder = await mkdtemp(join(tmpdir(), 'berth-bench-sdk-'))
    const { server, ca, credentials: user } = await loadKubeconfig({ files: [cluster.kubeconfig], env: {} })
    const { headers } = await user.get()
    await mkdir(join(folder, 'account'))
    await writeFile(join(folder, 'account/token'), String(headers['authorization']).replace('Bearer ', ''))
    await writeFile(join(folder, 'account/ca.crt'), ca ?? '')
    await writeFile(join(folder, 'account/namespace'), 'default')
    const program = (await bundle()).find(([name]) => name === sidecarFile)?.[1]
    await writeFile(join(folder, sidecarFile), program ?? '')
    await writeFile(join(folder, 'package.json'), '{"type":"module"}')
    return new Sidecars(cluster, folder, new URL(server))
  }

  /** One for a GameServer of its own, which a developer runs; resolves when it answers. */
  async start(name: string): Promise<Sidecar> {
    const port = { name: 'default', portPolicy: 'Static', containerPort: 7654, hostPort: 7654 } as const
    const template = { spec: { containers: [{ name: 'game', image: 'game:1' }] } }
    const metadata = { name, namespace: 'default', annotations: { 'agones.dev/dev-address': '127.0.0.1' } }
    const spec = { ports: [port], template, counters: { rooms: { count: 0, capacity: 1_000_000 } } }
    await this.#cluster.client.create(gameServers, { metadata, spec })
    const [grpc, http, health] = [await freePort(), await freePort(), await freePort()]
    const flags = [
      `--gameserver-name=${name}`,
      '--pod-namespace=default',
      `--grpc-port=${grpc}`,
      `--http-port=${http}`,
      `--health-port=${health}`,
    ]
    const [, ...nodeFlags] = sidecarCommand
    const command = [join(root, 'node_modules/.bin/node'), ...nodeFlags.slice(0, -1), join(this.#folder, sidecarFile), ...flags]
    // The account is where a pod would have it; only this process sees that.
    const place = '/run/secrets/kubernetes.io/serviceaccount'
    const script = `mount -t tmpfs none /run && mkdir -p ${place} && cp "$0"/account/* ${place} && exec "$@"`
    const child = spawn('unshare', ['-m', 'sh', '-c', script, this.#folder, ...command], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { KUBERNETES_SERVICE_HOST: this.#server.hostname, KUBERNETES_SERVICE_PORT: this.#server.port },
    })
    this.#children.push(child)
    let said = ''
    const served = Promise.withResolvers<void>()
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        said += text
        if (said.includes('the SDK is served')) served.resolve()
      })
    child.once('exit', () => served.reject(new Error(`the sidecar ended: ${said}`)))
    const ms = await timed(() => served.promise)
    return { pid: child.pid ?? 0, grpc, http, startMs: ms }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children) {
      if (child.exitCode !== null || child.signalCode !== null) continue
      const exit = once(child, 'exit')
      child.kill('SIGTERM')
      await exit
    }
    await rm(this.#folder, { recursive: true, force: true })
  }
}

interface Sidecar {
  readonly pid: number
  readonly grpc: number
  readonly http: number
  readonly startMs: number
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise(resolve => server.close(resolve))
  return typeof address === 'object' && address !== null ? address.port : 0
}

type Stub = GrpcClient & Record<string, (request: object, done: (error: ServiceError | null, answer: unknown) => void) => void>

/** Calls of one client over one connection, by name. */
function game({ grpc }: Sidecar): Disposable & { call(method: string, request?: object): Promise<unknown> } {
  const protocol = join(root, 'src/sdk/protocol')
  const stubs = ['sdk', 'beta'].map(file => {
    const loaded = loadPackageDefinition(loadSync(join(protocol, `${file}.proto`), { keepCase: true })) as {
      agones: { dev: { sdk: Record<string, unknown> & { beta?: Record<string, unknown> } } }
    }
    const { sdk } = loaded.agones.dev
    const Service = (file === 'sdk' ? sdk['SDK'] : sdk.beta?.['SDK']) as new (
      address: string,
      how: ReturnType<typeof credentials.createInsecure>,
    ) => Stub
    return new Service(`127.0.0.1:${grpc}`, credentials.createInsecure())
  })
  return {
    call(method, request = {}) {
      const stub = stubs.find(one => typeof one[method] === 'function')
      return new Promise((resolve, reject) => {
        if (stub === undefined) throw new Error(`there is no ${method}`)
        stub[method]?.(request, (error, answer) => (error === null ? resolve(answer) : reject(error)))
      })
    },
    [Symbol.dispose]() {
      for (const stub of stubs) stub.close()
    },
  }
}

const ping = ({ http }: Sidecar): Promise<unknown> =>
  fetch(`http://127.0.0.1:${http}/health`, { method: 'POST', body: '{}' }).then(answer => answer.text())

/** Milliseconds of CPU per second of one process, over the time that `meanwhile` takes. */
async function cpuOf(pids: readonly number[], meanwhile: () => Promise<unknown>): Promise<number> {
  const used = (): number => pids.reduce((sum, pid) => sum + usageOf(pid).cpuSeconds, 0)
  const before = used()
  const ms = await timed(meanwhile)
  return round(((used() - before) * 1000) / (ms / 1000) / pids.length, 2)
}

async function oneSidecar(sidecars: Sidecars): Promise<Row> {
  const times: number[] = []
  for (let index = 1; index < starts; index += 1) times.push((await sidecars.start(`start-${index}`)).startMs)
  const one = await sidecars.start('one')
  times.push(one.startMs)
  using client = game(one)
  // Of the start something is left to do for a while.
  await sleep(10_000)
  const idle = memoryOf(one.pid)
  const cpu = await cpuOf([one.pid], () => sleep(idleMs))
  let left = calls
  const kinds: readonly (readonly [string, object?])[] = [
    ['GetGameServer'],
    ['GetCounter', { name: 'rooms' }],
    ['UpdateCounter', { counterUpdateRequest: { name: 'rooms', countDiff: 1 } }],
    ['GetGameServer'],
    ['SetLabel', { key: 'map', value: 'plains' }],
  ]
  const ms = await timed(() =>
    Promise.all(
      Array.from({ length: callers }, async () => {
        for (let next = (left -= 1); next >= 0; next = left -= 1) {
          const [method, request] = kinds[next % kinds.length] ?? ['GetGameServer']
          await client.call(method, request)
        }
      }),
    ),
  )
  const latencies: number[] = []
  for (let index = 0; index < timedCalls; index += 1) latencies.push(await timed(() => client.call('GetGameServer')))
  await sleep(3000)
  const sorted = latencies.toSorted((a, b) => a - b)
  return {
    what: 'one',
    'start to serving ms': Math.round(median(times)),
    'private MiB': round(idle.privateMB, 1),
    'idle CPU ms/s': cpu,
    'GetGameServer p50 ms': round(median(sorted)),
    'p99 ms': round(sorted[Math.floor(sorted.length * 0.99)] ?? 0),
    'calls/s': Math.round(calls / (ms / 1000)),
    [`private MiB after ${calls.toLocaleString('en')} calls`]: round(memoryOf(one.pid).privateMB, 1),
  }
}

async function many(sidecars: Sidecars): Promise<Row> {
  const all: Sidecar[] = []
  for (let index = 0; index < copies; index += 1) all.push(await sidecars.start(`copy-${index}`))
  const pings = async (): Promise<void> => {
    for (let left = idleMs; left > 0; left -= pingEveryMs) {
      for (const one of all) await ping(one)
      await sleep(pingEveryMs)
    }
  }
  await pings()
  const cpu = await cpuOf(
    all.map(({ pid }) => pid),
    pings,
  )
  const memory = all.map(({ pid }) => memoryOf(pid))
  const mean = (of: (one: (typeof memory)[number]) => number): number => round(memory.reduce((sum, one) => sum + of(one), 0) / copies, 1)
  return { what: `${copies} copies`, 'PSS MiB': mean(one => one.pssMB), 'private MiB': mean(one => one.privateMB), 'CPU ms/s': cpu }
}

export const sdkServer: Bench = {
  name: 'sdk-server',
  about: `the sidecar as pods run it: ${calls.toLocaleString('en')} calls of ${callers} callers, and ${copies} copies with signs of life every ${pingEveryMs / 1000} s; CPU and memory of each`,
  async run(report) {
    await using cluster = await startCluster({ args: ['--simulate', '--agones'] })
    for (const measure of [oneSidecar, many]) {
      await using sidecars = await Sidecars.prepare(cluster)
      report(await measure(sidecars))
    }
  },
}
