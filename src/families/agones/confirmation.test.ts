import { describe, expect, it } from 'vitest'
import { agonesServers } from '../../allocation/agones-servers.ts'
import { Allocator } from '../../allocation/allocator.ts'
import { stockOf } from '../../allocation/stock.ts'
import { gameServers } from '../../apis/agones.dev/game-server.ts'
import { Cache } from '../../kube/cache.ts'
import { systemClock } from '../../kube/clock.ts'
import { noopRecorder } from '../../kube/event-recorder.ts'
import { events } from '../../apis/core/resources.generated.ts'
import {
  at,
  client,
  counted,
  createSet,
  eventually,
  inState,
  playGames,
  restartFamily,
  sdk,
  serverOf,
  useInProcessAgones,
} from '../../../test/harness/in-process-agones.ts'

useInProcessAgones()

const signal = new AbortController().signal
const by = 'berth.dev/confirm-by'
const passed = async (name: string): Promise<void> => {
  const deadline = Date.parse((await serverOf(name)).metadata.annotations?.[by] ?? '')
  expect(deadline).not.toBeNaN()
  await new Promise(resolve => setTimeout(resolve, Math.max(0, deadline - Date.now()) + 300))
}

/** Servers of a set, allocated on condition that somebody confirms in time. */
async function allocated(count: number, confirmWithinMs: number): Promise<string[]> {
  using _games = playGames()
  await createSet('set', count)
  await counted('set', { Ready: count })
  await using cache = new Cache({ client })
  const store = cache.store(gameServers)
  await store.whenSynced()
  using allocator = new Allocator({
    stocks: [stockOf({ kind: agonesServers, client, store, recorder: noopRecorder, clock: systemClock })],
    clock: systemClock,
  })
  const answers = await Promise.all(
    Array.from({ length: count }, () => allocator.allocate('default', {}, signal, { requestId: crypto.randomUUID(), confirmWithinMs })),
  )
  return answers.map(({ gameServerName }) => gameServerName)
}

describe('a server that was allocated on condition', () => {
  it('is Ready again when nobody confirms, and says so', async () => {
    const [name = ''] = await allocated(1, 600)
    const before = await serverOf(name)
    expect(before.status?.state).toBe('Allocated')
    const { metadata, status } = await inState(name, 'Ready')
    expect(metadata.annotations?.[by]).toBeUndefined()
    expect([metadata.uid, status?.address, status?.ports]).toEqual([before.metadata.uid, before.status?.address, before.status?.ports])
    await eventually(async () => {
      const told = (await client.list(events, { namespace: 'default' })).items.filter(({ reason }) => reason === 'Released')
      expect(told.map(({ type, involvedObject }) => [type, involvedObject.name])).toEqual([['Warning', name]])
    })
  })

  it.each<[string, (name: string) => Promise<unknown>]>([
    [
      'an annotation',
      name => client.patch(gameServers, at(name), { metadata: { annotations: { 'berth.dev/confirmed': '' } } }, { type: 'merge' }),
    ],
    ['a label', name => client.patch(gameServers, at(name), { metadata: { labels: { 'berth.dev/confirmed': 'a' } } }, { type: 'merge' })],
    [
      'the game',
      name => client.patch(gameServers, at(name), { metadata: { annotations: { 'agones.dev/sdk-confirmed': '1' } } }, { type: 'merge' }),
    ],
    [
      'taking the deadline away',
      name => client.patch(gameServers, at(name), { metadata: { annotations: { [by]: null } } }, { type: 'merge' }),
    ],
  ])('is kept when it is confirmed by %s', async (_, confirm) => {
    const [first = '', second = ''] = await allocated(2, 800)
    await confirm(first)
    await passed(second)
    await inState(second, 'Ready')
    expect((await serverOf(first)).status?.state).toBe('Allocated')
  })

  it('is given back also when nobody was there to look at the deadline', async () => {
    const [first = '', second = ''] = await allocated(2, 600)
    await client.patch(gameServers, at(first), { metadata: { annotations: { 'berth.dev/confirmed': '' } } }, { type: 'merge' })
    await restartFamily()
    await passed(second)
    await restartFamily()
    await inState(second, 'Ready')
    expect((await serverOf(first)).status?.state).toBe('Allocated')
  })

  it('leaves no deadline behind when its game ends the match by itself', async () => {
    const [name = ''] = await allocated(1, 60_000)
    await sdk(name, 'RequestReady')
    const { metadata } = await inState(name, 'Ready')
    expect(metadata.annotations?.[by]).toBeUndefined()
  })
})
