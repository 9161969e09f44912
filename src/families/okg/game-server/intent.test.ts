import { describe, expect, it } from 'vitest'
import type { GameServer } from '../../../apis/game.kruise.io/game-server.ts'
import { labels } from '../../../apis/game.kruise.io/labels.ts'
import { intentLabels, intentProblems } from './intent.ts'

describe('intent', () => {
  it.each<[string, NonNullable<GameServer['spec']>, [ops: string, update: string, deletion: string], string[]]>([
    ['nothing said', {}, ['None', '0', '0'], []],
    ['an empty ops state', { opsState: '' }, ['None', '0', '0'], []],
    ['numbers and texts', { opsState: 'my.state', updatePriority: 5, deletionPriority: '7' }, ['my.state', '5', '7'], []],
    [
      'a negative priority',
      { updatePriority: -3, deletionPriority: '-1' },
      ['None', '0', '0'],
      ['InvalidUpdatePriority', 'InvalidDeletionPriority'],
    ],
    ['a text no label can carry', { opsState: 'a b' }, ['None', '0', '0'], ['InvalidOpsState']],
    ['63 characters', { opsState: 'x'.repeat(63) }, ['x'.repeat(63), '0', '0'], []],
    ['64 characters', { opsState: 'x'.repeat(64) }, ['None', '0', '0'], ['InvalidOpsState']],
  ])('%s', (_, spec, [ops, update, deletion], problems) => {
    const server = { metadata: { name: 'g-0' }, spec } as GameServer
    expect(intentLabels(server)).toMatchObject({
      [labels.opsState]: ops,
      [labels.updatePriority]: update,
      [labels.deletePriority]: deletion,
    })
    expect(intentProblems(server).map(({ reason }) => reason)).toEqual(problems)
  })
})
