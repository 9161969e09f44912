import { expect, test } from 'vitest'
import { claimSlot } from './slot.ts'

test('two claims never share a slot, and a released slot can be had again', async () => {
  await using first = await claimSlot(57)
  const second = await claimSlot(57)
  expect(first.number).toBe(57)
  expect(second.number).not.toBe(57)
  const freed = second.number
  await second[Symbol.asyncDispose]()
  await using third = await claimSlot(freed)
  expect(third.number).toBe(freed)
})
