import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { type Platform, platformOptions, startCluster, type TestCluster } from './harness/cluster.ts'
import { eventually } from './harness/eventually.ts'
import { release } from './harness/install.ts'
import { testNeeding } from './harness/needs.ts'
import { startPlatformWebhook } from './harness/platform-webhook.ts'
import { udpAsk } from './harness/players.ts'
import { root } from './harness/run.ts'
import { Webhooks } from './harness/webhook-processes.ts'

const test = testNeeding('kubectl')

interface Port {
  name: string
  containerPort: number
  hostPort: number
}
interface Server {
  metadata: { name: string }
  spec: { ports: Port[] }
  status?: { state: string; address: string; ports: { name: string; port: number }[] }
}
interface Pod {
  metadata: { name: string; labels: Record<string, string>; annotations: Record<string, string> }
  spec: { containers: { name: string; ports: Port[] }[] }
}

const ours = 'zzz-agones-mutation-webhook'

describe.each<[string, Platform, string, { readonly key: string; readonly value: string }]>([
  [
    'GKE Autopilot',
    { cloudProduct: 'gke-autopilot' },
    'autopilot.gke.io/host-port-assignment',
    { key: 'agones.dev/port', value: 'autopilot-passthrough' },
  ],
  [
    'another platform that assigns host ports',
    {
      cloudProduct: 'platform',
      hostPortsAnnotation: 'platform.example.com/host-ports',
      passthroughLabel: { key: 'platform.example.com/ports', value: 'passed-through' },
    },
    'platform.example.com/host-ports',
    { key: 'platform.example.com/ports', value: 'passed-through' },
  ],
])('on %s', (_, platform, annotation, mark) => {
  let cluster: TestCluster
  let hooks: Webhooks | undefined
  beforeAll(async () => {
    cluster = await startCluster({ agones: platform })
    // Where the chart has installed Berth, its webhooks are there.
    if (cluster.kind === 'embedded') {
      hooks = new Webhooks(cluster, 'hooks')
      await hooks.start(1, '--agones', '--install', ...platformOptions(platform))
    }
    await eventually(
      'the API server trusts our webhook',
      async () => (await cluster.k(['get', 'mutatingwebhookconfiguration', ours, '-o', 'jsonpath={..caBundle}'])).length > 0,
    )
  })
  afterAll(async () => {
    await hooks?.[Symbol.asyncDispose]()
    await cluster[Symbol.asyncDispose]()
  })

  /** Stops our webhooks, or starts them again. */
  const isAway = async (away: boolean): Promise<void> => {
    if (hooks === undefined) {
      await cluster.k(['scale', 'deployment', 'berth-webhooks', '-n', release.namespace, `--replicas=${away ? 0 : 2}`])
    } else if (away) await hooks.stop()
    else await hooks.start(1, '--agones', '--install', ...platformOptions(platform))
  }

  /** The documentation's fleet under another name, with these ports and variables. */
  const fleet = async (name: string, ports: object[], env: object[] = []): Promise<string> => {
    const manifest = await readFile(join(root, 'examples/agones/fleet.yaml'), 'utf8')
    return manifest
      .replace('name: simple-game-server\n  namespace: default', `name: ${name}`)
      .replace(/ports:\n.*\n.*containerPort: 7654/, `ports: ${JSON.stringify(ports)}`)
      .replace('limits: { memory: 64Mi, cpu: 20m }', `limits: { memory: 64Mi }\n              env: ${JSON.stringify(env)}`)
  }
  const ready = (name: string): Promise<Server[]> =>
    eventually(
      `${name} is Ready`,
      async () => {
        const { items } = await cluster.get<{ items: Server[] }>(`gameservers.agones.dev -l agones.dev/fleet=${name}`)
        return items.length === 2 && items.every(({ status }) => status?.state === 'Ready') && items
      },
      { timeout: 60_000 },
    )
  const play = ({ status }: Server, index = 0) =>
    udpAsk(status?.address ?? '', status?.ports[index]?.port ?? 0, 'hello', { timeout: 20_000 })

  describe.each([
    ['before', 'aaa-platform-host-ports'],
    ['after', 'zzzz-platform-host-ports'],
  ])('whose webhook is called %s ours', (order, configuration) => {
    test('Dynamic ports are those that the platform has assigned, and players reach the server there', async () => {
      await using webhook = await startPlatformWebhook(cluster, configuration, annotation)
      const name = `dynamic-${order}`
      await cluster.apply(await fleet(name, [{ name: 'game', containerPort: 7654, protocol: 'TCPUDP' }]))
      const servers = await ready(name)
      const all = new Set<number>()
      for (const server of servers) {
        const pod = await cluster.get<Pod>(`pod ${server.metadata.name}`)
        const { portsAssigned } = JSON.parse(pod.metadata.annotations[annotation] ?? '{}') as { portsAssigned: Record<string, number> }
        const port = portsAssigned['1'] ?? 0
        expect(port).toBeGreaterThanOrEqual(7000)
        expect(port).toBeLessThanOrEqual(8000)
        expect(server.status?.ports).toEqual([
          { name: 'game-tcp', port },
          { name: 'game-udp', port },
        ])
        expect(server.spec.ports.map(({ hostPort, containerPort }) => [hostPort, containerPort])).toEqual([
          [port, 7654],
          [port, 7654],
        ])
        expect(pod.metadata.labels[mark.key]).toBeUndefined()
        expect(await play(server, 1)).toBe('ACK: hello\n')
        all.add(port)
      }
      expect(all.size).toBe(2)
      expect(webhook.asked.toSorted()).toEqual(servers.map(({ metadata }) => metadata.name).toSorted())
      await cluster.k(['delete', 'fleet', name])
    })

    test('Passthrough ports are the same inside and outside, and players reach the server there', async () => {
      await using _webhook = await startPlatformWebhook(cluster, configuration, annotation)
      const name = `passthrough-${order}`
      const ports = [
        { name: 'game', portPolicy: 'Passthrough' },
        { name: 'query', containerPort: 9000 },
      ]
      await cluster.apply(await fleet(name, ports, [{ name: 'PASSTHROUGH', value: 'true' }]))
      for (const server of await ready(name)) {
        const pod = await cluster.get<Pod>(`pod ${server.metadata.name}`)
        const [game, query] = pod.spec.containers[0]?.ports ?? []
        expect(pod.metadata.labels[mark.key]).toBe(mark.value)
        expect(game?.hostPort).toBeGreaterThanOrEqual(7000)
        expect(game?.containerPort).toBe(game?.hostPort)
        expect(query?.containerPort).toBe(9000)
        expect(server.status?.ports).toEqual([
          { name: 'game', port: game?.hostPort },
          { name: 'query', port: query?.hostPort },
        ])
        expect(server.spec.ports[0]).toMatchObject({ hostPort: game?.hostPort, containerPort: game?.hostPort })
        expect(await play(server)).toBe('ACK: hello\n')
      }
      await cluster.k(['delete', 'fleet', name])
    })
  })

  test('ports that the platform would refuse are refused at once, with the field and the value', async () => {
    const ports = [{ name: 'game', portPolicy: 'Static', containerPort: 7654, hostPort: 7654 }]
    const refused = await cluster.kubectl(['apply', '-f', '-'], await fleet('static', ports))
    expect(refused.code).not.toBe(0)
    expect(refused.stderr).toMatch(/spec\.template\.spec\.ports\[0\]\.portPolicy: Invalid value: "Static": portPolicy must be Dynamic/)
  })

  test('while our webhook is away, pods that are not marked are made, and those that are wait', async () => {
    const pod = (name: string, labels: Record<string, string>) => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, labels },
      spec: { containers: [{ name: 'a', image: 'example.com/session-room:v1' }] },
    })
    const marked = JSON.stringify(pod('marked', { [mark.key]: mark.value }))
    await isAway(true)
    await eventually('marked ones are refused', async () => {
      const { stderr } = await cluster.kubectl('apply --dry-run=server -f -', marked)
      return /failed calling webhook "mutations\.agones\.dev"/.test(stderr)
    })
    await cluster.apply(pod('other', {}))
    await isAway(false)
    await eventually('marked ones are made', () => cluster.apply(marked), { timeout: 90_000 })
  })
})
