import { describe, expect, it } from 'vitest'
import { gameServers } from '../apis/agones.dev/game-server.ts'
import { Cache } from '../kube/cache.ts'
import { systemClock } from '../kube/clock.ts'
import { noopRecorder } from '../kube/event-recorder.ts'
import {
  at,
  client,
  counted,
  createSet,
  eventually,
  playGames,
  sdk,
  serverOf,
  useInProcessAgones,
  writes,
} from '../../test/harness/in-process-agones.ts'
import { agonesServers } from './agones-servers.ts'
import { Allocator } from './allocator.ts'
import { stockOf } from './stock.ts'

useInProcessAgones()

const signal = new AbortController().signal

/** As one replica of the service has it: with a cache of its own. */
async function open() {
  const parts = new AsyncDisposableStack()
  const cache = parts.use(new Cache({ client }))
  const store = cache.store(gameServers)
  await store.whenSynced()
  const allocator = parts.use(
    new Allocator({
      stocks: [stockOf({ kind: agonesServers, client, store, recorder: noopRecorder, clock: systemClock })],
      clock: systemClock,
    }),
  )
  return { allocator, store, [Symbol.asyncDispose]: () => parts.disposeAsync() }
}

describe('an allocator', () => {
  it('gives every server to one caller, whichever replica is asked', async () => {
    using _games = playGames()
    await createSet('many', 12)
    await counted('many', { Ready: 12 })
    await using first = await open()
    await using second = await open()
    const answers = await Promise.all(
      Array.from({ length: 30 }, (_, number) => (number % 2 === 0 ? first : second).allocator.allocate('default', {}, signal)),
    )
    const names = answers.filter(({ state }) => state === 'Allocated').map(({ gameServerName }) => gameServerName)
    expect(names).toHaveLength(12)
    expect(new Set(names).size).toBe(12)
    expect(answers.filter(({ state }) => state === 'UnAllocated')).toHaveLength(18)
    await counted('many', { Allocated: 12 })
  })

  it('writes once, and answers with everything a player needs', async () => {
    using _games = playGames()
    await createSet('one', 1)
    const [server] = await counted('one', { Ready: 1 })
    await using own = await open()
    const before = writes.length
    const answer = await own.allocator.allocate(
      'default',
      {
        selectors: [{ matchLabels: { 'agones.dev/gameserverset': 'one' } }],
        metadata: { labels: { mode: 'duel' }, annotations: { map: 'x' } },
      },
      signal,
    )
    expect(writes.slice(before).filter(write => write.includes('gameservers'))).toEqual(['PATCH gameservers'])
    expect(answer).toMatchObject({
      state: 'Allocated',
      gameServerName: server?.metadata.name,
      address: server?.status?.address,
      ports: server?.status?.ports,
      nodeName: server?.status?.nodeName,
      source: 'local',
      metadata: { labels: { mode: 'duel' }, annotations: { map: 'x' } },
    })
    const stored = await serverOf(answer.gameServerName)
    expect(stored.metadata.annotations?.['agones.dev/last-allocated']).toMatch(/^20\d\d-/)
  })

  it('allocates a server again and counts rooms, until there is none left', async () => {
    using _games = playGames()
    await createSet('rooms', 1, { counters: { rooms: { count: 0, capacity: 3 } } })
    const [server] = await counted('rooms', { Ready: 1 })
    await using own = await open()
    const spec = {
      selectors: [
        { gameServerState: 'Allocated' as const, counters: { rooms: { minAvailable: 1 } } },
        { counters: { rooms: { minAvailable: 1 } } },
      ],
      counters: { rooms: { action: 'Increment' as const, amount: 1 } },
    }
    const states: string[] = []
    for (let times = 0; times < 4; times += 1) states.push((await own.allocator.allocate('default', spec, signal)).state)
    expect(states).toEqual(['Allocated', 'Allocated', 'Allocated', 'UnAllocated'])
    expect((await serverOf(server?.metadata.name ?? '')).status?.counters).toEqual({ rooms: { count: 3, capacity: 3 } })
  })

  it('does not hand out what the game has ended meanwhile', async () => {
    using _games = playGames()
    await createSet('ends', 2)
    const [first, second] = await counted('ends', { Ready: 2 })
    await using own = await open()
    // The cache hears of it later than the allocator asks.
    await Promise.all([
      client.delete(gameServers, at(first?.metadata.name ?? '')),
      sdk(second?.metadata.name ?? '', 'Shutdown'),
      own.allocator.allocate('default', {}, signal).then(({ state, gameServerName }) => {
        expect(state === 'UnAllocated' || [first, second].some(one => one?.metadata.name === gameServerName)).toBe(true)
      }),
    ])
  })

  it('gives whoever asks again under the same id the same server, at once and later, whichever replica is asked', async () => {
    using _games = playGames()
    await createSet('again', 3)
    await counted('again', { Ready: 3 })
    await using first = await open()
    await using second = await open()
    const ask = (own: typeof first, requestId: string) => own.allocator.allocate('default', {}, signal, { requestId })
    const answers = await Promise.all([ask(first, 'a'), ask(first, 'a'), ask(first, 'b')])
    const [a, , b] = answers.map(({ gameServerName }) => gameServerName)
    expect(answers.map(({ gameServerName }) => gameServerName)).toEqual([a, a, b])
    expect(b).not.toBe(a)
    await eventually(async () => expect((await ask(second, 'a')).gameServerName).toBe(a))
    await counted('again', { Ready: 1, Allocated: 2 })
    // Whoever has it next did not ask under this id.
    await sdk(a ?? '', 'Ready')
    await counted('again', { Ready: 2, Allocated: 1 })
    await eventually(async () => expect(await first.allocator.allocate('default', {}, signal)).toMatchObject({ state: 'Allocated' }))
    await eventually(async () => expect(await first.allocator.allocate('default', {}, signal)).toMatchObject({ state: 'Allocated' }))
    expect(await ask(first, 'a')).toMatchObject({ state: 'UnAllocated' })
    await sdk(a ?? '', 'Shutdown')
    await eventually(async () => expect((await ask(first, 'a')).gameServerName).not.toBe(a))
  })

  it('waits for a server as long as it is told to, and no longer', async () => {
    await using own = await open()
    const waiting = own.allocator.allocate('default', {}, signal, { waitMs: 10_000 })
    using _games = playGames()
    await createSet('late', 1)
    expect(await waiting).toMatchObject({ state: 'Allocated' })
    const before = performance.now()
    expect(await own.allocator.allocate('default', {}, signal, { waitMs: 150 })).toMatchObject({ state: 'UnAllocated' })
    expect(performance.now() - before).toBeGreaterThan(100)
    const stop = new AbortController()
    const left = own.allocator.allocate('default', {}, stop.signal, { waitMs: 10_000 })
    stop.abort(new Error('the caller has gone'))
    await expect(left).rejects.toThrow('the caller has gone')
    // Unless it may ask again.
    const again = new AbortController()
    const lost = own.allocator.allocate('default', {}, again.signal, { requestId: 'lost', waitMs: 5000 })
    again.abort(new Error('the caller has gone'))
    await createSet('more', 1)
    expect(await own.allocator.allocate('default', {}, signal, { requestId: 'lost' })).toEqual(await lost)
  })
})
