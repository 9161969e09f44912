import { describe, expect, it } from 'vitest'
import { type Fleet, fleets } from '../../apis/agones.dev/fleet.ts'
import { gameServers } from '../../apis/agones.dev/game-server.ts'
import { gameServerSets } from '../../apis/agones.dev/game-server-set.ts'
import { controllerrevisions, pods } from '../../apis/core/resources.generated.ts'
import type { New } from '../../kube/object.ts'
import {
  at,
  client,
  eventually,
  playGames,
  restartFamily,
  sdk,
  serverOf,
  useInProcessAgones,
  writes,
} from '../../../test/harness/in-process-agones.ts'
import { storedTemplate } from './revision.ts'

useInProcessAgones()

interface Metadata {
  labels?: Record<string, string>
  annotations?: Record<string, string>
}

/** One container; the metadata of servers and that of their pods. */
const templateOf = (image: string, metadata: Metadata = {}, onPods: Metadata = {}) => ({
  metadata,
  spec: {
    ports: [{ name: 'default', containerPort: 7654 }],
    template: { metadata: onPods, spec: { containers: [{ name: 'game', image }] } },
  },
})

const inPlace = { type: 'InPlaceIfPossible', rollingUpdate: { maxUnavailable: 1 } }

async function createFleet(name: string, replicas: number, template: object, strategy: object = inPlace): Promise<void> {
  await client.create(fleets, { metadata: at(name), spec: { replicas, strategy, template } } as unknown as New<Fleet>)
  await allReady(replicas)
}

const setTemplate = (name: string, template: object) =>
  client.patch(fleets, at(name), [{ op: 'replace', path: '/spec/template', value: template }], { type: 'json' })
const note = (name: string, annotations: Record<string, string | null>) =>
  client.patch(fleets, at(name), { metadata: { annotations } }, { type: 'merge' })
const servers = async () => (await client.list(gameServers)).items
const states = async () => (await servers()).map(({ status }) => status?.state ?? '').toSorted()
const allReady = (count: number) => eventually(async () => expect(await states()).toEqual(Array.from({ length: count }, () => 'Ready')))
const images = async () => (await client.list(pods)).items.map(({ spec }) => spec?.containers[0]?.image ?? '').toSorted()
const history = async (fleet: string) =>
  (await client.list(controllerrevisions, { labelSelector: `agones.dev/fleet=${fleet}` })).items
    .toSorted((one, other) => one.revision - other.revision)
    .map(revision => [revision.revision, storedTemplate(revision)?.spec.template.spec?.containers[0]?.image])

describe('the history of a Fleet', () => {
  it.each(['RollingUpdate', 'Recreate', 'InPlaceIfPossible'])(
    'with %s has every template once; one that comes back is the newest',
    async type => {
      using _games = playGames()
      await createFleet('told', 2, templateOf('game:1'), { type })
      await setTemplate('told', templateOf('game:2'))
      await eventually(async () => expect(await images()).toEqual(['game:2', 'game:2']), 15_000)
      expect(await history('told')).toEqual([
        [1, 'game:1'],
        [2, 'game:2'],
      ])
      await restartFamily()
      await setTemplate('told', templateOf('game:1'))
      await eventually(async () => expect(await images()).toEqual(['game:1', 'game:1']), 15_000)
      expect(await history('told')).toEqual([
        [2, 'game:2'],
        [3, 'game:1'],
      ])
      const newest = (await client.list(controllerrevisions)).items.find(({ revision }) => revision === 3)
      await eventually(async () => {
        const named = (await servers()).map(({ metadata }) => `told-${metadata.labels?.['berth.dev/revision']}`)
        expect(named).toEqual([newest?.metadata.name, newest?.metadata.name])
        expect((await client.get(fleets, at('told'))).status).toMatchObject({ replicas: 2, updatedReplicas: 2 })
      })
    },
  )
})

