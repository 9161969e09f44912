import { describe, expect, it } from 'vitest'
import type { GameServer } from '../../../apis/game.kruise.io/game-server.ts'
import type { GameServerSet } from '../../../apis/game.kruise.io/game-server-set.ts'
import { fieldErrorText } from '../../../schema/status.ts'
import { intentWarnings, overrideErrors } from './validate.ts'

const set = {
  metadata: { name: 'rooms' },
  spec: { gameServerTemplate: { spec: { containers: [{ name: 'game' }, { name: 'sidecar' }] } } },
} as unknown as GameServerSet
const server = (spec?: object): GameServer => ({ metadata: { name: 'rooms-0' }, spec }) as unknown as GameServer
const overriding = (...names: string[]) => server({ containers: names.map(name => ({ name, image: 'a:1' })) })

describe('overrides', () => {
  it.each<[string, GameServer, GameServer | undefined, string[]]>([
    ['none', server(), undefined, []],
    ['of containers that exist', overriding('sidecar', 'game'), server({}), []],
    [
      'of one that is nearly there',
      overriding('game', 'gmae'),
      server({}),
      ['spec.containers[1].name: Invalid value: "gmae": GameServerSet rooms has no such container; did you mean "game"?'],
    ],
    [
      'of one that is not',
      overriding('database'),
      undefined,
      ['spec.containers[0].name: Invalid value: "database": GameServerSet rooms has no such container; known are game, sidecar'],
    ],
    ['of one that was there before', overriding('gmae'), overriding('gmae', 'game'), []],
  ])('%s', (_what, now, old, expected) => {
    expect(overrideErrors(now, old, set).map(fieldErrorText)).toEqual(expected)
  })
})

describe('warnings', () => {
  it.each<[string, object, object | undefined, RegExp[]]>([
    ['a known state', { opsState: 'Maintaining' }, {}, []],
    ["a state of one's own", { opsState: 'WaitingForPlayers' }, {}, []],
    ['an empty state', { opsState: '' }, {}, []],
    ['a misspelt state', { opsState: 'Maintaning' }, {}, [/counts as None; did you mean "Maintaining"\?/]],
    ['a state in other letters', { opsState: 'allocated' }, {}, [/did you mean "Allocated"\?/]],
    ['a misspelt state of before', { opsState: 'Maintaning' }, { opsState: 'Maintaning' }, []],
    ['a state no label can carry', { opsState: 'has spaces' }, {}, [/^spec\.opsState: "has spaces" cannot be a label/]],
    ['one of before', { opsState: 'has spaces' }, { opsState: 'has spaces' }, []],
    ['a priority no label can carry', { updatePriority: 'a b' }, undefined, [/^spec\.updatePriority/]],
  ])('%s', (_what, spec, old, expected) => {
    const warnings = intentWarnings(server(spec), old === undefined ? undefined : server(old))
    expect(warnings).toHaveLength(expected.length)
    for (const [at, pattern] of expected.entries()) expect(warnings[at]).toMatch(pattern)
  })
})
