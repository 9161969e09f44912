import { describe, expect, it } from 'vitest'
import { type Fleet, fleets } from '../../apis/agones.dev/fleet.ts'
import { type GameServer, gameServers } from '../../apis/agones.dev/game-server.ts'
import { gameServerSets } from '../../apis/agones.dev/game-server-set.ts'
import { pods } from '../../apis/core/resources.generated.ts'
import type { DeepReadonly, New } from '../../kube/object.ts'
import {
  at,
  client,
  eventually,
  playGames,
  restartFamily,
  sdk,
  useInProcessAgones,
  writes,
} from '../../../test/harness/in-process-agones.ts'

useInProcessAgones()

const containers = (game: string, metrics: string) => [
  { name: 'game', image: game },
  { name: 'metrics', image: metrics },
]
const templateOf = (game: string, metrics = 'metrics:1', env: object = {}) => ({
  spec: {
    container: 'game',
    ports: [{ name: 'default', containerPort: 7654 }],
    template: { spec: { containers: containers(game, metrics).map(one => ({ ...one, ...env })) } },
  },
})

async function createFleet(name: string, replicas: number, notes: Record<string, string> = {}): Promise<void> {
  const strategy = { type: 'InPlaceIfPossible', rollingUpdate: { maxUnavailable: 1 } }
  const spec = { replicas, strategy, template: templateOf('game:1') }
  await client.create(fleets, { metadata: { ...at(name), annotations: notes }, spec } as unknown as New<Fleet>)
  await allReady(replicas)
}

const setTemplate = (name: string, template: object) => client.patch(fleets, at(name), { spec: { template } }, { type: 'merge' })
const servers = async (): Promise<readonly DeepReadonly<GameServer>[]> => (await client.list(gameServers)).items
const allReady = (count: number) =>
  eventually(async () => expect((await servers()).map(({ status }) => status?.state)).toEqual(Array.from({ length: count }, () => 'Ready')))
/** Name, identity and images of every pod. */
const podsNow = async () =>
  (await client.list(pods)).items.map(({ metadata, spec }) => ({
    name: metadata.name,
    uid: metadata.uid,
    images: spec?.containers.map(({ image }) => image).join(),
  }))
const withImages = (before: Awaited<ReturnType<typeof podsNow>>, images: string, except: readonly string[] = []) =>
  before.map(pod => (except.includes(pod.name) ? pod : { ...pod, images }))

