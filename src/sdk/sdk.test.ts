import { describe, expect, it } from 'vitest'
import type { GameServer } from '../apis/agones.dev/game-server.ts'
import { FakeClock } from '../kube/fake-clock.ts'
import { noopLogger } from '../kube/logger.ts'
import type { DeepReadonly } from '../kube/object.ts'
import { StaleError } from './game-server-source.ts'
import { MemorySource } from './memory-source.ts'
import type { JsonPatchStep } from './pending.ts'
import { Sdk } from './sdk.ts'

const health = { disabled: false, periodSeconds: 5, failureThreshold: 3, initialDelaySeconds: 5 }

/** Counts its writes, and finds as many of the next ones out of date as it is told to. */
class ScriptedSource extends MemorySource {
  writes = 0
  failures = 0

  override async patch(steps: readonly JsonPatchStep[]): Promise<DeepReadonly<GameServer>> {
    if (this.failures > 0) {
      this.failures -= 1
      throw new StaleError('the GameServer has changed meanwhile')
    }
    const written = await super.patch(steps)
    this.writes += 1
    return written
  }
}

function setUp(status: Partial<NonNullable<GameServer['status']>> = {}, settings = health, annotations?: Record<string, string>) {
  const clock = new FakeClock()
  const source = new ScriptedSource({
    apiVersion: 'agones.dev/v1',
    kind: 'GameServer',
    metadata: {
      name: 'g',
      namespace: 'n',
      uid: 'u',
      resourceVersion: '1',
      creationTimestamp: '2026-01-01T00:00:00Z',
      ...(annotations && { annotations }),
    },
    spec: { template: {} },
    status: { state: 'Scheduled', address: '192.0.2.1', ...status },
  })
  const sdk = new Sdk({ source, clock, logger: noopLogger, health: settings })
  const state = () => source.current().status?.state
  return { clock, source, sdk, state }
}

it('what a game asks for while a write comes to its end is written as well, at whatever moment', async () => {
  for (let turns = 0; turns < 24; turns += 1) {
    const { clock, source, sdk } = setUp()
    sdk.setLabel('first', 'yes')
    for (let turn = 0; turn < turns; turn += 1) await Promise.resolve()
    sdk.setLabel('second', 'yes')
    await clock.advance(1000)
    await clock.advance(1000)
    expect(Object.keys(source.current().metadata.labels ?? {}), `after ${turns} turns`).toContain('agones.dev/sdk-second')
  }
})

describe('states', () => {
  it('are written at once, and those that follow soon in one write', async () => {
    const { clock, source, sdk, state } = setUp()
    sdk.ready()
    await clock.advance(0)
    expect([state(), source.writes]).toEqual(['RequestReady', 1])
    sdk.allocate()
    sdk.setLabel('map', 'desert')
    await clock.advance(0)
    expect(source.writes).toBe(1)
    await clock.advance(500)
    expect([state(), source.writes]).toEqual(['Allocated', 2])
    expect(source.current().metadata.labels).toEqual({ 'agones.dev/sdk-map': 'desert' })
    expect(source.current().metadata.annotations?.['agones.dev/last-allocated']).toMatch(/^20\d\d-/)
  })

  it('survive a version that is out of date', async () => {
    const { clock, source, sdk, state } = setUp()
    source.failures = 2
    sdk.ready()
    await clock.advance(1000)
    expect(state()).toBe('RequestReady')
  })

  it('of a reservation end by themselves, also after a restart of the sidecar', async () => {
    const { clock, source, sdk, state } = setUp()
    sdk.reserve(30)
    await clock.advance(0)
    expect([state(), source.current().status?.reservedUntil]).toEqual([
      'Reserved',
      new Date(clock.now() + 30_000).toISOString().replace('.000', ''),
    ])
    sdk[Symbol.dispose]()
    using _again = new Sdk({ source, clock, logger: noopLogger, health })
    await clock.advance(29_000)
    expect(state()).toBe('Reserved')
    await clock.advance(2000)
    expect([state(), source.current().status?.reservedUntil]).toEqual(['RequestReady', null])
  })

  it('cannot leave Unhealthy, nor a server that goes', async () => {
    for (const last of ['Unhealthy', 'Shutdown'] as const) {
      const { clock, sdk, state, source } = setUp({ state: last })
      sdk.ready()
      sdk.allocate()
      await clock.advance(5000)
      expect([state(), source.writes]).toEqual([last, 0])
    }
  })
})

describe('health', () => {
  it('is lost after as many periods without a ping as are allowed, counted from the first question', async () => {
    const { clock, sdk, state } = setUp({ state: 'Ready' })
    await clock.advance(60_000)
    expect(sdk.checkHealth()).toBe(true)
    await clock.advance(9000)
    sdk.ping()
    await clock.advance(15_000)
    expect(sdk.checkHealth()).toBe(true)
    await clock.advance(2000)
    expect(sdk.checkHealth()).toBe(false)
    await clock.advance(500)
    expect(state()).toBe('Unhealthy')
    sdk.ready()
    await clock.advance(5000)
    expect(state()).toBe('Unhealthy')
  })
})

