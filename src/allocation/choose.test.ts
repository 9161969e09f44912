import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { GameServer } from '../apis/agones.dev/game-server.ts'
import type { GameServerSelector, Priority } from '../apis/allocation.agones.dev/game-server-allocation.ts'
import { keyOf } from '../kube/object.ts'
import { choose, type Wish } from './choose.ts'
import { matcherOf } from './match.ts'
import { ServerIndex } from './server-index.ts'

interface Sample {
  readonly node: string
  readonly state: string
  readonly labels?: Record<string, string>
  readonly rooms?: { count: number; capacity: number }
  readonly namespace?: string
}

const server = (name: string, { node, state, labels = {}, rooms, namespace = 'n' }: Sample): GameServer =>
  ({
    metadata: { name, namespace, uid: name, resourceVersion: '1', creationTimestamp: '', labels },
    spec: { template: {} },
    status: { state, nodeName: node, ...(rooms && { counters: { rooms } }) },
  }) as unknown as GameServer

const indexOf = (servers: readonly GameServer[]): ServerIndex => {
  const index = new ServerIndex()
  for (const one of servers) index.put(one)
  return index
}
const wish = (selectors: readonly GameServerSelector[], more: Partial<Wish> = {}): Wish => ({
  namespace: 'n',
  selectors: selectors.map(matcherOf),
  scheduling: 'Packed',
  priorities: [],
  ...more,
})
const chosen = (servers: readonly GameServer[], wanted: Wish): string | undefined =>
  choose(indexOf(servers), wanted, () => false, Math.random)?.metadata.name

describe('choose', () => {
  const fleet = { 'agones.dev/fleet': 'f' }
  it.each<[string, Record<string, Sample>, Wish, string | undefined]>([
    ['nobody is there', {}, wish([{}]), undefined],
    [
      'only Ready ones by themselves',
      { a: { node: '1', state: 'Allocated' }, b: { node: '1', state: 'Scheduled' } },
      wish([{}]),
      undefined,
    ],
    [
      'the node that is in use most',
      { a: { node: '1', state: 'Ready' }, b: { node: '2', state: 'Ready' }, c: { node: '2', state: 'Allocated' } },
      wish([{}]),
      'b',
    ],
    [
      'then the one with the most that could be used',
      { a: { node: '1', state: 'Ready' }, b: { node: '2', state: 'Ready' }, c: { node: '2', state: 'Ready' } },
      wish([{}]),
      'b',
    ],
    [
      'the first selector that has any',
      { a: { node: '1', state: 'Ready', labels: { map: 'x' } }, b: { node: '1', state: 'Ready', labels: fleet } },
      wish([{ matchLabels: { map: 'y' } }, { matchLabels: fleet }, {}]),
      'b',
    ],
    ['nobody of another namespace', { a: { node: '1', state: 'Ready', namespace: 'm' } }, wish([{}]), undefined],
    [
      'one with room, the fullest first',
      {
        a: { node: '1', state: 'Allocated', rooms: { count: 10, capacity: 10 } },
        b: { node: '1', state: 'Allocated', rooms: { count: 2, capacity: 10 } },
        c: { node: '1', state: 'Allocated', rooms: { count: 7, capacity: 10 } },
      },
      wish([{ gameServerState: 'Allocated', counters: { rooms: { minAvailable: 1 } } }], {
        priorities: [{ type: 'Counter', key: 'rooms', order: 'Ascending' }],
      }),
      'c',
    ],
    [
      'expressions',
      { a: { node: '1', state: 'Ready', labels: { map: 'x' } }, b: { node: '1', state: 'Ready', labels: { map: 'y' } } },
      wish([{ matchExpressions: [{ key: 'map', operator: 'NotIn', values: ['x'] }] }]),
      'b',
    ],
  ])('takes %s', (_, servers, wanted, expected) => {
    expect(
      chosen(
        Object.entries(servers).map(([name, sample]) => server(name, sample)),
        wanted,
      ),
    ).toBe(expected)
  })

  const world = fc.array(
    fc.record({
      node: fc.constantFrom('1', '2', '3'),
      state: fc.constantFrom('Ready', 'Allocated', 'Scheduled'),
      labels: fc.record({ 'agones.dev/fleet': fc.constantFrom('f', 'g'), map: fc.constantFrom('x', 'y', 'z') }),
      rooms: fc.record({ count: fc.integer({ min: 0, max: 5 }), capacity: fc.integer({ min: 0, max: 10 }) }),
    }),
    { maxLength: 30 },
  )
  const selector: fc.Arbitrary<GameServerSelector> = fc.record(
    {
      matchLabels: fc.constantFrom({}, { map: 'x' }, { 'agones.dev/fleet': 'f' }, { map: 'y', 'agones.dev/fleet': 'g' }),
      gameServerState: fc.constantFrom('Ready' as const, 'Allocated' as const),
      counters: fc.constantFrom({}, { rooms: { minAvailable: 2 } }),
    },
    { requiredKeys: [] },
  )
  const priorities: fc.Arbitrary<Priority[]> = fc.constantFrom<Priority[]>(
    [],
    [{ type: 'Counter', key: 'rooms', order: 'Ascending' }],
    [{ type: 'Counter', key: 'rooms', order: 'Descending' }],
  )

  it('packs as a walk over all servers in order would', () => {
    fc.assert(
      fc.property(world, fc.array(selector, { minLength: 1, maxLength: 3 }), priorities, (samples, selectors, wanted) => {
        const servers = samples.map((sample, number) => server(`s${number}`, sample))
        const alive = servers.filter(({ status }) => status?.state !== 'Scheduled')
        const on = (node: string | undefined, state: string) =>
          alive.filter(({ status }) => status?.nodeName === node && status?.state === state).length
        const room = ({ status }: GameServer) => (status?.counters?.['rooms']?.capacity ?? 0) - (status?.counters?.['rooms']?.count ?? 0)
        const sorted = alive.toSorted((a, b) => {
          const [x, y] = [a.status?.nodeName, b.status?.nodeName]
          const byNode = on(y, 'Allocated') - on(x, 'Allocated') || on(y, 'Ready') - on(x, 'Ready') || (x ?? '').localeCompare(y ?? '')
          const [first] = wanted
          const byRoom = first === undefined ? 0 : first.order === 'Ascending' ? room(a) - room(b) : room(b) - room(a)
          return byNode || byRoom || (a.metadata.name < b.metadata.name ? -1 : 1)
        })
        const matchers = selectors.map(matcherOf)
        const expected = matchers
          .map(matcher => sorted.find(one => one.status?.state === matcher.state && matcher.matches(one)))
          .find(one => one !== undefined)
        expect(chosen(servers, wish(selectors, { priorities: wanted }))).toBe(expected?.metadata.name)
      }),
    )
  })

  it('finds the same after servers came, changed and went', () => {
    fc.assert(
      fc.property(world, world, selector, (before, after, wanted) => {
        const index = indexOf(before.map((sample, number) => server(`s${number}`, sample)))
        for (let number = 0; number < Math.max(before.length, after.length); number += 1) {
          const sample = after[number]
          if (sample === undefined) index.remove(keyOf(server(`s${number}`, { node: '', state: '' })))
          else index.put(server(`s${number}`, sample))
        }
        const fresh = indexOf(after.map((sample, number) => server(`s${number}`, sample)))
        const by = (one: ServerIndex) => choose(one, wish([wanted]), () => false, Math.random)?.metadata.name
        expect([by(index), index.size]).toEqual([by(fresh), fresh.size])
      }),
    )
  })
})
