import { describe, expect, it } from 'vitest'
import { fleets } from '../../apis/agones.dev/fleet.ts'
import { gameServers } from '../../apis/agones.dev/game-server.ts'
import { gameServerSets } from '../../apis/agones.dev/game-server-set.ts'
import { events } from '../../apis/core/resources.generated.ts'
import { at, client, createFleet, eventually, playGames, sdk, useInProcessAgones } from '../../../test/harness/in-process-agones.ts'

useInProcessAgones()

const setsOf = async () => (await client.list(gameServerSets)).items
const statusOf = async (name: string) => (await client.get(fleets, at(name))).status
const patch = (name: string, spec: object) => client.patch(fleets, at(name), { spec }, { type: 'merge' })
const images = async () =>
  (await client.list(gameServers)).items.map(({ spec }) => spec.template.spec?.containers[0]?.image ?? '').toSorted()
const setImage = (name: string, image: string) =>
  patch(name, { template: { spec: { template: { spec: { containers: [{ name: 'game', image }] } } } } })

describe('a Fleet', () => {
  it('keeps one set, counts its servers and hands on what needs no rollout', async () => {
    using _games = playGames()
    await createFleet('simple', 4)
    await eventually(async () => expect(await statusOf('simple')).toMatchObject({ replicas: 4, readyReplicas: 4 }))
    const [set, ...more] = await setsOf()
    expect([set?.metadata.labels, more.length]).toEqual([{ 'agones.dev/fleet': 'simple' }, 0])
    await patch('simple', { scheduling: 'Distributed', replicas: 2 })
    await eventually(async () => {
      const [same] = await setsOf()
      expect([same?.metadata.uid, same?.spec.scheduling, same?.spec.replicas]).toEqual([set?.metadata.uid, 'Distributed', 2])
      expect((await client.list(gameServers)).items).toHaveLength(2)
    })
    expect((await client.list(gameServers)).items[0]?.metadata.labels).toMatchObject({ 'agones.dev/fleet': 'simple' })
  })

  it('rolls a new template out and leaves servers that are in use alone until they end', async () => {
    using _games = playGames()
    await createFleet('rolling', 6)
    await eventually(async () => expect(await statusOf('rolling')).toMatchObject({ readyReplicas: 6 }))
    const used = (await client.list(gameServers)).items[0]?.metadata.name ?? ''
    await sdk(used, 'Allocated')
    await setImage('rolling', 'game:2')
    await eventually(async () => expect(await images()).toEqual(['game:1', ...Array.from({ length: 5 }, () => 'game:2')]), 15_000)
    expect((await client.get(gameServers, at(used))).status?.state).toBe('Allocated')
    await sdk(used, 'Shutdown')
    await eventually(async () => {
      expect(await images()).toEqual(Array.from({ length: 6 }, () => 'game:2'))
      expect(await setsOf()).toHaveLength(1)
    }, 15_000)
  })

  it('whose sets the API refuses says so, and counts what there is', async () => {
    const spec = { template: { spec: { containers: [{ name: 'game', image: 'game:1' }] } } }
    await createFleet('refused', 1, { template: { metadata: { labels: { team: 'a/b' } }, spec } })
    await eventually(async () => expect(await statusOf('refused')).toMatchObject({ replicas: 0, readyReplicas: 0 }))
    await eventually(async () => {
      const { items } = await client.list(events)
      const told = items.filter(({ involvedObject, reason }) => involvedObject.name === 'refused' && reason === 'FailedCreate')
      expect(told[0]?.message).toMatch(/metadata\.labels.*a\/b/)
    })
  })

  it('makes everything anew with Recreate', async () => {
    using _games = playGames()
    await createFleet('anew', 3, { strategy: { type: 'Recreate' } })
    await eventually(async () => expect(await statusOf('anew')).toMatchObject({ readyReplicas: 3 }))
    await setImage('anew', 'game:2')
    await eventually(async () => {
      expect(await images()).toEqual(['game:2', 'game:2', 'game:2'])
      expect(await statusOf('anew')).toMatchObject({ replicas: 3, readyReplicas: 3 })
    }, 15_000)
  })

  it('tells players the address it is asked for, also when it is asked later', async () => {
    using _games = playGames()
    await createFleet('inside', 1, {})
    await eventually(async () => expect(await statusOf('inside')).toMatchObject({ readyReplicas: 1 }))
    const annotations = { 'berth.dev/primary-address': 'PodIP, InternalIP' }
    await client.patch(fleets, at('inside'), { metadata: { annotations }, spec: { replicas: 2 } }, { type: 'merge' })
    await eventually(async () => {
      const servers = (await client.list(gameServers)).items
      const types = servers.map(({ status }) => status?.addresses?.find(({ address }) => address === status.address)?.type ?? '')
      expect(types.toSorted()).toEqual(['InternalIP', 'PodIP'])
    })
  })
})