describe('labels and annotations of a template', () => {
  it('reach servers and pods without anything being restarted, whoever plays, and go again', async () => {
    using _games = playGames()
    const before = { labels: { mode: 'arena', map: 'sea' }, annotations: { note: 'one' } }
    await createFleet('named', 3, templateOf('game:1', before, { labels: { team: 'a', old: 'x' }, annotations: { say: 'hi' } }))
    const [first] = await servers()
    const played = first?.metadata.name ?? ''
    await sdk(played, 'Allocated')
    // As an allocation and a sidecar may write them.
    const theirs = { labels: { mode: 'ranked', 'agones.dev/sdk-map': 'ice' }, annotations: { 'agones.dev/last-allocated': 'now' } }
    await client.patch(gameServers, at(played), { metadata: theirs }, { type: 'merge' })
    await client.patch(pods, at(played), { metadata: { labels: { mine: 'yes' } } }, { type: 'merge' })
    const specs = async () =>
      (await client.list(pods)).items.map(({ metadata, spec, status }) => [metadata.uid, spec, status?.containerStatuses])
    const untouched = await specs()
    const after = { labels: { mode: 'arena', map: 'desert', size: 'xl' } }
    writes.length = 0
    await setTemplate('named', templateOf('game:1', after, { labels: { team: 'b' }, annotations: { say: 'hi', more: 'y' } }))
    await eventually(async () => {
      for (const { metadata } of await servers()) {
        expect(metadata.labels).toMatchObject({ map: 'desert', size: 'xl', mode: metadata.name === played ? 'ranked' : 'arena' })
        expect(metadata.annotations?.['note']).toBeUndefined()
        expect(metadata.annotations?.['berth.dev/updating-metadata']).toBeUndefined()
      }
      for (const { metadata } of (await client.list(pods)).items) {
        expect(metadata.labels).toMatchObject({ team: 'b', 'agones.dev/gameserver': metadata.name, 'agones.dev/role': 'gameserver' })
        expect(metadata.labels).not.toHaveProperty('old')
        expect(metadata.annotations).toMatchObject({ say: 'hi', more: 'y' })
      }
    })
    const own = (await serverOf(played)).metadata
    expect([own.labels?.['agones.dev/sdk-map'], own.annotations?.['agones.dev/last-allocated']]).toEqual(['ice', 'now'])
    expect((await client.get(pods, at(played))).metadata.labels?.['mine']).toBe('yes')
    expect(await specs()).toEqual(untouched)
    expect(await states()).toEqual(['Allocated', 'Ready', 'Ready'])
    expect((await client.list(gameServerSets)).items).toHaveLength(1)
    // With the template; the pod; the note off again.
    expect(writes.filter(write => write === 'PATCH pods')).toHaveLength(3)
    expect(writes.filter(write => write === 'PATCH gameservers')).toHaveLength(6)
  })

  it('come with a new image in the same writes, and with new servers', async () => {
    using _games = playGames()
    await createFleet('both', 1, templateOf('game:1', {}, { labels: { team: 'a', old: 'x' } }))
    await setTemplate('both', templateOf('game:2', { labels: { map: 'sea' } }, { labels: { team: 'b' } }))
    await eventually(async () => expect(await images()).toEqual(['game:2']))
    await allReady(1)
    const [pod] = (await client.list(pods)).items
    expect([pod?.metadata.labels?.['team'], pod?.metadata.labels?.['old']]).toEqual(['b', undefined])
    await client.patch(fleets, at('both'), { spec: { replicas: 2 } }, { type: 'merge' })
    await allReady(2)
    expect((await servers()).map(({ metadata }) => metadata.labels?.['map'])).toEqual(['sea', 'sea'])
  })

  it('make new servers where servers are not changed in place, as ever', async () => {
    using _games = playGames()
    await createFleet('anew', 1, templateOf('game:1'), { type: 'RollingUpdate' })
    const [before] = await servers()
    await setTemplate('anew', templateOf('game:1', { labels: { map: 'sea' } }))
    await eventually(async () => expect((await servers()).map(({ metadata }) => metadata.labels?.['map'])).toEqual(['sea']), 15_000)
    expect((await servers())[0]?.metadata.uid).not.toBe(before?.metadata.uid)
  })
})

describe('a paused Fleet', () => {
  it('with RollingUpdate begins nothing new, keeps its servers as many as wanted, and goes on', async () => {
    using _games = playGames()
    await createFleet('calm', 3, templateOf('game:1'), { type: 'RollingUpdate' })
    await note('calm', { 'berth.dev/paused': 'true' })
    await setTemplate('calm', templateOf('game:2'))
    await client.patch(fleets, at('calm'), { spec: { replicas: 4 } }, { type: 'merge' })
    await allReady(4)
    expect(await images()).toEqual(['game:1', 'game:1', 'game:1', 'game:1'])
    expect((await client.list(gameServerSets)).items).toHaveLength(1)
    expect((await client.get(fleets, at('calm'))).status?.updatedReplicas).toBe(0)
    await note('calm', { 'berth.dev/paused': null })
    await eventually(async () => expect(await images()).toEqual(['game:2', 'game:2', 'game:2', 'game:2']), 15_000)
  })

  it('that changes servers in place stops in the middle', async () => {
    using games = playGames()
    await createFleet('still', 3, templateOf('game:1'))
    // Nobody says that the first one is Ready again, so the rollout waits there.
    games[Symbol.dispose]()
    await setTemplate('still', templateOf('game:2'))
    await eventually(async () => expect(await images()).toEqual(['game:1', 'game:1', 'game:2']))
    await note('still', { 'berth.dev/paused': 'true' })
    await eventually(async () =>
      expect((await client.list(gameServerSets)).items[0]?.metadata.annotations?.['berth.dev/paused']).toBe('true'),
    )
    using _again = playGames()
    await allReady(3)
    await setTemplate('still', templateOf('game:3'))
    await eventually(async () => expect((await history('still')).length).toBe(3))
    await restartFamily()
    expect(await images()).toEqual(['game:1', 'game:1', 'game:2'])
    await note('still', { 'berth.dev/paused': 'false' })
    await eventually(async () => expect(await images()).toEqual(['game:3', 'game:3', 'game:3']))
    await allReady(3)
  })
})
