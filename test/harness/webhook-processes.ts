import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'
import type { TestCluster } from './cluster.ts'
import { eventually } from './eventually.ts'
import { root } from './run.ts'

/** `berth webhooks` in a process of its own. */
export interface WebhookProcess {
  readonly child: ChildProcess
  readonly port: number
  /** What it logged so far: JSON lines. */
  log(): string
  isReady(): Promise<boolean>
  /** How many AdmissionReviews it answered so far. */
  answered(): Promise<number>
  /** Fingerprint of the certificate it shows, to somebody who trusts these authorities (PEM). */
  certificate(ca: string): Promise<string>
  stop(signal?: NodeJS.Signals): Promise<void>
}

/** Webhooks on this host, behind a Service of a cluster whose API server reaches this host. */
export class Webhooks implements AsyncDisposable {
  readonly name: string
  readonly processes: WebhookProcess[] = []
  readonly #cluster: TestCluster
  #started = 0

  /** `name` is that of the Service; configurations are of the whole cluster and have the namespace in theirs. */
  constructor(cluster: TestCluster, name: string) {
    this.#cluster = cluster
    this.name = name
  }

  get configuration(): string {
    return `${this.name}-${this.#cluster.namespace}`
  }

  /** Starts some at once, puts them behind the Service and waits until they work. */
  async start(count: number, ...args: readonly string[]): Promise<void> {
    const fresh = await Promise.all(Array.from({ length: count }, () => this.#start(args)))
    this.processes.push(...fresh)
    await this.#advertise()
  }

  /** PEM that each of the configured webhooks trusts. */
  async bundles(): Promise<string[]> {
    const { webhooks } = await this.#cluster.get<{ webhooks: { clientConfig: { caBundle?: string } }[] }>([
      'validatingwebhookconfiguration',
      this.configuration,
    ])
    return webhooks.map(({ clientConfig }) => Buffer.from(clientConfig.caBundle ?? '', 'base64').toString('utf8'))
  }

  async answered(): Promise<number> {
    const counts = await Promise.all(this.processes.map(process => process.answered()))
    return counts.reduce((sum, count) => sum + count, 0)
  }

  async stop(signal?: NodeJS.Signals): Promise<void> {
    await Promise.all(this.processes.splice(0).map(process => process.stop(signal)))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop('SIGKILL')
    await this.#cluster.kubectl(['delete', 'validatingwebhookconfiguration', this.configuration, '--ignore-not-found'])
  }

  async #start(args: readonly string[]): Promise<WebhookProcess> {
    const health = 23_000 + (process.pid % 1500) * 10 + this.#started++
    const { name, configuration } = this
    const { kubeconfig, namespace } = this.#cluster
    const names = [
      '--service-name',
      name,
      '--secret-name',
      `${name}-tls`,
      '--webhook-configuration',
      configuration,
      '--namespaces',
      namespace,
    ]
    const listen = ['--bind', '0.0.0.0:0', '--health-bind', `127.0.0.1:${health}`]
    const child = spawn(join(root, 'berth'), ['webhooks', ...names, ...listen, ...args], {
      env: { ...process.env, KUBECONFIG: kubeconfig },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let log = ''
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => (log += chunk))
    const port = await eventually('the webhooks are served', () => {
      if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}`)
      const found = /"port":(\d+).*"webhooks are served"/.exec(log)?.[1]
      return found === undefined ? undefined : Number(found)
    }).catch((error: unknown) => {
      child.kill('SIGKILL')
      throw new Error(`${error instanceof Error ? error.message : String(error)}\n${log}`)
    })
    return {
      child,
      port,
      log: () => log,
      isReady: async () => (await fetch(`http://127.0.0.1:${health}/readyz`)).status === 200,
      async answered() {
        const text = await (await fetch(`http://127.0.0.1:${health}/metrics`)).text()
        const counts = text.matchAll(/^controller_runtime_webhook_requests_total\{.*\} (\d+)$/gm)
        return [...counts].reduce((sum, [, count]) => sum + Number(count), 0)
      },
      async certificate(ca) {
        const socket = connect({ host: '127.0.0.1', port, ca, servername: `${name}.${namespace}.svc` })
        try {
          await once(socket, 'secureConnect')
          return socket.getPeerCertificate().fingerprint256
        } finally {
          socket.destroy()
        }
      },
      async stop(signal = 'SIGTERM') {
        if (child.exitCode !== null || child.signalCode !== null) return
        const exit = once(child, 'exit')
        child.kill(signal)
        await exit
      },
    }
  }

  /** A Service without a selector and a slice for each process: their ports differ. */
  async #advertise(): Promise<void> {
    const { name } = this
    const address = ownAddress()
    await this.#cluster.apply({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name },
      spec: { ports: [{ name: 'https', port: 443 }] },
    })
    await this.#cluster.kubectl(['delete', 'endpointslices', '-l', `kubernetes.io/service-name=${name}`])
    for (const [index, { port }] of this.processes.entries()) {
      await this.#cluster.apply({
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        metadata: { name: `${name}-${index}`, labels: { 'kubernetes.io/service-name': name } },
        addressType: 'IPv4',
        endpoints: [{ addresses: [address], conditions: { ready: true } }],
        ports: [{ name: 'https', port, protocol: 'TCP' }],
      })
    }
  }
}

/** An address of this host that is not loopback: API servers refuse loopback in EndpointSlices. */
function ownAddress(): string {
  const own = Object.values(networkInterfaces())
    .flatMap(addresses => addresses ?? [])
    .find(({ family, internal, address }) => family === 'IPv4' && !internal && !address.startsWith('169.254.'))
  if (own === undefined) throw new Error('this host has no address but loopback')
  return own.address
}
