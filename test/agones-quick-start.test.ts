import { afterAll, beforeAll, describe, expect } from 'vitest'
import { type Allocated, example, inStates, say, serverOf, serversOf, startAgones, stateOf } from './harness/agones.ts'
import type { TestCluster } from './harness/cluster.ts'
import { eventually } from './harness/eventually.ts'
import { testNeeding } from './harness/needs.ts'

const test = testNeeding('kubectl')

interface Scale {
  spec: { replicas?: number }
  status: { replicas: number; selector: string }
}

describe("the quick starts of Agones' documentation", () => {
  let cluster: TestCluster
  beforeAll(async () => {
    cluster = await startAgones()
  })
  afterAll(() => cluster[Symbol.asyncDispose]())

  const comesTo = (name: string, state: string) => eventually(`${name} is ${state}`, async () => (await stateOf(cluster, name)) === state)
  const isGone = (kind: string, name: string) =>
    eventually(`${kind} ${name} is gone`, async () => (await cluster.k(`get ${kind} ${name} --ignore-not-found`)) === '')
  const createExample = async (file: string) => cluster.k('create -o json -f -', await example(file))
  const allocateExample = async (file: string) => (JSON.parse(await createExample(file)) as { status: Allocated }).status

  test('a game server: created, played, moved through its states by its game, and gone with it', async () => {
    const created = await cluster.k('create -f -', await example('gameserver.yaml'))
    const name = /gameserver\.agones\.dev\/(simple-game-server-\w+) created/.exec(created)?.[1] ?? ''
    await comesTo(name, 'Ready')
    const server = await serverOf(cluster, name)
    const { address = '', ports = [], nodeName = '' } = server.status ?? {}
    const row = (await cluster.k(`get gameservers.agones.dev ${name} --no-headers`)).trim().split(/\s+/)
    expect(row.slice(0, -1)).toEqual([name, 'Ready', address, String(ports?.[0]?.port), nodeName])
    expect(ports).toEqual([{ name: 'default', port: server.spec.ports?.[0]?.hostPort }])

    const player = { address, ports }
    expect(await say(player, 'hello')).toBe('ACK: hello\n')
    await say(player, 'ALLOCATE')
    await comesTo(name, 'Allocated')
    await say(player, 'RESERVE 4s')
    await comesTo(name, 'Reserved')
    expect(Date.parse((await serverOf(cluster, name)).status?.reservedUntil ?? '')).toBeGreaterThan(Date.now() - 60_000)
    await comesTo(name, 'Ready')
    expect((await serverOf(cluster, name)).status?.reservedUntil).toBeNull()
    await say(player, 'LABEL map plains')
    await say(player, 'ANNOTATION note hello')
    await eventually('label and annotation are there', async () => {
      const { labels, annotations } = (await serverOf(cluster, name)).metadata
      return labels?.['agones.dev/sdk-map'] === 'plains' && annotations?.['agones.dev/sdk-note'] === 'hello'
    })
    expect(await say(player, 'EXIT')).toBe('ACK: EXIT\n')
    await isGone('gameservers.agones.dev', name)
    await isGone('pod', name)
  })

  test('a fleet: scaled, allocated from, scaled away around who plays, and full again when they have left', async () => {
    await cluster.k('apply -f -', await example('fleet.yaml'))
    const fleet = 'simple-game-server'
    await inStates(cluster, fleet, 'Ready', 'Ready')
    await cluster.k(`scale fleet ${fleet} --replicas=3`)
    await inStates(cluster, fleet, 'Ready', 'Ready', 'Ready')
    const row = async () => (await cluster.k(`get fleet ${fleet} --no-headers`)).trim().split(/\s+/).slice(0, -1).join(' ')
    await eventually('the row says so', async () => (await row()) === `${fleet} Packed 3 3 0 3`)

    const scale = JSON.parse(
      await cluster.k(`get --raw /apis/agones.dev/v1/namespaces/${cluster.namespace}/fleets/${fleet}/scale`),
    ) as Scale
    expect([scale.spec.replicas, scale.status.replicas]).toEqual([3, 3])
    const names = async (kind: string, selector: string) =>
      (await cluster.k(['get', kind, '-l', selector, '-o', 'jsonpath={.items[*].metadata.name}'])).split(' ').toSorted()
    const servers = (await serversOf(cluster, fleet)).map(({ metadata }) => metadata.name).toSorted()
    expect(await names('pods', scale.status.selector)).toEqual(servers)

    const match = await allocateExample('allocation.yaml')
    expect(match.state).toBe('Allocated')
    expect(servers).toContain(match.gameServerName)
    expect(await say(match, 'hello')).toBe('ACK: hello\n')
    await cluster.k(`scale fleet ${fleet} --replicas=0`)
    const [left] = await inStates(cluster, fleet, 'Allocated')
    expect(left?.metadata.name).toBe(match.gameServerName)
    expect((await allocateExample('allocation.yaml')).state).toBe('UnAllocated')
    expect(await say(match, 'still here')).toBe('ACK: still here\n')
    await cluster.k(`scale fleet ${fleet} --replicas=2`)
    await inStates(cluster, fleet, 'Allocated', 'Ready')
    await say(match, 'EXIT')
    const full = await inStates(cluster, fleet, 'Ready', 'Ready')
    expect(full.map(({ metadata }) => metadata.uid)).not.toContain(left?.metadata.uid)
    await cluster.k('delete -f -', await example('fleet.yaml'))
    await eventually('everything goes with it', async () => (await names('pods', scale.status.selector)).join() === '')
  })

  test('a fleet with counters and lists: chosen by them, and counted by allocations and games alike', async () => {
    await cluster.k('apply -f -', await example('counters.yaml'))
    await inStates(cluster, 'rooms', 'Ready', 'Ready')
    const first = await allocateExample('counters-allocation.yaml')
    expect([first.state, first.counters, first.lists]).toEqual([
      'Allocated',
      { rooms: { count: 2, capacity: 10 } },
      { players: { values: ['alice'], capacity: 4 } },
    ])
    expect(await say(first, 'GET_COUNTER_COUNT rooms')).toBe('COUNTER: 2\n')
    expect(await say(first, 'GET_LIST_VALUES players')).toBe('VALUES: alice\n')
    // Eight rooms are free, so the next match is played on the same server.
    const second = await allocateExample('counters-allocation.yaml')
    expect([second.gameServerName, second.counters?.['rooms']?.count]).toEqual([first.gameServerName, 3])
    // Seven are too few.
    const third = await allocateExample('counters-allocation.yaml')
    expect(third.state).toBe('Allocated')
    expect(third.gameServerName).not.toBe(first.gameServerName)

    expect(await say(first, 'DECREMENT_COUNTER rooms 2')).toBe('SUCCESS: DECREMENT_COUNTER\n')
    expect(await say(first, 'DECREMENT_COUNTER rooms 2')).toMatch(/^ERROR: out of range/)
    expect(await say(first, 'APPEND_LIST_VALUE players bob')).toBe('SUCCESS: APPEND_LIST_VALUE\n')
    expect(await say(first, 'APPEND_LIST_VALUE players bob')).toMatch(/^ERROR: already exists/)
    expect(await say(first, 'LIST_CONTAINS players bob')).toBe('FOUND: true\n')
    expect(await say(first, 'SET_LIST_CAPACITY players 2')).toBe('SUCCESS: SET_LIST_CAPACITY\n')
    expect(await say(first, 'APPEND_LIST_VALUE players carol')).toMatch(/^ERROR: out of range/)
    await eventually('the server says the same', async () => {
      const { status } = await serverOf(cluster, first.gameServerName)
      const { rooms } = status?.counters ?? {}
      const { players } = status?.lists ?? {}
      return rooms?.count === 1 && players?.values.join() === 'alice,bob' && players.capacity === 2
    })
    await eventually('and so does the fleet', async () => {
      const { status } = await cluster.get<{ status: { counters: object; lists: object } }>('fleet rooms')
      const { rooms } = status.counters as { rooms?: { allocatedCount: number; count: number; capacity: number } }
      const { players } = status.lists as { players?: { allocatedCount: number; capacity: number } }
      return (
        rooms?.count === 3 && rooms.allocatedCount === 3 && rooms.capacity === 20 && players?.allocatedCount === 3 && players.capacity === 6
      )
    })
    await cluster.k('delete fleet rooms')
    await eventually('all have gone', async () => (await serversOf(cluster, 'rooms')).length === 0)
  })
})
