import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { PortLedger } from '../ledger/port-ledger.ts'
import type { Ask } from '../model.ts'
import { chooseInPool, chooseLeastUsed, choosePorts, protocolsOf } from './choose-ports.ts'

const asks = (...protocols: Ask['protocol'][]) => protocols.map(protocol => ({ protocol }))

function ledgerWith(...held: readonly (readonly [string, 'TCP' | 'UDP', number])[]): PortLedger {
  const ledger = new PortLedger()
  for (const [at, [pool, protocol, port]] of held.entries()) ledger.hold(`h${at}`, [{ pool, protocol, first: port, last: port }])
  return ledger
}

describe('choosePorts', () => {
  const range = { min: 1, max: 3, blocked: [2] }
  test.each([
    ['lowest first', asks('TCP'), ledgerWith(), { pool: 'a', numbers: [1] }],
    ['blocked ports are no ports', asks('TCP', 'TCP'), ledgerWith(), { pool: 'a', numbers: [1, 3] }],
    ['protocols are apart', asks('TCP', 'UDP'), ledgerWith(['a', 'TCP', 1]), { pool: 'a', numbers: [3, 1] }],
    ['all in one pool or none', asks('TCP', 'TCP'), ledgerWith(['a', 'TCP', 1]), { pool: 'b', numbers: [1, 3] }],
    ['both protocols on one number', asks('TCP', 'TCPUDP'), ledgerWith(['a', 'UDP', 3]), { pool: 'a', numbers: [3, 1] }],
    ['none', asks('TCP', 'TCP', 'TCP'), ledgerWith(), undefined],
  ])('%s', (_, wanted, ledger, expected) => {
    expect(choosePorts(wanted, ['a', 'b'], range, ledger, false)).toEqual(expected)
  })

  test('never gives what is used or blocked, and all of it is distinct', () => {
    const protocol = fc.constantFrom<Ask['protocol']>('TCP', 'UDP', 'TCPUDP')
    const used = fc.array(fc.tuple(fc.constantFrom('TCP' as const, 'UDP' as const), fc.integer({ min: 10, max: 25 })))
    fc.assert(
      fc.property(
        fc.array(protocol, { minLength: 1, maxLength: 6 }),
        used,
        fc.array(fc.integer({ min: 10, max: 25 })),
        (wanted, held, blocked) => {
          const ledger = ledgerWith(...held.map(([l4, port]) => ['a', l4, port] as const))
          const numbers = chooseInPool(asks(...wanted), 'a', { min: 10, max: 25, blocked }, ledger)
          if (numbers === undefined) return
          const taken = wanted.flatMap((ask, at) => protocolsOf(ask).map(l4 => `${numbers[at]}/${l4}`))
          expect(new Set(taken).size).toBe(taken.length)
          for (const [at, ask] of wanted.entries()) {
            expect(blocked).not.toContain(numbers[at])
            for (const l4 of protocolsOf(ask)) expect(ledger.uses('a', l4, numbers[at]!)).toBe(0)
          }
        },
      ),
    )
  })
})

test('host ports: the least used, the lowest among equals, all different', () => {
  const ledger = ledgerWith(['n', 'TCP', 1], ['n', 'TCP', 1], ['n', 'TCP', 2])
  expect(chooseLeastUsed(asks('TCP', 'UDP', 'TCP'), 'n', { min: 1, max: 3, blocked: [] }, ledger)).toEqual([3, 1, 2])
  expect(chooseLeastUsed(asks('TCP', 'TCP'), 'n', { min: 1, max: 1, blocked: [] }, ledger)).toBeUndefined()
})
