import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Cluster } from '../cluster/cluster.ts'
import { sign } from '../cluster/credentials.ts'
import { startCluster, type TestCluster } from './cluster.ts'
import { eventually } from './eventually.ts'
import { PlainApi } from './faults-api.ts'
import { PortWatch } from './faults-ports.ts'
import { type Upstream, upstreamOf } from './faults-proxy.ts'
import type { Network } from './faults-set.ts'

/** The cluster under the controllers, and what can happen to it. */
export interface Plane extends AsyncDisposable {
  readonly kind: 'embedded' | 'real'
  /** For users; throws while the API server is down. */
  readonly api: PlainApi
  readonly ports: PortWatch
  /** How often game containers may have been restarted: never by what happens to the control plane. */
  readonly starts: number
  readonly upstream: Upstream
  /** SIGKILL; resolves when it answers again, after at least so long. */
  restartApiServer(downMs: number): Promise<void>
  /** SIGSTOP to etcd for so long; absent where there is no etcd. */
  pauseStorage?(ms: number): Promise<void>
  /** The API server's own certificate has expired for so long; absent where only a proxy can show such a one. */
  expireCertificate?(ms: number): Promise<void>
}

abstract class Followed {
  readonly ports = new PortWatch()
  readonly starts = 0
  #api: PlainApi | undefined
  #watching: Disposable | undefined

  get api(): PlainApi {
    if (this.#api === undefined) throw new Error('the API server is down')
    return this.#api
  }

  protected async follow(kubeconfig: string): Promise<void> {
    this.unfollow()
    this.#api = new PlainApi(kubeconfig)
    this.#watching = await this.ports.follow(this.#api)
  }

  protected unfollow(): void {
    this.#watching?.[Symbol.dispose]()
    this.#api?.[Symbol.dispose]()
    this.#api = undefined
    this.#watching = undefined
  }
}

/** `berth dev` with simulated nodes and without Berth's controllers. */
export class EmbeddedPlane extends Followed implements Plane {
  readonly kind = 'embedded'
  readonly #options: { dataDir: string; args: string[] }
  #cluster: TestCluster

  private constructor(cluster: TestCluster, options: { dataDir: string; args: string[] }) {
    super()
    this.#cluster = cluster
    this.#options = options
  }

  static async start(folder: string, args: readonly string[] = []): Promise<EmbeddedPlane> {
    const options = { dataDir: join(folder, 'data'), args: ['--simulate', '--nodes', '2', '--no-controllers', ...args] }
    const plane = new EmbeddedPlane(await startCluster(options), options)
    await plane.follow(plane.#cluster.kubeconfig)
    return plane
  }

  get upstream(): Upstream {
    return upstreamOf(this.#cluster.kubeconfig)
  }

  async restartApiServer(downMs: number): Promise<void> {
    await this.#cluster.kill()
    this.unfollow()
    await this.#cluster[Symbol.asyncDispose]()
    await sleep(downMs)
    this.#cluster = await startCluster(this.#options)
    await this.follow(this.#cluster.kubeconfig)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.unfollow()
    await this.#cluster[Symbol.asyncDispose]()
  }
}

/** A Kubernetes of `npm run cluster`. */
export class RealPlane extends Followed implements Plane {
  readonly kind = 'real'
  readonly cluster: Cluster

  private constructor(cluster: Cluster) {
    super()
    this.cluster = cluster
  }

  static async open(cluster: Cluster): Promise<RealPlane> {
    const plane = new RealPlane(cluster)
    await plane.follow(cluster.kubeconfig)
    return plane
  }

  get upstream(): Upstream {
    return upstreamOf(this.cluster.kubeconfig)
  }

  async restartApiServer(downMs: number): Promise<void> {
    await this.cluster.stop('kube-apiserver')
    this.unfollow()
    await sleep(downMs)
    await this.cluster.start('kube-apiserver')
    await this.cluster.waitUntilServed()
    await this.follow(this.cluster.kubeconfig)
  }

  async pauseStorage(ms: number): Promise<void> {
    this.cluster.signal('etcd', 'SIGSTOP')
    await sleep(ms)
    this.cluster.signal('etcd', 'SIGCONT')
    await this.cluster.waitUntilServed()
  }

  async expireCertificate(ms: number): Promise<void> {
    await sign(this.cluster.layout, 'apiserver', -1)
    await sleep(ms)
    await sign(this.cluster.layout, 'apiserver', 365)
    await eventually('the API server shows its new certificate', () => this.api.list('/api/v1/namespaces'), { timeout: 90_000, every: 250 })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.unfollow()
    await Promise.resolve()
  }
}

/** A plane and where on it there is room for a world. */
export interface Ground extends AsyncDisposable {
  readonly plane: Plane
  readonly home: string
  readonly arena: string | undefined
  /** Undefined: all that there are. */
  readonly networks: readonly Network[] | undefined
}

/**
 * The embedded cluster, or, where scenarios run on a real Kubernetes, a control plane with fake nodes of its own: its API server will be
 * killed. BERTH_FAULT_CLUSTER names one that `npm run cluster` has started and nobody else uses.
 */
export async function openPlane(folder: string, seed: number): Promise<Ground> {
  const name = process.env['BERTH_FAULT_CLUSTER']
  if (name === undefined && process.env['BERTH_TEST_KUBECONFIG'] === undefined) {
    const plane = await EmbeddedPlane.start(folder)
    return { plane, home: 'default', arena: 'arena', networks: undefined, [Symbol.asyncDispose]: () => plane[Symbol.asyncDispose]() }
  }
  const { openCluster, startKubernetes, defaultVersion } = await import('../cluster/cluster.ts')
  const existing = name === undefined ? undefined : await openCluster(name)
  if (name !== undefined && existing === undefined) throw new Error(`there is no cluster ${name}`)
  const report = (line: string) => console.info(line)
  const options = { name: 'faults', version: defaultVersion, node: false, fakeNodes: 4 }
  const cluster = existing ?? (await startKubernetes(options, report))
  const plane = await RealPlane.open(cluster)
  const home = `faults-${seed}-${process.pid}`
  await cluster.kubectl(['create', 'namespace', home])
  return {
    plane,
    home,
    // A real namespace takes long to go, and its name is not free until then.
    arena: undefined,
    // No cloud makes load balancers there.
    networks: ['none', 'none', 'nodePort', 'hostPort'],
    async [Symbol.asyncDispose]() {
      await cluster.kubectl(['delete', 'namespace', home, '--wait=false'])
      await plane[Symbol.asyncDispose]()
      if (existing === undefined) await cluster.down()
    },
  }
}
