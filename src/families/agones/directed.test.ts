import { describe, expect, it } from 'vitest'
import { type Fleet, fleets } from '../../apis/agones.dev/fleet.ts'
import { gameServers } from '../../apis/agones.dev/game-server.ts'
import { pods } from '../../apis/core/resources.generated.ts'
import type { New } from '../../kube/object.ts'
import {
  at,
  client,
  createServer,
  eventually,
  inState,
  playGames,
  restartFamily,
  sdk,
  serverOf,
  useInProcessAgones,
} from '../../../test/harness/in-process-agones.ts'

useInProcessAgones()

const templateOf = (game: string, metrics = 'metrics:1') => ({
  spec: {
    container: 'game',
    ports: [{ name: 'default', containerPort: 7654 }],
    template: {
      spec: {
        containers: [
          { name: 'game', image: game },
          { name: 'metrics', image: metrics },
        ],
      },
    },
  },
})

async function createFleet(name: string, type: string, notes: Record<string, string> = {}): Promise<readonly [string, string]> {
  const spec = { replicas: 2, strategy: { type }, template: templateOf('game:1') }
  await client.create(fleets, { metadata: { ...at(name), annotations: notes }, spec } as unknown as New<Fleet>)
  await allReady()
  const [one = '', other = ''] = (await client.list(gameServers)).items.map(({ metadata }) => metadata.name)
  return [one, other]
}

const allReady = () =>
  eventually(async () => expect((await client.list(gameServers)).items.map(({ status }) => status?.state)).toEqual(['Ready', 'Ready']))
const direct = (server: string, images: Record<string, string | null>) => {
  const annotations = Object.fromEntries(Object.entries(images).map(([container, image]) => [`image.berth.dev/${container}`, image]))
  return client.patch(gameServers, at(server), { metadata: { annotations } }, { type: 'merge' })
}
const setTemplate = (name: string, template: object) => client.patch(fleets, at(name), { spec: { template } }, { type: 'merge' })
const imagesOf = async (server: string) => (await client.get(pods, at(server))).spec?.containers.map(({ image }) => image).join()
const runs = (server: string, images: string) => eventually(async () => expect(await imagesOf(server)).toBe(images))

describe('an image that is directed to one server', () => {
  it.each(['RollingUpdate', 'InPlaceIfPossible'])(
    'of a Fleet with %s changes its pod alone, and gives way when it is taken off',
    async type => {
      using _games = playGames()
      const [one, other] = await createFleet('rooms', type)
      const uid = (await client.get(pods, at(one))).metadata.uid
      await direct(one, { game: 'game:hot' })
      await runs(one, 'game:hot,metrics:1')
      await allReady()
      expect((await serverOf(one)).metadata.annotations?.['berth.dev/updating']).toBeUndefined()
      await restartFamily()
      await direct(one, { game: null })
      await runs(one, 'game:1,metrics:1')
      await allReady()
      expect(await imagesOf(other)).toBe('game:1,metrics:1')
      expect((await client.get(pods, at(one))).metadata.uid).toBe(uid)
    },
  )

  it('wins over every template until it is taken off; then the newest one counts', async () => {
    using _games = playGames()
    const [one, other] = await createFleet('rooms', 'InPlaceIfPossible')
    await direct(one, { game: 'game:hot' })
    await runs(one, 'game:hot,metrics:1')
    await allReady()
    await setTemplate('rooms', templateOf('game:2', 'metrics:2'))
    await runs(other, 'game:2,metrics:2')
    await runs(one, 'game:hot,metrics:2')
    await allReady()
    const counted = async () => (await client.get(fleets, at('rooms'))).status?.updatedReplicas
    await eventually(async () => expect(await counted()).toBe(2))
    await direct(one, { game: null })
    await runs(one, 'game:2,metrics:2')
    await allReady()
  })

  it('waits while somebody plays', async () => {
    using _games = playGames()
    const [one] = await createFleet('rooms', 'InPlaceIfPossible')
    await sdk(one, 'Allocated')
    await direct(one, { game: 'game:hot', metrics: 'metrics:hot' })
    await restartFamily()
    await new Promise(resolve => setTimeout(resolve, 300))
    expect(await imagesOf(one)).toBe('game:1,metrics:1')
    expect((await serverOf(one)).status?.state).toBe('Allocated')
    await sdk(one, 'Ready')
    await runs(one, 'game:hot,metrics:hot')
    await allReady()
  })

  it('goes to containers beside the game at once where the Fleet says so, also when it says so later', async () => {
    using _games = playGames()
    const [one] = await createFleet('rooms', 'RollingUpdate')
    await sdk(one, 'Allocated')
    await direct(one, { game: 'game:hot', metrics: 'metrics:hot' })
    await client.patch(fleets, at('rooms'), { metadata: { annotations: { 'berth.dev/update-in-use': 'Sidecars' } } }, { type: 'merge' })
    await runs(one, 'game:1,metrics:hot')
    await eventually(async () => expect((await serverOf(one)).metadata.annotations?.['berth.dev/updating']).toBeUndefined())
    expect((await serverOf(one)).status?.state).toBe('Allocated')
  })

  it('holds for a server on its own, from its first pod on', async () => {
    using _games = playGames()
    await createServer('alone', {}, { annotations: { 'image.berth.dev/game': 'game:hot' } })
    await inState('alone', 'Ready')
    expect(await imagesOf('alone')).toBe('game:hot')
    await direct('alone', { game: 'game:hotter' })
    await runs('alone', 'game:hotter')
    await direct('alone', { game: null })
    await runs('alone', 'game:1')
    await inState('alone', 'Ready')
  })

  it('of a container that is not there is left alone', async () => {
    using _games = playGames()
    const [one] = await createFleet('rooms', 'InPlaceIfPossible')
    await direct(one, { nobody: 'game:hot', game: '' })
    await restartFamily()
    await allReady()
    expect(await imagesOf(one)).toBe('game:1,metrics:1')
    expect((await serverOf(one)).metadata.annotations?.['berth.dev/updating']).toBeUndefined()
  })
})
