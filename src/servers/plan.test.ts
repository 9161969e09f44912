import { describe, expect, it } from 'vitest'
import type { Member } from './model.ts'
import { plan } from './plan.ts'
import { ids, member, run, type Settings, short, stepsOf, wantedOf, World } from './simulated-world.ts'

describe('ids', () => {
  it.each<[string, Settings, Member[], number[]]>([
    ['from nothing', { replicas: 3 }, [], [0, 1, 2]],
    ['reserved ids are skipped', { replicas: 6, reserved: ['4-6'] }, ids(0, 1, 2, 3), [0, 1, 2, 3, 7, 8]],
    [
      'the server to be deleted first leaves, whatever its id',
      { replicas: 5 },
      ids(0, 1, 2, 4, 5).concat(member(3, { rank: { ops: 1 } })),
      [0, 1, 2, 4, 5],
    ],
    ['the highest id leaves when nothing else is said', { replicas: 2 }, ids(0, 1, 2), [0, 1]],
    ['priority decides after the ops state', { replicas: 1 }, [member(0, { rank: { priority: 5 } }), member(1)], [1]],
    ['a reserved id leaves and another comes', { replicas: 3, reserved: [1] }, ids(0, 1, 2), [0, 2, 3]],
    ['an id that is no longer reserved stays a hole', { replicas: 3 }, ids(0, 2, 3), [0, 2, 3]],
    ['holes are refilled lowest first', { replicas: 5 }, ids(1, 3, 5), [0, 1, 2, 3, 5]],
    ['reservation beats protection', { replicas: 2, reserved: [0] }, [member(0, { rank: { ops: -2 } }), member(1)], [1, 2]],
    ['ids may start high', { replicas: 2, reserved: ['0-9999'] }, [], [10000, 10001]],
    ['to nothing', { replicas: 0 }, ids(0, 1), []],
  ])('%s', (_, settings, members, expected) => {
    const world = new World(members)
    run(world, settings)
    expect(world.ordinals()).toEqual(expected)
  })

  it('brings a vanished server back under its own id, beside a hole', () => {
    const world = new World(ids(0, 1, 2, 4, 5).concat(member(3, { rank: { ops: 1 } })))
    run(world, { replicas: 5 })
    expect(world.memory?.holes.toString()).toBe('3')
    world.members = world.members.filter(m => m.ordinal !== 4)
    expect(world.plan({ replicas: 5 }).steps.map(short)).toEqual(['create s-4 r1'])
    run(world, { replicas: 5 })
    run(world, { replicas: 6 })
    expect(world.ordinals()).toEqual([0, 1, 2, 3, 4, 5])
    expect(world.memory).toBeUndefined()
  })

  it('waits until the old server is gone before it uses its name again', () => {
    const result = plan(wantedOf({ replicas: 1 }), [member(0, { stage: 'Leaving' })], 0)
    expect(result.steps).toEqual([])
    expect(result.waiting).toMatchObject([{ reason: 'Terminating', servers: ['s-0'] }])
  })

  it('gives another id while a scaled-away server is held by its delete hook', () => {
    const held = member(1, { held: { delete: true, change: false } })
    expect(stepsOf({ replicas: 1 }, [member(0), held])).toEqual(['announce-delete s-1'])
    expect(stepsOf({ replicas: 2 }, [member(0), { ...held, stage: 'Leaving', preparingDelete: 'ScaleDown' }])).toEqual(['create s-2 r1'])
    expect(
      stepsOf({ replicas: 1 }, [
        member(0),
        { ...held, stage: 'Leaving', preparingDelete: 'ScaleDown', held: { delete: false, change: false } },
      ]),
    ).toEqual(['delete s-1 ScaleDown'])
    expect(stepsOf({ replicas: 2 }, [member(0), { ...held, stage: 'Leaving', preparingDelete: 'Outdated' }])).toEqual([])
  })

  it('adds servers only within scale.maxUnavailable', () => {
    expect(stepsOf({ replicas: 5, scale: { maxUnavailable: 2 } }, [member(0), member(1, { stage: 'Starting' })])).toEqual(['create s-2 r1'])
  })
})

