import { describe, expect, it } from 'vitest'
import { agonesServers } from '../../allocation/agones-servers.ts'
import { Allocator } from '../../allocation/allocator.ts'
import { stockOf } from '../../allocation/stock.ts'
import { fleets } from '../../apis/agones.dev/fleet.ts'
import { type GameServer, gameServers } from '../../apis/agones.dev/game-server.ts'
import { pods, services } from '../../apis/core/resources.generated.ts'
import { isNotFound } from '../../kube/api-error.ts'
import { Cache } from '../../kube/cache.ts'
import { systemClock } from '../../kube/clock.ts'
import { noopRecorder } from '../../kube/event-recorder.ts'
import type { DeepReadonly } from '../../kube/object.ts'
import {
  at,
  client,
  createFleet,
  eventually,
  playGames,
  restartFamily,
  sdk,
  useInProcessAgones,
} from '../../../test/harness/in-process-agones.ts'
import { SeededRandom } from '../../../test/harness/faults-random.ts'

useInProcessAgones()

const rounds = 90
const signal = new AbortController().signal

const servers = async (): Promise<readonly DeepReadonly<GameServer>[]> => (await client.list(gameServers)).items
const fingerprint = ({ metadata, status }: DeepReadonly<GameServer>) => [
  metadata.uid,
  status?.state,
  status?.address,
  status?.ports?.[0]?.port,
]

function ignoreGone(error: unknown): void {
  if (!isNotFound(error)) throw error
}
const network = { type: 'Volcengine-CLB', conf: { ClbIds: 'clb-3g7hc8kakd8n48hh12k5mx8o', PortProtocols: '7654/UDP' } }
const balanced = { 'berth.dev/network': JSON.stringify(network) }

