import { expect, it } from 'vitest'
import { generatedKeys } from './identity.ts'

it('makes up names that may be values of labels, whatever they begin with', () => {
  const keys = generatedKeys({ kind: 'generated', prefix: `${'f'.repeat(63)}-`, seed: 's' }, 3, new Set())
  expect(new Set(keys).size).toBe(3)
  for (const key of keys) expect(key).toMatch(/^f{58}\w{5}$/)
})
