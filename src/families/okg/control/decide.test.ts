import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type ControlFacts, decideControl } from './decide.ts'

const plain: ControlFacts = {
  label: undefined,
  takeOver: false,
  manager: 'absent',
  workload: 'absent',
  hasOwnParts: false,
  isTakingOver: false,
}
const decided = (facts: Partial<ControlFacts>): string => {
  const control = decideControl({ ...plain, ...facts })
  return control.mode === 'leave' ? `leave ${control.reason}` : control.mode
}
const wanted = { label: 'take-over' }

describe('who runs a set', () => {
  test.each<[string, Partial<ControlFacts>, string]>([
    ['nobody else is there', {}, 'run'],
    ['a new set beside a live OKG', { manager: 'alive' }, 'leave ManagerAlive'],
    ['a new set, nothing known yet', { manager: 'unknown', workload: 'unknown' }, 'leave NotKnown'],
    ['a new set, the manager may not be read', { manager: 'unknown' }, 'leave NotKnown'],
    ['a new set, workloads may not be read', { workload: 'unknown' }, 'leave NotKnown'],
    ['OKG runs it', { manager: 'alive', workload: 'present' }, 'leave RunByKruise'],
    ['OKG ran it and is stopped: its workload still keeps the pods', { workload: 'present' }, 'leave RunByKruise'],
    ['we run it, and OKG has come', { hasOwnParts: true, manager: 'alive' }, 'run'],
    ['we run it, and a restart knows nothing yet', { hasOwnParts: true, manager: 'unknown', workload: 'unknown' }, 'run'],
    ['we ran it, and OKG has made a workload for it', { hasOwnParts: true, manager: 'alive', workload: 'present' }, 'leave RunByKruise'],
    ['asked to, a new set beside a live OKG', { ...wanted, manager: 'alive' }, 'run'],
    ['asked to, but OKG runs it', { ...wanted, manager: 'alive', workload: 'present' }, 'leave ManagerAlive'],
    ['asked to, and OKG is stopped', { ...wanted, workload: 'present' }, 'take-over'],
    ['asked to, and nobody knows whether OKG is stopped', { ...wanted, manager: 'unknown', workload: 'present' }, 'leave NotKnown'],
    ['asked to, and nobody knows whether OpenKruise runs it', { ...wanted, workload: 'unknown' }, 'leave NotKnown'],
    ['asked for all sets', { takeOver: true, workload: 'present' }, 'take-over'],
    ['half taken over: the workload is gone', { isTakingOver: true }, 'take-over'],
    ['half taken over, and the revision is ours', { isTakingOver: true, hasOwnParts: true, workload: 'unknown' }, 'take-over'],
    ['hands off wins over the flag', { label: 'hands-off', takeOver: true }, 'leave AskedTo'],
    ['hands off wins over what we have', { label: 'hands-off', hasOwnParts: true }, 'leave AskedTo'],
    ['a label of another value says nothing', { label: 'yes', manager: 'alive' }, 'leave ManagerAlive'],
  ])('%s', (_name, facts, expected) => {
    expect(decided(facts)).toBe(expected)
  })

  const facts = fc.record<ControlFacts>({
    label: fc.constantFrom(undefined, 'take-over', 'hands-off', 'x'),
    takeOver: fc.boolean(),
    manager: fc.constantFrom('alive', 'absent', 'unknown'),
    workload: fc.constantFrom('present', 'absent', 'unknown'),
    hasOwnParts: fc.boolean(),
    isTakingOver: fc.boolean(),
  })

  test('a set that OpenKruise runs is never written without being asked, and never while the manager could be there', () => {
    fc.assert(
      fc.property(facts, given => {
        const { mode } = decideControl(given)
        if (given.workload !== 'present') return
        expect(mode).not.toBe('run')
        if (mode === 'take-over') {
          expect(given.takeOver || given.label === 'take-over').toBe(true)
          expect(given.manager).toBe('absent')
        }
      }),
    )
  })

  test('what is a stranger to us and is not asked for is written only where OKG and OpenKruise are known to be absent', () => {
    fc.assert(
      fc.property(facts, given => {
        if (given.takeOver || given.label === 'take-over' || given.hasOwnParts || given.isTakingOver) return
        expect(decideControl(given).mode === 'run').toBe(
          given.manager === 'absent' && given.workload === 'absent' && given.label !== 'hands-off',
        )
      }),
    )
  })
})
