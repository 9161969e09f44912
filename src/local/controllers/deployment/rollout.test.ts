import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Deployment } from '../../../apis/core/types.generated.ts'
import { nextSizes, rollingLimits, scaledSizes, type RolloutInput, type SetCounts } from './rollout.ts'

const set = (name: string, wanted: number, available = wanted): SetCounts => ({ name, wanted, available })
const world = (more: Partial<RolloutInput>): RolloutInput => ({
  replicas: 4,
  maxSurge: 1,
  maxUnavailable: 1,
  recreate: false,
  fresh: undefined,
  old: [],
  oldPods: 0,
  ...more,
})

describe('the next step of a rollout', () => {
  it.each<[string, Partial<RolloutInput>, Record<string, number>]>([
    ['begins at full size', {}, { '': 4 }],
    ['begins with what surge allows', { old: [set('a', 4)] }, { '': 1 }],
    ['begins with nothing when there is no surge', { maxSurge: 0, old: [set('a', 4)] }, { '': 0 }],
    ['takes away what may be unavailable', { fresh: set('b', 1, 0), old: [set('a', 4)] }, { a: 3 }],
    ['fills up first', { fresh: set('b', 1), old: [set('a', 3)] }, { b: 2 }],
    ['takes broken pods first', { fresh: set('b', 1, 0), old: [set('a', 2), set('c', 2, 0)] }, { c: 1 }],
    ['waits when nothing may go', { maxUnavailable: 0, fresh: set('b', 1, 0), old: [set('a', 4)] }, {}],
    ['shrinks with the Deployment', { replicas: 2, fresh: set('b', 4) }, { b: 2 }],
    ['is done', { fresh: set('b', 4) }, {}],
    ['recreates: everything down', { recreate: true, fresh: undefined, old: [set('a', 4)], oldPods: 4 }, { a: 0 }],
    ['recreates: waits for the last pod', { recreate: true, old: [set('a', 0, 0)], oldPods: 1 }, {}],
    ['recreates: then up', { recreate: true, fresh: set('b', 0), old: [set('a', 0)] }, { b: 4 }],
  ])('%s', (_what, more, expected) => {
    expect(Object.fromEntries(nextSizes(world(more)))).toEqual(expected)
  })

  it('keeps its limits and ends, whatever becomes available when', () => {
    const limits = fc.record({
      replicas: fc.integer({ min: 1, max: 12 }),
      maxSurge: fc.integer({ min: 0, max: 4 }),
      maxUnavailable: fc.integer({ min: 0, max: 4 }),
    })
    fc.assert(
      fc.property(limits, fc.infiniteStream(fc.boolean()), ({ replicas, maxSurge, maxUnavailable }, luck) => {
        fc.pre(maxSurge + maxUnavailable > 0)
        let [old, fresh] = [set('old', replicas), set('new', 0)]
        for (let round = 0; round < 200; round++) {
          const sizes = nextSizes({ replicas, maxSurge, maxUnavailable, recreate: false, fresh, old: [old], oldPods: 0 })
          old = set('old', sizes.get('old') ?? old.wanted, Math.min(old.available, sizes.get('old') ?? old.wanted))
          const wanted = sizes.get('new') ?? fresh.wanted
          expect(old.wanted + wanted).toBeLessThanOrEqual(Math.max(replicas + maxSurge, replicas))
          expect(old.available + Math.min(fresh.available, wanted)).toBeGreaterThanOrEqual(Math.max(0, replicas - maxUnavailable))
          const comes = luck.next().value === true || round > 150
          fresh = set('new', wanted, Math.min(wanted, fresh.available + (comes ? 1 : 0)))
        }
        expect([old.wanted, fresh.wanted, fresh.available]).toEqual([0, replicas, replicas])
      }),
      { numRuns: 200 },
    )
  })

  it.each<[string, number, SetCounts | undefined, SetCounts[], Record<string, number>]>([
    ['grows the newest that has pods', 6, set('b', 1), [set('a', 3)], { b: 3 }],
    ['shrinks the newest first', 2, set('b', 1), [set('a', 3)], { b: 0, a: 2 }],
    ['grows an old set when the new one has no pods', 5, undefined, [set('a', 3)], { a: 5 }],
    ['stays', 4, set('b', 1), [set('a', 3)], {}],
    ['comes up from nothing', 2, set('b', 0), [set('a', 0)], { b: 2 }],
  ])('paused: %s', (_what, replicas, fresh, old, expected) => {
    expect(Object.fromEntries(scaledSizes({ replicas, fresh, old }))).toEqual(expected)
  })

  it.each([
    [10, '25%', '25%', { maxSurge: 3, maxUnavailable: 2 }],
    [1, '25%', '25%', { maxSurge: 1, maxUnavailable: 0 }],
    [4, 0, 0, { maxSurge: 0, maxUnavailable: 1 }],
    [4, 0, '10%', { maxSurge: 0, maxUnavailable: 1 }],
    [4, 2, 9, { maxSurge: 2, maxUnavailable: 4 }],
  ])('limits of %i replicas with %s and %s', (replicas, maxSurge, maxUnavailable, expected) => {
    const spec = { replicas, strategy: { rollingUpdate: { maxSurge, maxUnavailable } } } as Deployment['spec']
    expect(rollingLimits({ spec } as Deployment)).toEqual(expected)
  })
})
