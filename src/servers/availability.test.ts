import { describe, expect, it } from 'vitest'
import { provenAt, settledAt } from './availability.ts'
import type { FreshContainer } from './model.ts'
import { plan } from './plan.ts'
import { member, type Settings, stepsOf, wantedOf } from './simulated-world.ts'

describe('proof of fresh containers', () => {
  it.each<[string, FreshContainer, number]>([
    ['it stays up for a moment', { startedAt: 5000, probed: false }, 6000],
    ['a readiness probe vouches for it', { startedAt: 5000, probed: true }, 0],
    ['it does not run', { probed: false }, Number.POSITIVE_INFINITY],
    ['it does not run, whatever the probe said', { probed: true }, Number.POSITIVE_INFINITY],
    ['crashed at once: never less than the moment', { startedAt: 5000, probed: false, crashedAfter: 200 }, 6000],
    ['crashed after a while: twice as long', { startedAt: 5000, probed: false, crashedAfter: 3000 }, 11_000],
    ['crashed in spite of its probe', { startedAt: 5000, probed: true, crashedAfter: 3000 }, 11_000],
    ['crashed after days: forgotten some time', { startedAt: 5000, probed: false, crashedAfter: 9e8 }, 605_000],
  ])('%s', (_, container, expected) => {
    expect(provenAt(container, 1000)).toBe(expected)
  })

  it('counts on the target only, and beside minReadySeconds', () => {
    const wanted = wantedOf({ replicas: 1, target: 'r2', update: { settleMs: 1000, minReadySeconds: 3 } })
    const fresh = [
      { startedAt: 5000, probed: false, crashedAfter: 2000 },
      { startedAt: 100, probed: false },
    ]
    expect(settledAt(member(0, { availableSince: 5500, fresh }), wanted)).toBe(8500)
    expect(settledAt(member(0, { availableSince: 5500, fresh, revision: 'r2' }), wanted)).toBe(9000)
  })

  const settings: Settings = { replicas: 2, target: 'r2', update: { mode: 'InPlaceOnly', settleMs: 500 } }

  it('lets a changed server settle before the next one is disturbed', () => {
    const changed = member(1, { revision: 'r2', availableSince: 1000, fresh: [{ startedAt: 1000, probed: false }] })
    expect(plan(wantedOf(settings), [member(0), changed], 1400)).toMatchObject({ steps: [], wakeAt: 1500 })
    expect(stepsOf(settings, [member(0), changed], 1500)).toEqual(['advance s-0 Drained'])
  })

  it('does not poll for a server that has to come up first', () => {
    const crashed = member(1, { revision: 'r2', availableSince: 1000, fresh: [{ probed: false, crashedAfter: 100 }] })
    const next = plan(wantedOf(settings), [member(0), crashed], 9000)
    expect(next.steps).toEqual([])
    expect(next.wakeAt).toBeUndefined()
  })

  it.each(['Recreate', 'InPlaceIfPossible'] as const)('holds for servers made new as well: %s', mode => {
    const renewed = member(1, { revision: 'r2', availableSince: 1000, fresh: [{ startedAt: 1999, probed: false }] })
    expect(stepsOf({ ...settings, update: { mode, settleMs: 500 } }, [member(0), renewed], 2400)).toEqual([])
  })
})
