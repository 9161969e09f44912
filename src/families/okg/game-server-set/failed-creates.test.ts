import { describe, expect, it } from 'vitest'
import type { Step } from '../../../servers/model.ts'
import { FailedCreates } from './failed-creates.ts'

const create = (key: string): Step => ({ do: 'create', key, revision: 'r' })
const trouble = (server: string) => ({ server, reason: 'FailedCreate', message: 'no' })

describe('FailedCreates', () => {
  it('holds failed servers back for a while, and lets the others through', () => {
    const failed = new FailedCreates()
    const steps = [create('a'), create('b')]
    expect(failed.withoutRetries(steps, 1, 0)).toEqual(steps)
    failed.record([trouble('a')], steps, new Set(['a', 'b']), 0)
    expect([failed.list(), failed.retryAt]).toEqual([[trouble('a')], 5000])
    expect(failed.withoutRetries(steps, 1, 4999)).toEqual([create('b')])
    expect(failed.withoutRetries(steps, 1, 5000)).toEqual(steps)
  })

  it('tries again at once when the spec changed', () => {
    const failed = new FailedCreates()
    failed.withoutRetries([], 1, 0)
    failed.record([trouble('a')], [create('a')], new Set(['a']), 0)
    expect(failed.withoutRetries([create('a')], 2, 1)).toEqual([create('a')])
  })

  it('forgets servers that were made, or are not wanted any more', () => {
    const failed = new FailedCreates()
    failed.record([trouble('a'), trouble('b')], [create('a'), create('b')], new Set(['a', 'b']), 0)
    failed.record([], [create('a')], new Set(['a']), 0)
    expect([failed.list(), failed.retryAt]).toEqual([[], undefined])
  })
})
