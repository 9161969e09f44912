import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { type ClientHttp2Session, connect, type IncomingHttpHeaders } from 'node:http2'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { agonesCustomResourceDefinitions } from '../src/apis/agones.dev/custom-resource-definitions.ts'
import { type GameServer, gameServers } from '../src/apis/agones.dev/game-server.ts'
import type { AllocationStatus } from '../src/apis/allocation.agones.dev/game-server-allocation.ts'
import { customresourcedefinitions } from '../src/apis/core/resources.generated.ts'
import type { CustomResourceDefinition } from '../src/apis/core/types.generated.ts'
import type { Client } from '../src/kube/client.ts'
import type { New } from '../src/kube/object.ts'
import { createCertificateAuthority, createClientCertificate, createServingCertificate } from '../src/kube/tls/certificates.ts'
import { frontProxyConfig } from '../src/kube/webhook/front-proxy.ts'
import { type Bench, perSecond, round, timed } from './harness/bench.ts'
import { root, startCluster } from './harness/cluster.ts'
import { installedNodeArguments } from './harness/installed-node.ts'
import { usageOf } from './harness/process-usage.ts'
import { requestCounts, writesPerServer } from './harness/request-counts.ts'

const namespace = 'default'
const servers = 4000
const each = 800
const path = `/apis/allocation.agones.dev/v1/namespaces/${namespace}/gameserverallocations`

export const allocations: Bench = {
  name: 'allocations',
  about: `${each} allocations out of ${servers} servers by each number of clients, through "berth webhooks" as an API server asks it; its API server is the embedded one`,
  async run(report) {
    await using cluster = await startCluster({ args: ['--simulate', '--no-controllers'] })
    const { client, kubeconfig, pid } = cluster
    for (const definition of agonesCustomResourceDefinitions)
      await client.create(customresourcedefinitions, definition as unknown as New<CustomResourceDefinition>)
    await sleep(500)
    await perSecond(servers, 32, number => client.create(gameServers, server(number)))
    await using serving = await serve(client, kubeconfig)
    await allocateAll(serving, 20, 200)
    for (const clients of [1, 20, 100]) {
      await sleep(1000)
      const [before, api] = [usageOf(serving.pid), usageOf(pid)]
      const counts = await requestCounts(client)
      const { latencies, seconds, names } = await allocateAll(serving, clients, each)
      // Events may come later than the answers that they tell of.
      await sleep(1500)
      const cpu = (now: number, then: number): number => round(((now - then) * 1000) / each)
      report({
        clients,
        'per second': Math.round(each / seconds),
        'p50 ms': round(latencies[Math.floor(each * 0.5)] ?? Number.NaN, 1),
        'p99 ms': round(latencies[Math.floor(each * 0.99)] ?? Number.NaN, 1),
        'handed out twice': each - names.size,
        'serving CPU ms/allocation': cpu(usageOf(serving.pid).cpuSeconds, before.cpuSeconds),
        'API server CPU ms/allocation': cpu(usageOf(pid).cpuSeconds, api.cpuSeconds),
        'requests/allocation': writesPerServer(counts, await requestCounts(client), each).byRequest,
      })
    }
  },
}

function server(number: number): New<GameServer> {
  const port = 7000 + (number % 1000)
  return {
    metadata: {
      name: `server-${number}`,
      namespace,
      labels: { 'agones.dev/fleet': 'bench', 'agones.dev/gameserverset': 'bench-1' },
      annotations: { 'agones.dev/sdk-version': '1.56.0' },
      finalizers: ['agones.dev/controller'],
    },
    spec: {
      container: 'game',
      ports: [{ name: 'default', portPolicy: 'Dynamic', containerPort: 7654, hostPort: port, protocol: 'UDP', range: 'default' }],
      health: { periodSeconds: 5, failureThreshold: 3, initialDelaySeconds: 5 },
      scheduling: 'Packed',
      sdkServer: { logLevel: 'Info', grpcPort: 9357, httpPort: 9358 },
      template: {
        spec: {
          containers: [
            {
              name: 'game',
              image: 'registry.example.com/bench/game:v1',
              resources: { requests: { cpu: '20m', memory: '64Mi' }, limits: { memory: '64Mi' } },
            },
          ],
        },
      },
    },
    status: {
      state: 'Ready',
      address: `192.0.2.${number % 20}`,
      addresses: [
        { type: 'InternalIP', address: `192.0.2.${number % 20}` },
        { type: 'Hostname', address: `node-${number % 20}` },
        { type: 'PodIP', address: `10.0.${number % 20}.${Math.floor(number / 20) % 250}` },
      ],
      nodeName: `node-${number % 20}`,
      ports: [{ name: 'default', port }],
      reservedUntil: null,
      players: null,
      immutableReplicas: 1,
    },
  } as unknown as New<GameServer>
}

