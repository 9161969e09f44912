import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { balance, type Rollout, type Share } from './balance.ts'

const share = (name: string, wanted: number, more: Partial<Share> = {}): Share => ({
  name,
  wanted,
  replicas: wanted,
  ready: wanted,
  reserved: 0,
  allocated: 0,
  leaving: 0,
  ...more,
})
const rolling: Rollout = { replicas: 100, type: 'RollingUpdate', maxSurge: '25%', maxUnavailable: '25%', paused: false }
const paused: Rollout = { ...rolling, paused: true }

describe('balance', () => {
  it.each<[string, Rollout, Share, readonly Share[], Record<string, number>]>([
    ['one set has all', rolling, share('new', 0), [], { new: 100 }],
    [
      'servers that are in use leave less for the new template',
      rolling,
      share('new', 0),
      [share('old', 0, { replicas: 30, ready: 0, allocated: 20, reserved: 10 })],
      { new: 70, old: 0 },
    ],
    ['a pause leaves a rollout where it is', paused, share('new', 45), [share('old', 70)], { new: 45, old: 70 }],
    [
      'more servers come on both sides of a pause',
      { ...paused, replicas: 200 },
      share('new', 30),
      [share('old', 70)],
      { new: 60, old: 140 },
    ],
    ['fewer as well', { ...paused, replicas: 7 }, share('new', 30), [share('old', 70)], { new: 2, old: 5 }],
    ['one template has all, pause or not', { ...paused, replicas: 7 }, share('new', 3), [], { new: 7 }],
    [
      'Recreate takes everything down but what is in use',
      { ...rolling, type: 'Recreate' },
      share('new', 0),
      [share('old', 100, { ready: 60, allocated: 40 })],
      { new: 60, old: 0 },
    ],
    ['a rollout begins with the surge and what may be missing', rolling, share('new', 0), [share('old', 100)], { new: 25, old: 75 }],
    [
      'the next step up waits for the last one',
      rolling,
      share('new', 25, { replicas: 10, ready: 5 }),
      [share('old', 75)],
      // 80 are ready and 20 of them may be missing, which the 20 that come up are already.
      { new: 25, old: 75 },
    ],
    ['a number is a number', { ...rolling, maxSurge: 1, maxUnavailable: 1 }, share('new', 0), [share('old', 100)], { new: 1, old: 99 }],
    [
      'what is not Ready goes first and costs nothing',
      rolling,
      share('new', 25, { ready: 0 }),
      [share('old', 100, { ready: 40 })],
      { new: 25, old: 40 },
    ],
    [
      'a set of which all are in use is no longer kept up',
      rolling,
      share('new', 50),
      [share('old', 50, { ready: 0, allocated: 50 })],
      { new: 50, old: 0 },
    ],
    ['while servers go, no more are told to', rolling, share('new', 25), [share('old', 75, { leaving: 5 })], { new: 50, old: 75 }],
  ])('%s', (_, rollout, active, rest, expected) => {
    expect(Object.fromEntries(balance(rollout, active, rest))).toEqual(expected)
  })

  const world = fc.record({
    replicas: fc.integer({ min: 1, max: 60 }),
    old: fc.array(fc.record({ wanted: fc.integer({ min: 1, max: 40 }), allocated: fc.integer({ min: 0, max: 10 }) }), {
      minLength: 1,
      maxLength: 3,
    }),
    surge: fc.oneof(
      fc.integer({ min: 1, max: 10 }),
      fc.integer({ min: 1, max: 99 }).map(percent => `${percent}%`),
    ),
    missing: fc.oneof(
      fc.integer({ min: 1, max: 10 }),
      fc.integer({ min: 1, max: 99 }).map(percent => `${percent}%`),
    ),
  })

  it('always comes to an end, and never has fewer servers Ready than it may', () => {
    fc.assert(
      fc.property(world, ({ replicas, old, surge, missing }) => {
        const rollout: Rollout = { replicas, type: 'RollingUpdate', maxSurge: surge, maxUnavailable: missing, paused: false }
        let active = share('new', 0)
        let rest = old.map(({ wanted, allocated }, index) => {
          const used = Math.min(wanted, allocated)
          return share(`old${index}`, wanted, { ready: wanted - used, allocated: used })
        })
        const inUse = () => rest.reduce((total, { allocated }) => total + allocated, 0)
        const ready = () => [active, ...rest].reduce((total, one) => total + one.ready, 0)
        for (let step = 0; step < 500; step += 1) {
          const before = ready()
          const wanted = balance(rollout, active, rest)
          rest = rest.map(one => {
            const target = Math.max(wanted.get(one.name) ?? 0, 0)
            // Servers in use stay, whatever is wanted.
            const left = Math.max(Math.min(one.ready + one.allocated, target), one.allocated)
            return { ...one, wanted: target, replicas: left, ready: left - one.allocated }
          })
          const atLeast =
            Math.min(before, replicas - inUse()) -
            Math.max(1, Math.floor(typeof missing === 'number' ? missing : (Number.parseInt(missing, 10) * before) / 100))
          expect(ready()).toBeGreaterThanOrEqual(Math.min(before, Math.max(0, atLeast)))
          const target = wanted.get('new') ?? 0
          active = { ...active, wanted: target, replicas: target, ready: target }
        }
        expect(rest.every(one => one.wanted === 0 && one.ready === 0)).toBe(true)
        expect(active.ready).toBe(Math.max(0, replicas - inUse()))
      }),
    )
  })
})
