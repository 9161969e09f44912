import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Member, Wanted } from './model.ts'
import { plan } from './plan.ts'
import { ids, member, type Settings, wantedOf, World } from './simulated-world.ts'

describe('random worlds', () => {
  const memberArb = fc.record({
    revision: fc.constantFrom('r1', 'r2', 'r3'),
    stage: fc.constantFrom<Member['stage']>('Pending', 'Starting', 'Ready', 'Ready', 'Ready', 'Leaving', 'Broken'),
    ops: fc.integer({ min: -2, max: 2 }),
    locked: fc.boolean(),
    hookDelete: fc.boolean(),
    hookChange: fc.boolean(),
    requested: fc.boolean(),
  })
  const worldArb = fc.record({
    members: fc.array(fc.option(memberArb), { maxLength: 8 }),
    replicas: fc.integer({ min: 0, max: 8 }),
    reserved: fc.array(fc.integer({ min: 0, max: 10 }), { maxLength: 3 }),
    target: fc.constantFrom('r1', 'r2', 'r3'),
    mode: fc.constantFrom<Wanted['update']['mode']>('Recreate', 'InPlaceIfPossible', 'InPlaceOnly', 'OnDelete'),
    partition: fc.integer({ min: 0, max: 3 }),
    maxUnavailable: fc.integer({ min: 1, max: 3 }),
    overridden: fc.boolean(),
    choices: fc.infiniteStream(fc.boolean()),
  })
  type Sample = typeof worldArb extends fc.Arbitrary<infer T> ? T : never
  const build = (sample: Sample): { settings: Settings; members: Member[] } => ({
    settings: {
      replicas: sample.replicas,
      reserved: sample.reserved,
      target: sample.target,
      update: { mode: sample.mode, partition: sample.partition, maxUnavailable: sample.maxUnavailable },
      overrides: sample.overridden ? new Map([['s-1', [{ name: 'side', image: 'own:1' }]]]) : new Map(),
    },
    members: sample.members.flatMap((m, i) =>
      m === null
        ? []
        : [
            member(i, {
              revision: m.revision,
              stage: m.stage,
              rank: { ops: m.ops },
              ...(m.locked && { locks: [{ holder: 'match', forbids: ['delete', 'recreate', 'restart'] }] }),
              held: { delete: m.hookDelete, change: m.hookChange },
              ...(m.requested && { recreateRequested: true }),
            }),
          ],
    ),
  })

  it('same input, same plan; after the steps the next plan has none', () => {
    fc.assert(
      fc.property(worldArb, sample => {
        const { settings, members } = build(sample)
        const world = new World(members)
        const first = plan(wantedOf(settings), members, 1000)
        expect(plan(wantedOf(settings), members, 1000)).toEqual(first)
        // A phase may follow at once upon another, so a few passes are allowed; they end without the world's help.
        for (let i = 0; i < 5; i++) world.apply(world.plan(settings).steps, settings.overrides)
        expect(world.plan(settings).steps).toEqual([])
      }),
    )
  })

  it('never deletes, recreates or restarts against a lock, unless the id is reserved', () => {
    fc.assert(
      fc.property(worldArb, sample => {
        const { settings, members } = build(sample)
        for (const step of plan(wantedOf(settings), members, 1000).steps) {
          if (step.do === 'create' || step.member.locks.length === 0) continue
          if (step.do === 'delete' || step.do === 'announce-delete') expect(['Reserved', 'Broken']).toContain(step.because)
          else expect(step.do).toBe('change')
        }
      }),
    )
  })

  it('never disturbs more than maxUnavailable available servers at a time', () => {
    fc.assert(
      fc.property(worldArb, sample => {
        const { settings, members } = build(sample)
        const world = new World(members)
        const choices = sample.choices[Symbol.iterator]()
        for (let round = 0; round < 30; round++) {
          const { steps } = world.plan(settings)
          const disturbed = steps.filter(
            step =>
              (step.do === 'delete' || step.do === 'announce-delete'
                ? step.because === 'Outdated' || step.because === 'Requested'
                : step.do === 'advance') &&
              'member' in step &&
              step.member.stage === 'Ready',
          )
          const available = world.members.filter(m => m.stage === 'Ready').length
          if (disturbed.length > 0) expect(settings.replicas - (available - disturbed.length)).toBeLessThanOrEqual(sample.maxUnavailable)
          world.apply(steps, settings.overrides)
          world.settle(() => choices.next().value as boolean)
        }
      }),
    )
  })

  it('converges: as many servers as wanted, none reserved, all but the partition on the target, overrides kept', () => {
    fc.assert(
      fc.property(worldArb, sample => {
        const { settings, members } = build(sample)
        const world = new World(members.map(m => ({ ...m, locks: [] })))
        const choices = sample.choices[Symbol.iterator]()
        for (let round = 0; round < 150; round++) {
          world.apply(world.plan(settings).steps, settings.overrides)
          // Requests are for one server, not for the one that follows it.
          world.settle(() => round > 60 || (choices.next().value as boolean))
        }
        expect(world.plan(settings).steps).toEqual([])
        expect(world.members.length).toBe(sample.replicas)
        expect(world.ordinals().some(n => sample.reserved.includes(n))).toBe(false)
        const outdated = world.members.filter(m => m.revision !== sample.target).length
        if (sample.mode === 'Recreate' || sample.mode === 'InPlaceIfPossible') expect(outdated).toBeLessThanOrEqual(sample.partition)
        if (sample.overridden) for (const m of world.members) if (m.key === 's-1') expect(m.images.get('side')).toBe('own:1')
      }),
    )
  })

  it('fills holes lowest first', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 0, max: 12 }), { maxLength: 8 }), fc.integer({ min: 1, max: 6 }), (present, more) => {
        const replicas = present.length + more
        const created = plan(wantedOf({ replicas }), ids(...present), 0).steps.flatMap(step => (step.do === 'create' ? [step.ordinal] : []))
        const free = Array.from({ length: 30 }, (_, n) => n).filter(n => !present.includes(n))
        expect(created).toEqual(free.slice(0, more))
      }),
    )
  })
})
