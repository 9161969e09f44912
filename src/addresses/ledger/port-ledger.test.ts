import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Holding } from './port-ledger.ts'
import { PortLedger } from './port-ledger.ts'

test('what is replaced is free again, what stays was never free', () => {
  const ledger = new PortLedger()
  const freed: string[] = []
  using _ = ledger.onFreed(pool => freed.push(pool))
  ledger.hold('a', [{ pool: 'p', protocol: 'TCP', first: 1, last: 3 }])
  ledger.hold('a', [{ pool: 'p', protocol: 'TCP', first: 1, last: 3 }])
  expect(freed).toEqual([])
  expect(ledger.used('p')).toBe(3)
  ledger.hold('a', [{ pool: 'p', protocol: 'UDP', first: 1, last: 1 }])
  expect(freed).toEqual(['p'])
  expect([ledger.uses('p', 'TCP', 2), ledger.uses('p', 'UDP', 1)]).toEqual([0, 1])
  ledger.release('a')
  ledger.release('a')
  expect(freed).toEqual(['p', 'p'])
  expect(ledger.used('p')).toBe(0)
})

test('uses equal the holdings of all holders, whatever happened', () => {
  const holding: fc.Arbitrary<Holding> = fc
    .tuple(fc.constantFrom('p', 'q'), fc.constantFrom('TCP' as const, 'UDP' as const), fc.integer({ min: 1, max: 9 }), fc.nat(3))
    .map(([pool, protocol, first, more]) => ({ pool, protocol, first, last: first + more }))
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.array(holding, { maxLength: 3 }))), changes => {
      const ledger = new PortLedger()
      const model = new Map<string, readonly Holding[]>()
      for (const [holder, holdings] of changes) {
        ledger.hold(holder, holdings)
        model.set(holder, holdings)
      }
      for (const pool of ['p', 'q']) {
        for (const protocol of ['TCP', 'UDP'] as const) {
          for (let port = 1; port <= 12; port++) {
            const expected = [...model.values()]
              .flat()
              .filter(h => h.pool === pool && h.protocol === protocol && h.first <= port && port <= h.last).length
            expect(ledger.uses(pool, protocol, port)).toBe(expected)
          }
        }
      }
    }),
  )
})
