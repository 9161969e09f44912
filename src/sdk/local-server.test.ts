import { describe, expect, it } from 'vitest'
import { FakeClock } from '../kube/fake-clock.ts'
import { noopLogger } from '../kube/logger.ts'
import { completeHealth } from './complete-health.ts'
import { localServer, readServer } from './local-server.ts'
import { MemorySource } from './memory-source.ts'
import { type RecordedCall, recordedCalls } from './recorded-calls.ts'
import { RecordedSdk } from './recorded-sdk.ts'

const base = localServer('7', new Date('2026-01-02T03:04:05.678Z'))

function setUp() {
  const source = new MemorySource(base)
  const sdk = new RecordedSdk({
    source,
    clock: new FakeClock(),
    logger: noopLogger,
    health: completeHealth(undefined),
    rateLimitMs: 0,
    ready: 'Ready',
  })
  return { source, sdk }
}

describe('the GameServer of a developer', () => {
  it('has what the SDKs of Agones look for', () => {
    expect(localServer()).toMatchObject({
      metadata: { name: 'local', namespace: 'default', uid: '1234', resourceVersion: 'v1', labels: { islocal: 'true' } },
      status: {
        state: 'Ready',
        counters: { rooms: { count: 1, capacity: 10 } },
        lists: { players: { values: ['test0', 'test1', 'test2'] } },
      },
    })
  })

  it.each([
    ['YAML', 'kind: GameServer\nmetadata: {name: mine}\nspec: {counters: {rooms: {count: 2}}}'],
    ['JSON', '{"kind":"GameServer","metadata":{"name":"mine"},"spec":{"counters":{"rooms":{"count":2}}}}'],
  ])('is read from %s; what is left out is that of the default one', (_what, text) => {
    const server = readServer(text, base)
    expect(server.metadata).toMatchObject({ name: 'mine', namespace: 'default', uid: '7' })
    expect(server.status).toMatchObject({ address: '127.0.0.1', counters: { rooms: { count: 2 } } })
  })

  it.each([
    ['nothing', ''],
    ['another kind', 'kind: Pod'],
    ['a text', 'hello'],
    ['broken YAML', '{'],
  ])('cannot be %s', (_what, text) => {
    expect(() => readServer(text, base)).toThrow()
  })
})

describe('recorded calls', () => {
  const all: Record<RecordedCall, (sdk: RecordedSdk) => unknown> = {
    ready: sdk => sdk.ready(),
    allocate: sdk => sdk.allocate(),
    shutdown: sdk => sdk.shutdown(),
    reserve: sdk => sdk.reserve(0),
    health: sdk => sdk.ping(),
    gameserver: sdk => void sdk.gameServer(),
    watch: sdk => sdk.watch(() => {}),
    setlabel: sdk => sdk.setLabel('a', '1767323045'),
    setannotation: sdk => sdk.setAnnotation('a', '7'),
    getcounter: sdk => sdk.counter('rooms'),
    updatecounter: sdk => sdk.updateCounter('rooms', { difference: 1 }),
    setcountcounter: sdk => sdk.updateCounter('rooms', { count: 1 }),
    setcapacitycounter: sdk => sdk.updateCounter('rooms', { capacity: 9 }),
    getlist: sdk => sdk.list('players'),
    updatelist: sdk => sdk.updateList('players', { capacity: 9 }),
    addlistvalue: sdk => sdk.addListValue('players', 'x'),
    removelistvalue: sdk => sdk.removeListValue('players', 'test0'),
  }

  it.each(recordedCalls)('%s is noted, and nothing else', call => {
    const { sdk } = setUp()
    all[call](sdk)
    expect(sdk.judge(new Set([call]))).toEqual({ missing: [], extra: [] })
    expect(sdk.judge(new Set())).toEqual({ missing: [], extra: [call] })
  })

  it('are judged as sets; labels and annotations count with their values alone', () => {
    const { sdk } = setUp()
    sdk.ready()
    sdk.ready()
    sdk.setLabel('a', 'b')
    sdk.setAnnotation('a', 'b')
    expect(sdk.judge(new Set(['setlabel', 'ready']))).toEqual({ missing: ['setlabel'], extra: [] })
  })
})
