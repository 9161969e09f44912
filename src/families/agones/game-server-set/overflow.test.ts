import { describe, expect, it } from 'vitest'
import type { GameServer } from '../../../apis/agones.dev/game-server.ts'
import type { GameServerSet } from '../../../apis/agones.dev/game-server-set.ts'
import type { Member } from '../../../servers/model.ts'
import { overflowChange, overflowing } from './overflow.ts'

const server = (name: string, state = 'Allocated', labels: Record<string, string> = {}, more: object = {}) =>
  ({ metadata: { name, resourceVersion: '7', labels, ...more }, status: { state } }) as unknown as GameServer
const set = (replicas: number, allocationOverflow?: object) => ({ spec: { replicas, allocationOverflow } }) as unknown as GameServerSet
const member = (key: string, nodeLoad: number) => ({ key, rank: { nodeLoad } }) as unknown as Member

const told = { labels: { beyond: 'yes' } }
const servers = [server('a'), server('b'), server('c')]
const members = new Map([member('a', 3), member('b', 1), member('c', 2)].map(one => [one.key, one]))

describe('servers beyond the wanted number', () => {
  it.each<[string, GameServerSet, readonly GameServer[], string[]]>([
    ['nobody is beyond', set(3, told), servers, []],
    ['one is: who would leave first', set(2, told), servers, ['b']],
    ['two are', set(1, told), servers, ['b', 'c']],
    ['one is, and another was told before', set(2, told), [server('a', 'Allocated', told.labels), ...servers.slice(1)], []],
    ['two are, and one was told before', set(1, told), [server('a', 'Allocated', told.labels), ...servers.slice(1)], ['b']],
    ['an old word is none', set(2, told), [server('b', 'Allocated', { beyond: 'no' }), server('a'), server('c')], ['b']],
    ['who waits does not count', set(2, told), [...servers.slice(0, 2), server('c', 'Ready')], []],
    ['nor who goes', set(2, told), [...servers.slice(0, 2), server('c', 'Allocated', {}, { deletionTimestamp: 'now' })], []],
    ['nothing is to be said', set(0, {}), servers, []],
    ['nothing was said', set(0), servers, []],
  ])('%s', (_, owner, all, expected) => {
    expect(overflowing(owner, all, members).map(({ metadata }) => metadata.name)).toEqual(expected)
  })

  it('are told by one patch of the version that was seen', () => {
    expect(overflowChange(set(0, { annotations: { end: 'soon' } }), server('a'))).toEqual({
      metadata: { resourceVersion: '7', labels: {}, annotations: { end: 'soon' } },
    })
  })
})
