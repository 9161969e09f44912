import { describe, expect, it } from 'vitest'
import { Allocator } from '../../allocation/allocator.ts'
import { fleets } from '../../apis/agones.dev/fleet.ts'
import { type GameServer, gameServers } from '../../apis/agones.dev/game-server.ts'
import { pods } from '../../apis/core/resources.generated.ts'
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

const rounds = 60
const signal = new AbortController().signal

const servers = async (): Promise<readonly DeepReadonly<GameServer>[]> => (await client.list(gameServers)).items
const fingerprint = ({ metadata, status }: DeepReadonly<GameServer>) => [
  metadata.uid,
  status?.state,
  status?.address,
  status?.ports?.[0]?.port,
]

describe.each([
  ['RollingUpdate', 1],
  ['InPlaceIfPossible', 2],
])('a Fleet with %s whose controllers start again and again', (type, seed) => {
  it('loses no server that is played, gives no port and no server out twice, and ends as it should', { timeout: 60_000 }, async () => {
    using _games = playGames()
    await createFleet('arena', 6, { strategy: { type, rollingUpdate: { maxSurge: 2, maxUnavailable: 2 } } })
    await using parts = new AsyncDisposableStack()
    const cache = parts.use(new Cache({ client }))
    const store = cache.store(gameServers)
    await store.whenSynced()
    const allocator = parts.use(new Allocator({ client, store, recorder: noopRecorder, clock: systemClock }))
    const random = new SeededRandom(seed)
    /** What everybody who plays knows of their server, by its name. */
    const played = new Map<string, unknown>()
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
      },
      async () => {
        const [name] = [...played.keys()]
        if (name === undefined || played.size < 3) return
        played.delete(name)
        await sdk(name, 'Shutdown')
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
      }
      const inUse = (await client.list(pods)).items.flatMap(({ spec }) =>
        (spec?.containers ?? []).flatMap(({ ports }) => (ports ?? []).map(({ hostPort }) => `${spec?.nodeName ?? ''}:${hostPort ?? 0}`)),
      )
      expect(
        inUse.filter((port, index) => inUse.indexOf(port) !== index),
        `round ${round}`,
      ).toEqual([])
    }

    await eventually(async () => {
      const now = await servers()
      const wanted = Math.max(replicas, played.size)
      expect(now.map(({ status }) => status?.state ?? '').toSorted()).toEqual([
        ...Array<string>(played.size).fill('Allocated'),
        ...Array<string>(wanted - played.size).fill('Ready'),
      ])
      const images = now.filter(({ status }) => status?.state === 'Ready').map(({ spec }) => spec.template.spec?.containers[0]?.image)
      expect(new Set(images).difference(new Set([`game:${version}`]))).toEqual(new Set())
      for (const { metadata, spec } of now) {
        const pod = await client.get(pods, at(metadata.name))
        expect(pod.spec?.containers[0]?.image).toBe(spec.template.spec?.containers[0]?.image)
      }
    }, 20_000)
  })
})