describe('a Fleet whose servers are changed in place', () => {
  it('changes those that wait, one after the other, and whoever is in use when it is free again', async () => {
    using _games = playGames()
    await createFleet('rooms', 4)
    const before = await podsNow()
    const used = before[0]?.name ?? ''
    await sdk(used, 'Allocated')
    let fewest = 4
    const watch = setInterval(() => {
      void servers().then(
        all => (fewest = Math.min(fewest, all.filter(({ status }) => status?.state === 'Ready' || status?.state === 'Allocated').length)),
      )
    }, 5)
    await setTemplate('rooms', templateOf('game:2'))
    await eventually(async () => expect(await podsNow()).toEqual(withImages(before, 'game:2,metrics:1', [used])))
    await eventually(async () => expect((await servers()).filter(({ status }) => status?.state === 'Ready')).toHaveLength(3))
    clearInterval(watch)
    expect(fewest).toBe(3)
    expect((await client.get(gameServers, at(used))).status?.state).toBe('Allocated')
    await sdk(used, 'Ready')
    await eventually(async () => expect(await podsNow()).toEqual(withImages(before, 'game:2,metrics:1')))
    await allReady(4)
    expect((await servers()).map(({ metadata }) => metadata.annotations?.['berth.dev/updating'])).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ])
    expect((await client.list(gameServerSets)).items).toHaveLength(1)
  })

  it('costs few writes for each of them', async () => {
    using _games = playGames()
    await createFleet('few', 2)
    writes.length = 0
    await setTemplate('few', templateOf('game:2'))
    await eventually(async () => expect((await podsNow()).map(({ images }) => images)).toEqual(['game:2,metrics:1', 'game:2,metrics:1']))
    await allReady(2)
    const own = writes.filter(write => write === 'PATCH gameservers' || write === 'PATCH pods')
    // Out of the choice with the new template; the pod; what the game says, at times twice as the old one says it too; Ready.
    expect(own.filter(write => write === 'PATCH pods')).toHaveLength(2)
    expect(own.filter(write => write === 'PATCH gameservers').length).toBeLessThanOrEqual(10)
  })

  it('goes back the same way, and on after a restart of Berth', async () => {
    using _games = playGames()
    await createFleet('back', 3)
    const before = await podsNow()
    await setTemplate('back', templateOf('game:2'))
    await eventually(async () => expect((await podsNow()).some(({ images }) => images === 'game:2,metrics:1')).toBe(true))
    await restartFamily()
    await setTemplate('back', templateOf('game:1'))
    await eventually(async () => expect(await podsNow()).toEqual(before), 15_000)
    await allReady(3)
  })

  it('keeps as many servers on their version as it is told to', async () => {
    using _games = playGames()
    await createFleet('partly', 3, { 'berth.dev/update-partition': '2' })
    await setTemplate('partly', templateOf('game:2'))
    const images = ['game:1,metrics:1', 'game:1,metrics:1', 'game:2,metrics:1']
    await eventually(async () => expect((await podsNow()).map(pod => pod.images ?? '').toSorted()).toEqual(images))
    await allReady(3)
    await client.patch(fleets, at('partly'), { metadata: { annotations: { 'berth.dev/update-partition': '0' } } }, { type: 'merge' })
    await eventually(async () => expect(new Set((await podsNow()).map(pod => pod.images))).toEqual(new Set(['game:2,metrics:1'])))
  })

  it('changes what runs beside a game that is played where the Fleet says so, and the game never', async () => {
    using _games = playGames()
    await createFleet('beside', 1, { 'berth.dev/update-in-use': 'Sidecars' })
    const [pod] = await podsNow()
    await sdk(pod?.name ?? '', 'Allocated')
    await setTemplate('beside', templateOf('game:1', 'metrics:2'))
    await eventually(async () => expect(await podsNow()).toEqual([{ ...pod, images: 'game:1,metrics:2' }]))
    await eventually(async () => expect((await servers())[0]?.metadata.annotations?.['berth.dev/updating']).toBeUndefined())
    await setTemplate('beside', templateOf('game:2', 'metrics:3'))
    await eventually(async () =>
      expect((await client.list(gameServerSets)).items[0]?.spec.template.spec.template.spec?.containers[0]?.image).toBe('game:2'),
    )
    await restartFamily()
    expect(await podsNow()).toEqual([{ ...pod, images: 'game:1,metrics:2' }])
    expect((await servers())[0]?.status?.state).toBe('Allocated')
  })

  it('replaces servers where a running pod cannot follow', async () => {
    using _games = playGames()
    await createFleet('other', 2)
    const before = (await podsNow()).map(({ uid }) => uid)
    await setTemplate('other', templateOf('game:1', 'metrics:1', { env: [{ name: 'MAP', value: 'desert' }] }))
    await eventually(async () => {
      const now = await podsNow()
      expect(now).toHaveLength(2)
      expect(now.filter(({ uid }) => before.includes(uid))).toEqual([])
    }, 15_000)
    await allReady(2)
  })

  it('is asked for by an annotation as well, so that the manifest stays valid for Agones', async () => {
    using _games = playGames()
    const notes = { 'berth.dev/update-type': 'InPlaceIfPossible' }
    const spec = { replicas: 2, template: templateOf('game:1') }
    await client.create(fleets, { metadata: { ...at('noted'), annotations: notes }, spec } as unknown as New<Fleet>)
    await allReady(2)
    const before = await podsNow()
    await setTemplate('noted', templateOf('game:2'))
    await eventually(async () => expect(await podsNow()).toEqual(withImages(before, 'game:2,metrics:1')))
  })
})
