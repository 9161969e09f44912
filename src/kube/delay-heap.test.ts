import fc from 'fast-check'
import { expect, test } from 'vitest'
import { DelayHeap } from './delay-heap.ts'

test('gives keys in order of time, each at its earliest, whatever is added and deleted', () => {
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ do: fc.constant('add' as const), key: fc.nat(8), at: fc.nat(20) }) },
    fc.record({ do: fc.constant('delete' as const), key: fc.nat(8) }),
    fc.record({ do: fc.constant('take' as const), now: fc.nat(20) }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), steps => {
      const heap = new DelayHeap<number>()
      const model = new Map<number, number>()
      for (const what of steps) {
        if (what.do === 'add') {
          heap.add(what.key, what.at)
          model.set(what.key, Math.min(what.at, model.get(what.key) ?? Number.POSITIVE_INFINITY))
        } else if (what.do === 'delete') {
          heap.delete(what.key)
          model.delete(what.key)
        } else {
          const taken = heap.takeDue(what.now)
          const soonest = Math.min(...model.values())
          if (taken === undefined) expect(soonest).toBeGreaterThan(what.now)
          else {
            expect(model.get(taken.key)).toBe(soonest)
            model.delete(taken.key)
          }
        }
        expect(heap.size).toBe(model.size)
        expect(heap.nextAt).toBe(model.size === 0 ? undefined : Math.min(...model.values()))
      }
    }),
  )
})

test('equal times leave in the order they came', () => {
  const heap = new DelayHeap<string>()
  for (const key of ['c', 'a', 'b']) heap.add(key, 5)
  expect(['', '', ''].map(() => heap.takeDue(5)?.key)).toEqual(['c', 'a', 'b'])
})
