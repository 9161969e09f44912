import { describe, expect, it } from 'vitest'
import { gameServers } from '../../apis/agones.dev/game-server.ts'
import { gameServerSets } from '../../apis/agones.dev/game-server-set.ts'
import { events } from '../../apis/core/resources.generated.ts'
import {
  at,
  client,
  counted,
  createSet,
  eventually,
  playGames,
  restartFamily,
  sdk,
  serversOf,
  useInProcessAgones,
  writes,
} from '../../../test/harness/in-process-agones.ts'

useInProcessAgones()

const scale = (name: string, replicas: number) => client.patch(gameServerSets, at(name), { spec: { replicas } }, { type: 'merge' })
const statusOf = async (name: string) => (await client.get(gameServerSets, at(name))).status

describe('a GameServerSet', () => {
  it('makes its servers with few writes, each with its own port, and counts them', async () => {
    using _games = playGames()
    await createSet('few', 10)
    const servers = await counted('few', { Ready: 10 })
    expect(new Set(servers.flatMap(({ spec }) => spec.ports?.map(({ hostPort }) => hostPort))).size).toBe(10)
    await eventually(async () => expect(await statusOf('few')).toMatchObject({ replicas: 10, readyReplicas: 10, allocatedReplicas: 0 }))
    const ours = writes.filter(write => /pods$|gameservers$/.test(write))
    // The server, its pod, where it is, that its game asks to be ready, and that it is.
    expect(ours.length / 10).toBe(5)
  })

  it('whose servers the API refuses says so, and counts what there is', async () => {
    const ports = [{ name: 'default', containerPort: 7654 }]
    const spec = { ports, template: { spec: { containers: [{ name: 'game', image: 'game:1' }] } } }
    await createSet('refused', 1, {}, { template: { metadata: { labels: { team: 'a/b' } }, spec } })
    await eventually(async () => expect(await statusOf('refused')).toMatchObject({ replicas: 0, readyReplicas: 0 }))
    await eventually(async () => {
      const { items } = await client.list(events)
      const told = items.filter(({ involvedObject, reason }) => involvedObject.name === 'refused' && reason === 'FailedCreate')
      expect(told[0]?.message).toMatch(/metadata\.labels.*a\/b/)
    })
  })

  it('keeps servers that are in use when there are too many', async () => {
    using _games = playGames()
    await createSet('busy', 3)
    const [first, second] = await counted('busy', { Ready: 3 })
    for (const server of [first, second]) await sdk(server?.metadata.name ?? '', 'Allocated')
    await scale('busy', 0)
    const left = await counted('busy', { Allocated: 2 })
    expect(left.map(({ metadata }) => metadata.uid).toSorted()).toEqual([first, second].map(one => one?.metadata.uid ?? '').toSorted())
    await eventually(async () => expect(await statusOf('busy')).toMatchObject({ replicas: 2, readyReplicas: 0, allocatedReplicas: 2 }))
  })

  it('replaces what is Unhealthy at once, and what a game has ended', async () => {
    using _games = playGames()
    await createSet('sick', 2)
    const [first, second] = await counted('sick', { Ready: 2 })
    await sdk(first?.metadata.name ?? '', 'Unhealthy')
    await sdk(second?.metadata.name ?? '', 'Shutdown')
    const uids = new Set([first, second].map(one => one?.metadata.uid))
    await eventually(async () => {
      const now = await serversOf('sick')
      expect(now.map(({ status }) => status?.state)).toEqual(['Ready', 'Ready'])
      expect(now.some(({ metadata }) => uids.has(metadata.uid))).toBe(false)
    })
  })

  it('goes on where it was after a restart, with no port twice', async () => {
    using _games = playGames()
    await createSet('long', 20)
    await restartFamily()
    await scale('long', 30)
    const servers = await counted('long', { Ready: 30 })
    expect(new Set(servers.flatMap(({ spec }) => spec.ports?.map(({ hostPort }) => hostPort))).size).toBe(30)
  })

  it('takes its servers along', async () => {
    using _games = playGames()
    await createSet('gone', 2)
    await counted('gone', { Ready: 2 })
    await client.delete(gameServerSets, at('gone'))
    await eventually(async () => expect((await client.list(gameServers)).items).toEqual([]))
  })

  it('tells as many allocated servers as are beyond the wanted number, once and for good', async () => {
    using _games = playGames()
    await createSet('over', 3, {}, { allocationOverflow: { labels: { beyond: 'yes' } } })
    for (const { metadata } of await counted('over', { Ready: 3 })) await sdk(metadata.name, 'Allocated')
    await counted('over', { Allocated: 3 })
    const told = async () => (await serversOf('over')).filter(({ metadata }) => metadata.labels?.['beyond'] === 'yes')
    await scale('over', 1)
    await eventually(async () => expect(await told()).toHaveLength(2))
    const names = (await told()).map(({ metadata }) => metadata.name)
    await scale('over', 3)
    await eventually(async () => expect(await statusOf('over')).toMatchObject({ replicas: 3, allocatedReplicas: 3 }))
    expect((await told()).map(({ metadata }) => metadata.name)).toEqual(names)
  })
})
