import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { addressOrder } from '../apis/agones.dev/address-order.ts'
import type { GameServerSelector, LabelRequirement, Priority } from '../apis/allocation.agones.dev/game-server-allocation.ts'
import { type Candidate, candidateKey } from './candidate.ts'
import { choose, type Wish } from './choose.ts'
import { matchersOf } from './match.ts'
import { ServerIndex } from './server-index.ts'

interface Sample {
  readonly node: string
  readonly state: Candidate['state']
  readonly labels?: Record<string, string>
  readonly rooms?: { count: number; capacity: number }
  readonly namespace?: string
  readonly pool?: Candidate['pool']
  readonly addresses?: Candidate['addresses']
}

const server = (
  name: string,
  { node, state, labels = {}, rooms, namespace = 'n', pool = 'agones.dev', addresses = [] }: Sample,
): Candidate => ({
  pool,
  namespace,
  name,
  uid: name,
  resourceVersion: '1',
  state,
  nodeName: node,
  labels,
  addresses,
  counters: rooms && { rooms },
  lists: undefined,
  requestId: undefined,
})

const indexOf = (servers: readonly Candidate[]): ServerIndex => {
  const index = new ServerIndex()
  for (const one of servers) index.put(one)
  return index
}
const wish = (selectors: readonly GameServerSelector[], more: Partial<Wish> = {}): Wish => ({
  namespace: 'n',
  selectors: selectors.flatMap(matchersOf),
  scheduling: 'Packed',
  priorities: [],
  ...more,
})
const chosen = (servers: readonly Candidate[], wanted: Wish): string | undefined =>
  choose(indexOf(servers), wanted, () => false, Math.random)?.name

