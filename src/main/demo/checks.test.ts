import { expect, test } from 'vitest'
import { hotUpdateChecks, type ServerFacts, versionChecks } from './checks.ts'
import type { PlayerReport } from './player.ts'

const server = (change: Partial<ServerFacts> = {}): ServerFacts => ({
  name: 'a-0',
  uid: 'u',
  address: '127.0.0.1:80',
  game: { id: 'c1', image: 'game:v1', restarts: 0 },
  sidecar: { id: 's2', image: 'side:v2', restarts: 1 },
  ...change,
})
const player = (change: Partial<PlayerReport> = {}): PlayerReport => ({
  protocol: 'UDP',
  sent: 10,
  acknowledged: 10,
  disconnects: 0,
  processes: ['1/boot'],
  versions: ['v1.0', 'v2.0'],
  ...change,
})
const failing = (after: readonly ServerFacts[], players: readonly PlayerReport[]) =>
  hotUpdateChecks([server()], after, players, 'v2.0')
    .filter(check => !check.ok)
    .map(check => check.what)

test('a clean update passes every check', () => {
  expect(failing([server()], [player()])).toEqual([])
})

test.each([
  ['another pod', [server({ uid: 'v' })], [player()], ['same pod UID']],
  ['another address', [server({ address: '127.0.0.1:81' })], [player()], ['same address']],
  [
    'a restarted game',
    [server({ game: { id: 'c2', image: 'game:v1', restarts: 1 } })],
    [player({ processes: ['1/a', '1/b'] })],
    ['same game process id', 'same game container', 'game restart count 0'],
  ],
  [
    'a sidecar that never restarted',
    [server({ sidecar: { id: 's1', image: 'side:v1', restarts: 0 } })],
    [player({ versions: ['v1.0'] })],
    ['sidecar restart count 1', 'new content served (v2.0)'],
  ],
  ['a lost message', [server()], [player({ acknowledged: 9 })], ['zero lost player messages']],
  ['a broken connection', [server()], [player({ disconnects: 1 })], ['no connection broken']],
  ['a vanished server', [], [player()], ['same pod UID', 'same game container', 'same address']],
])('%s is found', (_, after, players, expected) => {
  expect(failing(after, players)).toEqual(expected)
})

test('versions are compared server by server', () => {
  const answered = new Map([
    ['a-0', '1'],
    ['a-1', '2'],
  ])
  expect(
    versionChecks(
      'x',
      new Map([
        ['a-0', '1'],
        ['a-1', '2'],
      ]),
      answered,
    ).ok,
  ).toBe(true)
  expect(versionChecks('x', new Map([['a-0', '2']]), answered)).toEqual({ what: 'x', ok: false, seen: 'a-0 1' })
  expect(versionChecks('x', new Map(), answered).ok).toBe(false)
})
