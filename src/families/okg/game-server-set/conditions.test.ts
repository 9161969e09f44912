import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Plan } from '../../../servers/model.ts'
import { conditionsOf } from './conditions.ts'

const idle = { steps: [], waiting: [] } as unknown as Plan
const troubled = (servers: readonly string[]) => ({
  invalid: [],
  unsupported: [],
  create: servers.map(server => ({ server, reason: 'FailedCreate', message: 'Pod is invalid' })),
  addresses: [],
})
const message = (servers: readonly string[]) =>
  conditionsOf(idle, troubled(servers), 1, undefined, 0).find(({ type }) => type === 'ServersNotCreated')?.message

test('servers are named by their numbers, in whatever order their requests were answered', () => {
  const servers = Array.from({ length: 12 }, (_, id) => `odd-${id}`)
  fc.assert(
    fc.property(fc.shuffledSubarray(servers, { minLength: 12 }), shuffled => {
      expect(message(shuffled)).toBe('odd-0, odd-1, odd-2, odd-3, odd-4 and 7 more: Pod is invalid')
    }),
  )
  expect(message(['odd-10', 'odd-2'])).toBe('odd-2, odd-10: Pod is invalid')
})
