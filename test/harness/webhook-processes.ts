import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { networkInterfaces, tmpdir } from 'node:os'
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

let healthPorts = 24_000 + (process.pid % 1500) * 10

/** Webhooks on this host, behind a Service of a cluster whose API server reaches this host. */
export class Webhooks implements AsyncDisposable {
  readonly name: string
  readonly processes: WebhookProcess[] = []
  readonly #cluster: TestCluster
  #folder: string | undefined
  #kubeconfig: string

  /** `name` is that of the Service; configurations are of the whole cluster and have the namespace in theirs. */
  constructor(cluster: TestCluster, name: string) {
    this.#cluster = cluster
    this.name = name
    this.#kubeconfig = cluster.kubeconfig
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

  /** Those that start from now on have the rights that Berth's chart gives them, and no others. */
  async restrict(): Promise<void> {
    const { name, configuration } = this
    const { namespace, kubeconfig } = this.#cluster
    const subjects = [{ kind: 'ServiceAccount', name, namespace }]
    const rbac = (kind: string, metadata: object, more: object) =>
      this.#cluster.apply({ apiVersion: 'rbac.authorization.k8s.io/v1', kind, metadata, ...more })
    const roleRef = (kind: string, role: string) => ({ apiGroup: 'rbac.authorization.k8s.io', kind, name: role })
    await this.#cluster.apply({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name } })
    await rbac(
      'Role',
      { name },
      {
        rules: [
          { apiGroups: [''], resources: ['secrets'], verbs: ['create'] },
          { apiGroups: [''], resources: ['secrets'], resourceNames: [`${name}-tls`], verbs: ['get', 'update'] },
          { apiGroups: ['game.kruise.io'], resources: ['gameserversets'], verbs: ['get'] },
        ],
      },
    )
    await rbac('RoleBinding', { name }, { roleRef: roleRef('Role', name), subjects })
    const configurations = ['validatingwebhookconfigurations']
    await rbac(
      'ClusterRole',
      { name: configuration },
      {
        rules: [
          {
            apiGroups: ['admissionregistration.k8s.io'],
            resources: configurations,
            resourceNames: [configuration],
            verbs: ['get', 'patch'],
          },
          { apiGroups: ['apps'], resources: ['deployments'], resourceNames: ['kruise-game-controller-manager'], verbs: ['list'] },
        ],
      },
    )
    await rbac('ClusterRoleBinding', { name: configuration }, { roleRef: roleRef('ClusterRole', configuration), subjects })
    const token = (await this.#cluster.k(['create', 'token', name, '--duration=1h'])).trim()
    const config = JSON.parse(
      await this.#cluster.k(['config', 'view', '--raw', '--minify', '--flatten', '-o', 'json', '--kubeconfig', kubeconfig]),
    )
    this.#folder ??= await mkdtemp(join(tmpdir(), 'berth-webhooks-'))
    this.#kubeconfig = join(this.#folder, 'kubeconfig')
    await writeFile(this.#kubeconfig, JSON.stringify({ ...config, users: [{ name: config.users[0].name, user: { token } }] }), {
      mode: 0o600,
    })
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
    for (const kind of ['validatingwebhookconfiguration', 'clusterrolebinding', 'clusterrole'])
      await this.#cluster.kubectl(['delete', kind, this.configuration, '--ignore-not-found'])
    if (this.#folder !== undefined) await rm(this.#folder, { recursive: true, force: true })
  }

  async #start(args: readonly string[]): Promise<WebhookProcess> {
    const health = (healthPorts += 1)
    const { name, configuration } = this
    const { namespace } = this.#cluster
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
      env: { ...process.env, KUBECONFIG: this.#kubeconfig },
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
export function ownAddress(): string {
  const own = Object.values(networkInterfaces())
    .flatMap(addresses => addresses ?? [])
    .find(({ family, internal, address }) => family === 'IPv4' && !internal && !address.startsWith('169.254.'))
  if (own === undefined) throw new Error('this host has no address but loopback')
  return own.address
}
