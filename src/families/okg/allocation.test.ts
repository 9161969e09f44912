import { describe, expect, it } from 'vitest'
import { Allocator } from '../../allocation/allocator.ts'
import { okgServers } from '../../allocation/okg-servers.ts'
import { stockOf } from '../../allocation/stock.ts'
import { gameServers } from '../../apis/game.kruise.io/game-server.ts'
import { Cache } from '../../kube/cache.ts'
import { systemClock } from '../../kube/clock.ts'
import { noopRecorder } from '../../kube/event-recorder.ts'
import {
  client,
  createSet,
  eventually,
  patchServer,
  patchSet,
  podsOf,
  settled,
  useInProcessOkg,
  writes,
} from '../../../test/harness/in-process-okg.ts'

useInProcessOkg()

const signal = new AbortController().signal
const network = { networkType: 'Kubernetes-NodePort', networkConf: [{ name: 'PortProtocols', value: '80/TCP,81/UDP' }] }
const of = (set: string, more: object = {}) => ({ selectors: [{ matchLabels: { 'game.kruise.io/owner-gss': set }, ...more }] })

async function open() {
  const parts = new AsyncDisposableStack()
  const cache = parts.use(new Cache({ client }))
  const store = cache.store(gameServers)
  await store.whenSynced()
  const stocks = [stockOf({ kind: okgServers, client, store, recorder: noopRecorder, clock: systemClock })]
  const allocator = parts.use(new Allocator({ stocks, clock: systemClock }))
  return { allocator, [Symbol.asyncDispose]: () => parts.disposeAsync() }
}

describe('servers of a GameServerSet', () => {
  it('are allocated by one write each, to one caller each, and told with the address of their network', async () => {
    await createSet('set', 4, { network })
    await settled('set', [0, 1, 2, 3])
    await using first = await open()
    await using second = await open()
    await eventually(async () => {
      const answer = await first.allocator.allocate('default', of('set'), signal, { requestId: 'known' })
      expect(answer.state).toBe('Allocated')
    })
    const before = writes.length
    const answers = await Promise.all(
      [first, second, first, second].map(({ allocator }) => allocator.allocate('default', of('set'), signal)),
    )
    expect(answers.map(({ state }) => state).toSorted()).toEqual(['Allocated', 'Allocated', 'Allocated', 'UnAllocated'])
    expect(new Set(answers.map(({ gameServerName }) => gameServerName)).size).toBe(4)
    // Who was slower than the other replica tried once more.
    expect(writes.slice(before).filter(write => write === 'PATCH gameservers').length).toBeGreaterThanOrEqual(3)
    for (const { state, gameServerName, address, ports } of answers.filter(one => one.state === 'Allocated')) {
      const server = await client.get(gameServers, { namespace: 'default', name: gameServerName })
      expect([state, server.spec?.opsState]).toEqual(['Allocated', 'Allocated'])
      const [external] = server.status?.networkStatus?.externalAddresses ?? []
      expect(address).toBe(external?.ip)
      expect(ports?.map(({ name }) => name)).toEqual(['80', '81'])
      expect(ports?.[0]?.port).toBe(external?.ports?.[0]?.port)
    }
    await eventually(async () => {
      const states = (await podsOf('set')).map(pod => pod.metadata.labels?.['game.kruise.io/gs-opsState'])
      expect(states).toEqual(['Allocated', 'Allocated', 'Allocated', 'Allocated'])
    })
  })

  it('leave last when they are allocated, and are free again when their operator says so', async () => {
    await createSet('set', 3)
    await settled('set', [0, 1, 2])
    await using own = await open()
    const name = await eventually(async () => {
      const { gameServerName } = await own.allocator.allocate('default', of('set'), signal)
      expect(gameServerName).not.toBe('')
      return gameServerName
    })
    const number = Number(name.slice('set-'.length))
    await eventually(async () =>
      expect((await podsOf('set'))[number]?.metadata.labels).toMatchObject({ 'game.kruise.io/gs-opsState': 'Allocated' }),
    )
    await patchSet('set', { replicas: 1 })
    await settled('set', [number])
    expect((await own.allocator.allocate('default', of('set'), signal)).state).toBe('UnAllocated')
    const shared = await own.allocator.allocate('default', of('set', { gameServerState: 'Allocated' }), signal)
    expect(shared.gameServerName).toBe(name)
    await patchServer(name, { opsState: 'None' })
    await eventually(async () => expect((await own.allocator.allocate('default', of('set'), signal)).gameServerName).toBe(name))
  })
})
