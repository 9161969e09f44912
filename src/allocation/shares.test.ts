import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { EndpointSlice } from '../apis/core/types.generated.ts'
import { membersOf, shareOf } from './shares.ts'

const slice = (...endpoints: [name: string, ready?: boolean][]) =>
  ({
    endpoints: endpoints.map(([name, ready]) => ({ addresses: [], targetRef: { name }, conditions: { ready } })),
  }) as unknown as EndpointSlice
const servers = Array.from({ length: 1000 }, () => ({ uid: randomUUID() }))

describe('replicas that allocate', () => {
  it('are those that answer, in whichever slices', () => {
    expect(membersOf([])).toEqual([])
    expect(membersOf([slice(['b', true], ['c', false]), slice(['a'], ['b', true])])).toEqual(['a', 'b'])
  })

  it.each([2, 3, 5])('share all servers among %i, each about as many', count => {
    const members = Array.from({ length: count }, (_, place) => `pod-${place}`)
    const counts = members.map(self => servers.filter(shareOf(members, self)).length)
    expect(counts.reduce((sum, one) => sum + one, 0)).toBe(servers.length)
    for (const one of counts) expect(Math.abs(one - servers.length / count)).toBeLessThan(servers.length / 6)
  })

  it('look at everything alone, or while they are not listed yet', () => {
    expect(servers.every(shareOf(['a'], 'a'))).toBe(true)
    expect(servers.every(shareOf(['a', 'b'], 'c'))).toBe(true)
  })
})
