import { describe, expect, it } from 'vitest'
import { type AdmissionAnswer, reviewOf } from './admission-review.ts'

describe('reviewOf', () => {
  const steps = [{ op: 'replace', path: '/a', value: 1 }]
  it.each<[string, AdmissionAnswer, object]>([
    ['nothing to change', { allowed: true }, { allowed: true }],
    // An empty list is no patch: API servers expect base64 there.
    ['no steps', { allowed: true, patch: [] }, { allowed: true }],
    [
      'steps',
      { allowed: true, patch: steps },
      { allowed: true, patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(steps)).toString('base64') },
    ],
    ['warnings', { allowed: true, warnings: ['a\nb'] }, { allowed: true, warnings: ['a b'] }],
    [
      'a refusal',
      { allowed: false, status: { kind: 'Status', apiVersion: 'v1', code: 422 } },
      { allowed: false, status: { kind: 'Status', apiVersion: 'v1', code: 422 } },
    ],
  ])('%s', (_, answer, expected) =>
    expect(reviewOf('u', answer)).toEqual({
      apiVersion: 'admission.k8s.io/v1',
      kind: 'AdmissionReview',
      response: { uid: 'u', ...expected },
    }),
  )
})