describe('what the game reads', () => {
  it('waits for the address, but not for ever', async () => {
    const { clock, source, sdk } = setUp({ address: '' })
    const early = sdk.gameServer()
    source.change({ status: { address: '192.0.2.9' } })
    expect((await early).status?.address).toBe('192.0.2.9')
    source.change({ status: { address: '' } })
    const late = sdk.gameServer()
    await clock.advance(10_000)
    expect((await late).status?.address).toBe('')
  })

  it('is worth waiting for: who waits for the address is not taken for dead', async () => {
    const { clock, sdk, state } = setUp({ address: '' }, { ...health, periodSeconds: 3, failureThreshold: 1 })
    expect(sdk.checkHealth()).toBe(true)
    const asked = sdk.gameServer()
    for (let passed = 0; passed < 9; passed += 3) {
      await clock.advance(3000)
      expect(sdk.checkHealth()).toBe(true)
    }
    await clock.advance(1000)
    await asked
    await clock.advance(6000)
    expect(sdk.checkHealth()).toBe(false)
    await clock.advance(500)
    expect(state()).toBe('Unhealthy')
  })

  it('has what it asked for before it is written', () => {
    const { sdk } = setUp({ counters: { rooms: { count: 1, capacity: 10 } } })
    sdk.updateCounter('rooms', { difference: 2 })
    sdk.ready()
    expect(sdk.current().status).toMatchObject({ counters: { rooms: { count: 3 } }, state: 'RequestReady' })
  })
})

describe('counters and lists', () => {
  const filled = () => setUp({ counters: { rooms: { count: 1, capacity: 10 } }, lists: { players: { capacity: 3, values: ['a', 'b'] } } })

  it('are changed in batches', async () => {
    const { clock, source, sdk } = filled()
    sdk.updateCounter('rooms', { difference: 4 })
    sdk.updateCounter('rooms', { difference: -2 })
    sdk.addListValue('players', 'c')
    sdk.removeListValue('players', 'a')
    await clock.advance(1000)
    expect(source.current().status).toMatchObject({
      counters: { rooms: { count: 3, capacity: 10 } },
      lists: { players: { capacity: 3, values: ['b', 'c'] } },
    })
    expect(source.writes).toBeLessThanOrEqual(2)
  })

  it('keep what others have changed meanwhile', async () => {
    const { clock, source, sdk } = filled()
    sdk.updateCounter('rooms', { difference: 2 })
    await clock.advance(0)
    sdk.updateCounter('rooms', { difference: 1 })
    source.change({ status: { counters: { rooms: { count: 5, capacity: 10 } } } })
    await clock.advance(1000)
    expect(source.current().status?.counters?.['rooms']?.count).toBe(6)
  })

  it.each<[string, (sdk: Sdk) => unknown, string]>([
    [
      'count',
      sdk => sdk.updateCounter('rooms', { difference: 10 }),
      'out of range. Count must be within range [0,Capacity]. Found Count: 11, Capacity: 10',
    ],
    [
      'negative count',
      sdk => sdk.updateCounter('rooms', { difference: -2 }),
      'out of range. Count must be within range [0,Capacity]. Found Count: -1, Capacity: 10',
    ],
    [
      'capacity',
      sdk => sdk.updateCounter('rooms', { capacity: -1 }),
      'out of range. Capacity must be greater than or equal to 0. Found Capacity: -1',
    ],
    ['counter', sdk => sdk.counter('x'), 'counter not found: x'],
    [
      'list capacity',
      sdk => sdk.updateList('players', { capacity: 1001 }),
      'out of range. Capacity must be within range [0,1000]. Found Capacity: 1001',
    ],
    ['list to update', sdk => sdk.updateList('x', {}), 'not found. x List not found'],
    ['list', sdk => sdk.list('x'), 'list not found: x'],
    ['duplicate', sdk => sdk.addListValue('players', 'a'), 'already exists. Value: a already in List: players'],
    ['missing value', sdk => sdk.removeListValue('players', 'z'), 'not found: value z not in list players'],
    [
      'full list',
      sdk => (sdk.addListValue('players', 'c'), sdk.addListValue('players', 'd')),
      'out of range. No available capacity. Current Capacity: 3, List Size: 3',
    ],
  ])('refuse in the words of Agones: %s', (_, ask, text) => {
    const { sdk } = filled()
    expect(() => ask(sdk)).toThrow(text)
  })
})

describe('an allocation that has to be confirmed', () => {
  const notes = { 'berth.dev/confirm-by': '2026-01-01T00:10:00Z' }
  const held = () =>
    setUp(
      { state: 'Allocated', counters: { rooms: { count: 3, capacity: 9 } }, lists: { players: { values: ['ann'], capacity: 9 } } },
      health,
      notes,
    )

  it.each<[string, boolean, (sdk: Sdk) => unknown]>([
    ['a game that says it is allocated', true, sdk => sdk.allocate()],
    ['a room more', true, sdk => sdk.updateCounter('rooms', { difference: 1 })],
    ['a player more', true, sdk => sdk.addListValue('players', 'bob')],
    ['a room less', false, sdk => sdk.updateCounter('rooms', { difference: -1 })],
    ['more capacity', false, sdk => sdk.updateCounter('rooms', { capacity: 20 })],
    ['a player who leaves', false, sdk => sdk.removeListValue('players', 'ann')],
    ['a label', false, sdk => sdk.setLabel('map', 'desert')],
  ])('%s: confirmed %s', async (_, expected, call) => {
    const { clock, source, sdk } = held()
    call(sdk)
    await clock.advance(0)
    expect(source.writes).toBe(1)
    expect(source.current().metadata.annotations?.['berth.dev/confirmed'] !== undefined).toBe(expected)
  })

  it('needs no confirmation where none is waited for', async () => {
    const { clock, source, sdk } = setUp({ state: 'Allocated', counters: { rooms: { count: 3, capacity: 9 } } })
    sdk.updateCounter('rooms', { difference: 1 })
    await clock.advance(0)
    expect([source.writes, source.current().metadata.annotations?.['berth.dev/confirmed']]).toEqual([1, undefined])
  })
})