interface Serving extends AsyncDisposable {
  readonly pid: number
  allocate(): Promise<AllocationStatus>
}

/** `berth webhooks` for allocations, and the way of an API server to it. */
async function serve(client: Client, kubeconfig: string): Promise<Serving> {
  await using parts = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'berth-bench-'))
  parts.defer(() => rm(folder, { recursive: true, force: true }))
  const authority = createCertificateAuthority()
  const own = createServingCertificate(authority, { names: ['localhost'] })
  await mkdir(join(folder, 'tls'))
  await Promise.all([writeFile(join(folder, 'tls/tls.crt'), own.cert), writeFile(join(folder, 'tls/tls.key'), own.key)])
  const { type, name } = frontProxyConfig
  const data = { 'requestheader-client-ca-file': authority.cert, 'requestheader-allowed-names': '["front-proxy-client"]' }
  await client.create(type, { metadata: { name, namespace: frontProxyConfig.namespace }, data })
  const port = 20_000 + (process.pid % 20_000)
  const at = (offset: number): string => `127.0.0.1:${port + offset}`
  const args = ['webhooks', '--agones', '--kubeconfig', kubeconfig, '--bind', at(0), '--health-bind', at(1), '--shutdown-delay', '0s']
  const more = process.env['BERTH_BENCH_NODE_ARGUMENTS']?.split(' ') ?? []
  const child = spawn(
    process.execPath,
    [...installedNodeArguments, ...more, join(root, 'src/main/berth.ts'), ...args, '--certificate-dir', join(folder, 'tls')],
    { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, KUBECONFIG: '' } },
  )
  parts.defer(() => ended(child))
  const health = `http://127.0.0.1:${port + 1}/readyz`
  while (
    (await fetch(health).then(
      ({ status }) => status,
      () => 0,
    )) !== 200
  ) {
    if (child.exitCode !== null) throw new Error(`berth webhooks ended with ${child.exitCode}`)
    await sleep(100)
  }
  // As the one connection that an API server has to an API behind it.
  const session = connect(`https://127.0.0.1:${port}`, {
    ca: authority.cert,
    ...createClientCertificate(authority, 'front-proxy-client', []),
    servername: 'localhost',
  })
  parts.defer(() => session.destroy())
  const running = parts.move()
  return {
    pid: child.pid ?? 0,
    allocate: () => post(session),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}

const manifest = JSON.stringify({
  apiVersion: 'allocation.agones.dev/v1',
  kind: 'GameServerAllocation',
  metadata: { namespace },
  spec: { selectors: [{ matchLabels: { 'agones.dev/fleet': 'bench' } }] },
})

async function post(session: ClientHttp2Session): Promise<AllocationStatus> {
  const stream = session.request({ ':method': 'POST', ':path': path, 'content-type': 'application/json' })
  stream.end(manifest)
  const [[headers], body] = await Promise.all([once(stream, 'response') as Promise<[IncomingHttpHeaders]>, text(stream)])
  if (Number(headers[':status']) !== 201) throw new Error(`${String(headers[':status'])}: ${body}`)
  return (JSON.parse(body) as { status: AllocationStatus }).status
}

async function allocateAll(serving: Serving, clients: number, count: number) {
  const latencies: number[] = []
  const names = new Set<string>()
  let next = 0
  const caller = async (): Promise<void> => {
    while ((next += 1) <= count) {
      latencies.push(await timed(async () => void names.add((await serving.allocate()).gameServerName)))
    }
  }
  const ms = await timed(() => Promise.all(Array.from({ length: clients }, caller)))
  return { latencies: latencies.sort((a, b) => a - b), seconds: ms / 1000, names }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, 'exit')
  child.kill('SIGINT')
  await exit
}
