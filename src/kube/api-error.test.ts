import { describe, expect, test } from 'vitest'
import {
  ApiError,
  isAlreadyExists,
  isConflict,
  isGone,
  isInvalid,
  isNamespaceTerminating,
  isNotFound,
  isUnreachable,
  parseRetryAfter,
} from './api-error.ts'

describe('ApiError', () => {
  test.each([
    ['a Status', ApiError.fromResponse(409, { kind: 'Status', code: 409, reason: 'AlreadyExists', message: 'x' }), 'AlreadyExists', 'x'],
    ['a text', ApiError.fromResponse(502, 'bad gateway\n'), 'Unknown', 'bad gateway'],
    ['nothing', ApiError.fromResponse(404, ''), 'NotFound', 'the server answered with status 404'],
    [
      'no connection',
      ApiError.unreachable(new Error('outer', { cause: new AggregateError([new Error('connect ECONNREFUSED')]) })),
      'Unreachable',
      'connect ECONNREFUSED',
    ],
  ])('from %s', (_what, error, reason, message) => {
    expect([error.reason, error.message]).toEqual([reason, message])
  })

  test('predicates look at the reason, since one code has several', () => {
    const exists = new ApiError({ code: 409, reason: 'AlreadyExists' })
    expect([isAlreadyExists(exists), isConflict(exists), isNotFound(exists)]).toEqual([true, false, false])
    expect(isConflict(ApiError.fromResponse(409, 'x'))).toBe(true)
    expect(isInvalid(new ApiError({ code: 422 }))).toBe(true)
    expect([isGone(new ApiError({ code: 410, reason: 'Expired' })), isGone(new ApiError({ code: 410 }))]).toEqual([true, true])
    expect(isUnreachable(new Error('x'))).toBe(false)
    const terminating = { code: 403, reason: 'Forbidden', details: { causes: [{ reason: 'NamespaceTerminating' }] } }
    expect([isNamespaceTerminating(new ApiError(terminating)), isNamespaceTerminating(new ApiError({ code: 403 }))]).toEqual([true, false])
  })

  test('says how long to wait, from the header or the Status', () => {
    expect(ApiError.fromResponse(429, '', { 'retry-after': '3' }).retryAfterMs).toBe(3000)
    expect(new ApiError({ code: 429, details: { retryAfterSeconds: 2 } }).retryAfterMs).toBe(2000)
    expect(new ApiError({ code: 500 }).retryAfterMs).toBeUndefined()
    expect(parseRetryAfter('Thu, 01 Jan 1970 00:00:00 GMT')).toBe(0)
    expect(parseRetryAfter('soon')).toBeUndefined()
  })
})