describe('rollout', () => {
  const five = ids(0, 1, 2, 3, 4)
  it.each<[string, Settings, Member[], string[]]>([
    ['one at a time, highest id first', { replicas: 5, target: 'r3' }, five, ['delete s-4 Outdated']],
    ['by update order', { replicas: 2, target: 'r3' }, [member(0, { rank: { priority: 3 } }), member(1)], ['delete s-0 Outdated']],
    ['maxUnavailable', { replicas: 5, target: 'r3', update: { maxUnavailable: 2 } }, five, ['delete s-4 Outdated', 'delete s-3 Outdated']],
    ['partition', { replicas: 5, target: 'r3', update: { partition: 4, maxUnavailable: 5 } }, five, ['delete s-4 Outdated']],
    ['paused', { replicas: 5, target: 'r3', update: { paused: true } }, five, []],
    ['OnDelete', { replicas: 5, target: 'r3', update: { mode: 'OnDelete' } }, five, []],
    ['OnDelete: new servers get the target', { replicas: 6, target: 'r3', update: { mode: 'OnDelete' } }, five, ['create s-5 r3']],
    [
      'below the partition new servers get the stable revision',
      { replicas: 4, target: 'r3', stable: 'r1', update: { partition: 2 } },
      [member(0), member(1, { revision: 'r3' })],
      ['create s-2 r1', 'create s-3 r3'],
    ],
    ['images in place', { replicas: 5, target: 'r2', update: { mode: 'InPlaceIfPossible' } }, five, ['advance s-4 Drained']],
    [
      'in place if possible, or else recreate',
      { replicas: 5, target: 'r3', update: { mode: 'InPlaceIfPossible' } },
      five,
      ['delete s-4 Outdated'],
    ],
    ['in place only', { replicas: 5, target: 'r3', update: { mode: 'InPlaceOnly' } }, five, []],
    [
      'a hook first',
      { replicas: 1, target: 'r2', update: { mode: 'InPlaceOnly' } },
      [member(0, { held: { delete: false, change: true } })],
      ['advance s-0 Hooked'],
    ],
    [
      'stops at a server that does not come up',
      { replicas: 5, target: 'r2', update: { mode: 'InPlaceOnly' } },
      [...ids(0, 1, 2, 3), member(4, { revision: 'r2', stage: 'Changing', change: { phase: 'Patched', since: 0, restarted: false } })],
      [],
    ],
    [
      'a broken target is left at once for a newer one',
      { replicas: 5, target: 'r1', update: { mode: 'InPlaceOnly' } },
      [...ids(0, 1, 2, 3), member(4, { revision: 'r2', stage: 'Changing', change: { phase: 'Patched', since: 0, restarted: false } })],
      ['advance s-4 Patched'],
    ],
    [
      'an undo while draining restores',
      { replicas: 1, update: { mode: 'InPlaceOnly' } },
      [member(0, { stage: 'Changing', change: { phase: 'Drained', since: 0, restarted: false } })],
      ['advance s-0 Restored'],
    ],
    ['a broken server is made again', { replicas: 1 }, [member(0, { stage: 'Broken' })], ['delete s-0 Broken']],
    ['requested recreation', { replicas: 2 }, [member(0, { recreateRequested: true }), member(1)], ['delete s-0 Requested']],
    ['directed change', { replicas: 2, overrides: new Map([['s-1', [{ name: 'side', image: 'side:9' }]]]) }, ids(0, 1), ['override s-1']],
  ])('%s', (_, settings, members, expected) => {
    expect(stepsOf(settings, members)).toEqual(expected)
  })

  it('names the field that keeps InPlaceOnly from going on', () => {
    const { waiting } = plan(wantedOf({ replicas: 1, target: 'r3', update: { mode: 'InPlaceOnly' } }), ids(0), 0)
    expect(waiting).toMatchObject([
      { reason: 'NeedsRecreation', servers: ['s-0'], message: expect.stringContaining('spec.containers[0].env[0].value') },
    ])
  })

  it('waits for the grace period and wakes up for it', () => {
    const drained = member(0, { stage: 'Changing', change: { phase: 'Drained', since: 1000, restarted: false } })
    const settings: Settings = { replicas: 1, target: 'r2', update: { mode: 'InPlaceOnly', gracePeriodSeconds: 5 } }
    expect(plan(wantedOf(settings), [drained], 2000)).toMatchObject({ steps: [], wakeAt: 6000 })
    expect(stepsOf(settings, [drained], 6000)).toEqual(['advance s-0 Patched'])
  })

  it('leaves an overridden image alone and only moves the revision', () => {
    const overrides = new Map([['s-0', [{ name: 'side', image: 'side:9' }]]])
    const own = member(0, {
      images: new Map([
        ['game', 'game:1'],
        ['side', 'side:9'],
      ]),
    })
    const { steps } = plan(wantedOf({ replicas: 1, target: 'r2', overrides, update: { mode: 'InPlaceOnly' } }), [own], 0)
    expect(steps).toMatchObject([{ do: 'change', change: { to: 'r2', images: [] } }])
  })

  it('surges with generated names and ends at the wanted count', () => {
    const members = ['a', 'b', 'c'].map((name, i) => {
      const { ordinal: _, ...rest } = member(i)
      return { ...rest, key: `s-${name}` }
    })
    const world = new World(members)
    const settings: Settings = { replicas: 3, target: 'r3', generated: true, update: { maxSurge: 1, maxUnavailable: 0 } }
    for (let i = 0; i < 20; i++) {
      const { steps } = world.plan(settings)
      world.apply(steps)
      expect(world.members.filter(m => m.stage !== 'Leaving').length).toBeLessThanOrEqual(4)
      expect(world.members.filter(m => m.stage === 'Ready').length).toBeGreaterThanOrEqual(3)
      world.settle()
    }
    expect(world.members.map(m => m.revision)).toEqual(['r3', 'r3', 'r3'])
  })
})
