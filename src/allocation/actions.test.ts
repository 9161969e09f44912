import { describe, expect, it } from 'vitest'
import type { GameServer } from '../apis/agones.dev/game-server.ts'
import { allocationChange } from './actions.ts'

const now = Date.parse('2026-11-22T12:00:00Z')
const at = (seconds: number): string => new Date(now + seconds * 1000).toISOString()

type Notes = Record<string, string>
const server = (state: string, annotations: Notes = {}, labels: Notes = {}): GameServer =>
  ({
    metadata: { name: 'g', namespace: 'n', uid: 'u', resourceVersion: '7', annotations, labels },
    spec: { template: {} },
    status: { state },
  }) as unknown as GameServer

/** Labels and annotations that the allocation writes, but for the one every allocation does. */
const written = (of: GameServer, withinSeconds?: number, spec = {}) => {
  const { patch } = allocationChange(of, spec, now, withinSeconds && withinSeconds * 1000)
  const { labels = {}, annotations } = patch['metadata'] as { labels?: object; annotations: object }
  return { ...labels, ...annotations, 'agones.dev/last-allocated': undefined }
}

const by = 'berth.dev/confirm-by'

describe('an allocation that has to be confirmed', () => {
  it.each<[string, GameServer, number | undefined, object]>([
    ['says until when', server('Ready'), 30, { [by]: at(30) }],
    ['has no deadline where none is wanted', server('Ready'), undefined, {}],
    [
      'forgets how earlier ones stood',
      server('Ready', { [by]: at(-9), 'berth.dev/confirmed': 'yes' }, { 'agones.dev/sdk-confirmed': 'yes' }),
      undefined,
      { [by]: null, 'berth.dev/confirmed': null, 'agones.dev/sdk-confirmed': null },
    ],
    [
      'is not confirmed by what confirmed an earlier one',
      server('Ready', { [by]: at(-9), 'agones.dev/sdk-confirmed': '1' }),
      30,
      { [by]: at(30), 'agones.dev/sdk-confirmed': null },
    ],
    ['brings no deadline upon those who play already', server('Allocated'), 30, {}],
    ['nor upon those who have confirmed', server('Allocated', { [by]: at(5), 'berth.dev/confirmed': '' }), 30, {}],
    ['puts off the deadline of a server that it shares', server('Allocated', { [by]: at(5) }), 30, { [by]: at(30) }],
    ['does not bring it forward', server('Allocated', { [by]: at(60) }), 30, { [by]: at(60) }],
    ['keeps for good what another one only had for a time', server('Allocated', { [by]: at(5) }), undefined, { [by]: null }],
  ])('%s', (_, of, within, expected) => expect(written(of, within)).toEqual(expected))

  it('lets its own metadata stand', () => {
    const spec = { metadata: { labels: { mode: 'duel' }, annotations: { 'berth.dev/confirmed': 'at once' } } }
    const stored = server('Ready', { 'berth.dev/confirmed': 'before' })
    expect(written(stored, 30, spec)).toEqual({ mode: 'duel', 'berth.dev/confirmed': 'at once', [by]: at(30) })
  })
})
