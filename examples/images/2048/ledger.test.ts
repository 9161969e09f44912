import { expect, it } from 'vitest'
import { Ledger } from './rootfs/srv/2048/ledger.mjs'

it('counts what came, what is missing, and no message twice', () => {
  const ledger = new Ledger()
  expect(ledger.record('ann', 1)).toEqual({ received: 1, missing: 0 })
  expect(ledger.record('ann', 4)).toEqual({ received: 2, missing: 2 })
  expect(ledger.record('ann', 4)).toEqual({ received: 2, missing: 2 })
  expect(ledger.record('ann', 2)).toEqual({ received: 3, missing: 1 })
  expect(ledger.record('bob', 1)).toEqual({ received: 1, missing: 0 })
  expect(ledger.totals).toEqual({ players: 2, received: 4, missing: 1 })
})