describe.each([
  ['RollingUpdate', 'no network', 1, undefined],
  ['InPlaceIfPossible', 'no network', 2, undefined],
  ['RollingUpdate', 'a load balancer', 3, balanced],
])('a Fleet with %s and %s whose controllers start again and again', (type, _, seed, annotations) => {
  it('loses no server that is played, gives no port and no server out twice, and ends as it should', { timeout: 60_000 }, async () => {
    using _games = playGames()
    const ports = [{ name: 'default', containerPort: 7654 }]
    const spec = { ports, template: { spec: { containers: [{ name: 'game', image: 'game:1' }] } } }
    const template = { spec, ...(annotations !== undefined && { metadata: { annotations } }) }
    await createFleet('arena', 6, { strategy: { type, rollingUpdate: { maxSurge: 2, maxUnavailable: 2 } }, template })
    await using parts = new AsyncDisposableStack()
    const cache = parts.use(new Cache({ client }))
    const store = cache.store(gameServers)
    await store.whenSynced()
    const allocator = parts.use(
      new Allocator({
        stocks: [stockOf({ kind: agonesServers, client, store, recorder: noopRecorder, clock: systemClock })],
        clock: systemClock,
      }),
    )
    const random = new SeededRandom(seed)
    /** What everybody who plays knows of their server, by its name. */
    const played = new Map<string, unknown>()
    const imageOf = async (name: string) => (await client.get(pods, at(name))).spec?.containers[0]?.image
    /** The games that run in them. */
    const running = new Map<string, unknown>()
    const change = (what: object) => client.patch(fleets, at('arena'), what, { type: 'merge' })
    let [replicas, version] = [6, 1]

    const actions: readonly (() => Promise<unknown>)[] = [
      () => client.patch(fleets, at('arena'), { spec: { replicas: (replicas = random.between(4, 9)) } }, { type: 'merge' }),
      () => {
        const containers = [{ name: 'game', image: `game:${(version += 1)}` }]
        return client.patch(
          fleets,
          at('arena'),
          { spec: { template: { spec: { template: { spec: { containers } } } } } },
          { type: 'merge' },
        )
      },
      async () => {
        const { state, gameServerName } = await allocator.allocate('default', {}, signal)
        if (state !== 'Allocated') return
        expect(played.has(gameServerName), `${gameServerName} is handed out twice`).toBe(false)
        played.set(gameServerName, fingerprint(await client.get(gameServers, at(gameServerName))))
        running.set(gameServerName, await imageOf(gameServerName))
      },
      async () => {
        const [name] = [...played.keys()]
        if (name === undefined || played.size < 3) return
        played.delete(name)
        await sdk(name, 'Shutdown')
      },
      () => {
        const labels = { season: String((version += 1)) }
        return change({ spec: { template: { metadata: { labels }, spec: { template: { metadata: { labels } } } } } })
      },
      () => change({ metadata: { annotations: { 'berth.dev/paused': random.pick(['true', null, null]) } } }),
      async () => {
        const all = await servers()
        if (all.length === 0) return
        const server = random.pick(all)
        const annotations = { 'image.berth.dev/game': random.pick(['game:hot', null]) }
        await client.patch(gameServers, at(server.metadata.name), { metadata: { annotations } }, { type: 'merge' }).catch(ignoreGone)
      },
      restartFamily,
      restartFamily,
    ]

    for (let round = 0; round < rounds; round += 1) {
      await random.pick(actions)()
      await new Promise(resolve => setTimeout(resolve, random.between(0, 59)))
      const now = await servers()
      for (const [name, known] of played) {
        const server = now.find(one => one.metadata.name === name)
        expect(server && fingerprint(server), `round ${round}: ${name}`).toEqual(known)
        expect(await imageOf(name), `round ${round}: ${name}`).toEqual(running.get(name))
      }
      const inUse = (await client.list(pods)).items.flatMap(({ spec }) =>
        (spec?.containers ?? []).flatMap(({ ports }) => (ports ?? []).map(({ hostPort }) => `${spec?.nodeName ?? ''}:${hostPort ?? 0}`)),
      )
      expect(
        inUse.filter((port, index) => inUse.indexOf(port) !== index),
        `round ${round}`,
      ).toEqual([])
    }

    await change({ metadata: { annotations: { 'berth.dev/paused': null } } })
    for (const { metadata } of await servers())
      await client
        .patch(gameServers, at(metadata.name), { metadata: { annotations: { 'image.berth.dev/game': null } } }, { type: 'merge' })
        .catch(ignoreGone)
    await eventually(async () => {
      const now = await servers()
      const { template } = (await client.get(fleets, at('arena'))).spec
      const wanted = Math.max(replicas, played.size)
      expect(now.map(({ status }) => status?.state ?? '').toSorted()).toEqual([
        ...Array<string>(played.size).fill('Allocated'),
        ...Array<string>(wanted - played.size).fill('Ready'),
      ])
      const balancers = (await client.list(services, { namespace: 'default' })).items.filter(one => one.spec?.type === 'LoadBalancer')
      expect(balancers.map(({ metadata }) => metadata.name).toSorted()).toEqual(
        annotations === undefined ? [] : now.map(({ metadata }) => metadata.name).toSorted(),
      )
      expect(new Set(balancers.map(one => one.spec?.ports?.[0]?.port)).size).toBe(balancers.length)
      if (annotations !== undefined)
        for (const { status } of now) expect(status?.addresses).toContainEqual({ type: 'NetworkIP', address: status?.address })
      for (const { metadata } of now.filter(({ status }) => status?.state === 'Ready')) {
        const pod = await client.get(pods, at(metadata.name))
        const season = (template.metadata?.labels as Record<string, string> | undefined)?.['season']
        expect(pod.spec?.containers[0]?.image).toBe(template.spec.template.spec?.containers[0]?.image)
        expect([metadata.labels?.['season'], pod.metadata.labels?.['season']]).toEqual([season, season])
        expect(Object.keys(metadata.annotations ?? {}).filter(name => name.startsWith('berth.dev/updating'))).toEqual([])
      }
    }, 20_000)
  })
})