describe('choose', () => {
  const fleet = { 'agones.dev/fleet': 'f' }
  it.each<[string, Record<string, Sample>, Wish, string | undefined]>([
    ['nobody is there', {}, wish([{}]), undefined],
    [
      'only Ready ones by themselves',
      { a: { node: '1', state: 'Allocated' }, b: { node: '1', state: 'Allocated' } },
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

  it.each<[string, GameServerSelector, string | undefined]>([
    ['demands the label of OpenKruiseGame', { matchLabels: { 'game.kruise.io/owner-gss': 's' } }, 'okg'],
    ['accepts any set', { matchExpressions: [{ key: 'game.kruise.io/owner-gss', operator: 'Exists' }], matchLabels: { map: 'x' } }, 'okg'],
    ['names several sets', { matchExpressions: [{ key: 'game.kruise.io/owner-gss', operator: 'In', values: ['r', 's'] }] }, 'okg'],
    ['names another set', { matchLabels: { 'game.kruise.io/owner-gss': 'r' } }, undefined],
    ['excludes it', { matchExpressions: [{ key: 'game.kruise.io/owner-gss', operator: 'NotIn', values: ['r'] }] }, undefined],
    ['does not mention it', { matchLabels: { map: 'x' } }, undefined],
    ['wants anything', {}, undefined],
  ])('gives servers of OpenKruiseGame to whoever %s: %s', (_, selector, expected) => {
    const labels = { 'game.kruise.io/owner-gss': 's', map: 'x' }
    expect(chosen([server('okg', { node: '1', state: 'Ready', labels, pool: 'game.kruise.io' })], wish([selector]))).toBe(expected)
    // For one of Agones the label is a label like any other.
    const isAnother = selector.matchLabels?.['game.kruise.io/owner-gss'] === 'r'
    expect(chosen([server('own', { node: '1', state: 'Ready', labels })], wish([selector]))).toBe(isAnother ? undefined : 'own')
  })

  it('leaves out servers without an address as it is wanted', () => {
    const at = (type: string, address: string) => ({ node: '1', state: 'Ready' as const, addresses: [{ type, address }] })
    const servers = [server('a', at('PodIP', '10.1.0.1')), server('b', at('PodIP', 'fd00::1'))]
    const by = (text: string) => chosen(servers, wish([{}], { addressOrder: addressOrder(text) ?? [] }))
    expect([by('PodIP'), by('PodIP/v6'), by('ExternalIP, PodIP/v6'), by('ExternalIP')]).toEqual(['a', 'b', 'b', undefined])
  })

  const world = fc.array(
    fc.record({
      node: fc.constantFrom('1', '2', '3'),
      state: fc.constantFrom('Ready' as const, 'Allocated' as const),
      labels: fc.record(
        { 'agones.dev/fleet': fc.constantFrom('f', 'g'), map: fc.constantFrom('x', 'y', 'z'), mode: fc.constantFrom('duel', 'team') },
        { requiredKeys: ['agones.dev/fleet', 'map'] },
      ),
      rooms: fc.record({ count: fc.integer({ min: 0, max: 5 }), capacity: fc.integer({ min: 0, max: 10 }) }),
    }),
    { maxLength: 30 },
  )
  const selector: fc.Arbitrary<GameServerSelector> = fc.record(
    {
      matchLabels: fc.constantFrom({}, { map: 'x' }, { 'agones.dev/fleet': 'f' }, { map: 'y', 'agones.dev/fleet': 'g' }),
      matchExpressions: fc.constantFrom<LabelRequirement[]>(
        [],
        [{ key: 'map', operator: 'NotIn', values: ['x'] }],
        [{ key: 'map', operator: 'In', values: ['x', 'z', 'x'] }],
        [{ key: 'map', operator: 'Exists' }],
        [{ key: 'mode', operator: 'Exists' }],
        [{ key: 'mode', operator: 'NotIn', values: ['duel'] }],
        [{ key: 'mode', operator: 'DoesNotExist' }],
      ),
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
        const on = (node: string, state: string) => servers.filter(one => one.nodeName === node && one.state === state).length
        const room = ({ counters }: Candidate) => (counters?.['rooms']?.capacity ?? 0) - (counters?.['rooms']?.count ?? 0)
        const sorted = servers.toSorted((a, b) => {
          const [x, y] = [a.nodeName, b.nodeName]
          const byNode = on(y, 'Allocated') - on(x, 'Allocated') || on(y, 'Ready') - on(x, 'Ready') || x.localeCompare(y)
          const [first] = wanted
          const byRoom = first === undefined ? 0 : first.order === 'Ascending' ? room(a) - room(b) : room(b) - room(a)
          return byNode || byRoom || (a.name < b.name ? -1 : 1)
        })
        const matchers = selectors.flatMap(matchersOf)
        const expected = matchers
          .map(matcher => sorted.find(one => one.state === matcher.state && matcher.matches(one)))
          .find(one => one !== undefined)
        expect(chosen(servers, wish(selectors, { priorities: wanted }))).toBe(expected?.name)
      }),
    )
  })

  it('finds the same after servers came, changed and went', () => {
    fc.assert(
      fc.property(world, world, selector, (before, after, wanted) => {
        const index = indexOf(before.map((sample, number) => server(`s${number}`, sample)))
        for (let number = 0; number < Math.max(before.length, after.length); number += 1) {
          const sample = after[number]
          if (sample === undefined) index.remove(candidateKey(server(`s${number}`, { node: '', state: 'Ready' })))
          else index.put(server(`s${number}`, sample))
        }
        const fresh = indexOf(after.map((sample, number) => server(`s${number}`, sample)))
        const by = (one: ServerIndex) => choose(one, wish([wanted]), () => false, Math.random)?.name
        expect([by(index), index.size]).toEqual([by(fresh), fresh.size])
      }),
    )
  })

  it('spreads over all that match, and finds one whenever there is one', () => {
    fc.assert(
      fc.property(
        world,
        selector,
        fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true })),
        (samples, wanted, numbers) => {
          const servers = samples.map((sample, number) => server(`s${number}`, sample))
          const [matcher] = matchersOf(wanted)
          const all = servers.filter(one => one.state === matcher?.state && matcher.matches(one))
          const random = (): number => numbers.next().value ?? 0
          const found = choose(indexOf(servers), wish([wanted], { scheduling: 'Distributed' }), () => false, random)
          expect(all.length === 0 ? found === undefined : found !== undefined && all.includes(found)).toBe(true)
        },
      ),
    )
    const servers = Array.from({ length: 12 }, (_, number) => server(`s${number}`, { node: `${number % 4}`, state: 'Ready' }))
    const seen = new Set(Array.from({ length: 500 }, () => chosen(servers, wish([{}], { scheduling: 'Distributed' }))))
    expect(seen.size).toBe(servers.length)
  })

  it.each<[string, GameServerSelector, Partial<Wish>, number]>([
    ['a label', { matchLabels: { map: 'rare' } }, {}, 20],
    ['a label, spread', { matchLabels: { map: 'rare' } }, { scheduling: 'Distributed' }, 100],
    ['a value out of one', { matchExpressions: [{ key: 'map', operator: 'In', values: ['rare'] }] }, {}, 20],
    ['room in a counter', { gameServerState: 'Allocated', counters: { rooms: { minAvailable: 1 } } }, {}, 20],
    ['one of several values', { matchExpressions: [{ key: 'map', operator: 'In', values: ['rare', 'none'] }] }, {}, 20],
    ['any value but one', { matchExpressions: [{ key: 'map', operator: 'NotIn', values: ['common'] }] }, {}, 20],
    ['a label that nobody has', { matchLabels: { map: 'none' } }, {}, 0],
    ['anything', {}, {}, 101],
  ])('looks at few servers for %s, however many there are', (_, selector, more, most) => {
    for (const count of [2000, 10_000]) {
      const index = indexOf(
        Array.from({ length: count }, (_none, number) =>
          server(`s${number}`, {
            node: `${number % (count / 100)}`,
            state: number % 2 === 0 ? 'Ready' : 'Allocated',
            labels: { 'agones.dev/fleet': 'f', map: number % 200 === 0 ? 'rare' : 'common' },
            rooms: { count: number % 200 === 1 ? 9 : 10, capacity: 10 },
          }),
        ),
      )
      let seen = 0
      const counted = matchersOf(selector).map(matcher => ({
        ...matcher,
        matches(candidate: Candidate) {
          seen += 1
          return matcher.matches(candidate)
        },
      }))
      const wanted = { ...wish([], more), selectors: counted }
      expect(choose(index, wanted, () => false, Math.random) !== undefined).toBe(most > 0)
      expect(seen).toBeLessThanOrEqual(most)
    }
  })
})
