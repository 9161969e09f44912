import type { AllocationSpec } from '../src/apis/allocation.agones.dev/game-server-allocation.ts'
import type { Candidate } from '../src/allocation/candidate.ts'
import { choose } from '../src/allocation/choose.ts'
import { wishOf } from '../src/allocation/request.ts'
import { ServerIndex } from '../src/allocation/server-index.ts'
import { type Bench, median, round } from './harness/bench.ts'

const servers = 50_000
const nodes = 500
const rounds = 15
const choicesPerRound = 400

/** Half of the servers are free; of each half every hundredth is of another fleet, and every hundredth of those in use has a room left. */
const server = (number: number): Candidate => {
  const isRare = Math.floor(number / 2) % 100 === 0
  // Some nodes are fuller than others, and nothing depends on the order in which servers come.
  const node = Math.floor(nodes * ((Math.imul(number, 2_654_435_761) >>> 0) / 2 ** 32) ** 1.5)
  return {
    pool: 'agones.dev',
    namespace: 'bench',
    name: `server-${number}`,
    uid: `uid-${number}`,
    resourceVersion: String(number),
    state: number % 2 === 0 ? 'Ready' : 'Allocated',
    nodeName: `node-${node}`,
    labels: {
      'agones.dev/fleet': isRare ? 'rare' : 'common',
      'agones.dev/gameserverset': isRare ? 'rare-1' : 'common-1',
      map: `map-${number % 7}`,
      zone: node < nodes * 0.985 ? 'early' : 'late',
    },
    addresses: [{ type: 'InternalIP', address: '192.0.2.1' }],
    counters: { rooms: { count: isRare ? 9 : 10, capacity: 10 } },
    lists: undefined,
    requestId: undefined,
  }
}

const rare = { matchLabels: { 'agones.dev/fleet': 'rare' } }
const common = { matchLabels: { 'agones.dev/fleet': 'common' } }
const cases: readonly (readonly [what: string, matching: string, spec: AllocationSpec])[] = [
  ['a fleet', '1 %', { selectors: [rare] }],
  ['a fleet, Distributed', '1 %', { selectors: [rare], scheduling: 'Distributed' }],
  ['a fleet, by free rooms', '1 %', { selectors: [rare], priorities: [{ type: 'Counter', key: 'rooms' }] }],
  [
    'in use with a room left',
    '1 %',
    {
      selectors: [
        { ...common, gameServerState: 'Allocated', counters: { rooms: { minAvailable: 1 } } },
        { gameServerState: 'Allocated', counters: { rooms: { minAvailable: 1 } } },
      ],
    },
  ],
  ['not of a fleet', '1 %', { selectors: [{ matchExpressions: [{ key: 'agones.dev/fleet', operator: 'NotIn', values: ['common'] }] }] }],
  [
    'not of a zone, which the emptiest nodes alone are not of',
    '1 %',
    { selectors: [{ matchExpressions: [{ key: 'zone', operator: 'NotIn', values: ['early'] }] }] },
  ],
  ['a fleet', '99 %', { selectors: [common] }],
  ['anything', 'all', {}],
  ['a fleet that there is not', 'none', { selectors: [{ matchLabels: { 'agones.dev/fleet': 'none' } }] }],
]

export const allocationChoice: Bench = {
  name: 'allocation-choice',
  about: `CPU of one choice out of ${servers.toLocaleString('en')} cached servers on ${nodes} nodes, reading the selectors included, and of taking the news of one server into the index`,
  run(report) {
    const index = new ServerIndex()
    const all = Array.from({ length: servers }, (_, number) => server(number))
    for (const one of all) index.put(one)
    for (const [selectors, matching, spec] of cases) {
      const { each, worst } = cpuOf(() => void choose(index, wishOf('bench', spec), () => false, Math.random))
      report({ 'asked for': selectors, matching, 'µs/choice': each, 'µs/choice, slowest of the rounds': worst })
    }
    let next = 0
    const put = cpuOf(() => {
      const one = all[(next += 1) % servers]
      if (one !== undefined) index.put({ ...one, state: one.state === 'Ready' ? 'Allocated' : 'Ready' })
    })
    report({ 'asked for': '(news of a server)', matching: '–', 'µs/choice': put.each, 'µs/choice, slowest of the rounds': put.worst })
    return Promise.resolve()
  },
}

/** Microseconds of CPU that each call takes: the median of some rounds after one that warms up. */
function cpuOf(work: () => void): { readonly each: number; readonly worst: number } {
  const figures = Array.from({ length: rounds + 1 }, () => {
    const begun = process.cpuUsage()
    for (let call = 0; call < choicesPerRound; call += 1) work()
    const { user, system } = process.cpuUsage(begun)
    return (user + system) / choicesPerRound
  }).slice(1)
  return { each: round(median(figures), 1), worst: round(Math.max(...figures), 1) }
}
