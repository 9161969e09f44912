import { describe, expect, it } from 'vitest'
import { type CertificateFacts, decideCertificates } from './certificate-plan.ts'

// In minutes of a life of 90 for serving certificates and 360 for authorities, with an overlap of 9.
const overlap = 9
const serving = { made: 0, until: 90, isSigned: true, isNamed: true }
const authority = { made: 0, until: 360 }
const next = (made: number, isTrusted = true) => ({ made, until: made + 360, isTrusted })

describe('webhook certificates', () => {
  it.each<[string, number, CertificateFacts, string]>([
    ['nothing there yet', 0, {}, 'found: there is no usable authority'],
    ['a damaged authority', 5, { serving: { ...serving, isSigned: false } }, 'found: there is no usable authority'],
    ['an expired authority', 361, { authority, serving: { ...serving, until: 500 } }, 'found: the authority has expired'],
    ['an expired authority with a next one', 361, { authority, serving, next: next(355, false) }, 'promote: the authority has expired'],
    ['a damaged authority with a next one', 250, { next: next(245) }, 'promote: there is no usable authority'],
    ['an expired next one is none', 800, { next: next(1) }, 'found: there is no usable authority'],
    ['no serving certificate', 5, { authority }, 'issue: there is no usable serving certificate'],
    [
      'a serving certificate of another authority',
      5,
      { authority, serving: { ...serving, isSigned: false } },
      'issue: the serving certificate is not of this authority',
    ],
    ['another name', 5, { authority, serving: { ...serving, isNamed: false } }, 'issue: the serving certificate lacks a name'],
    ['all is well', 5, { authority, serving }, 'keep until 60'],
    ['just before two thirds', 59.9, { authority, serving }, 'keep until 60'],
    ['two thirds of the serving certificate', 60, { authority, serving }, 'issue: two thirds of its life are over'],
    ['an expired serving certificate', 91, { authority, serving }, 'issue: the serving certificate has expired'],
    ['a clock that runs behind the maker', -3, { authority, serving }, 'keep until 60'],
    [
      "two thirds of the authority's life",
      240,
      { authority, serving: { ...serving, made: 230, until: 320 } },
      "announce: two thirds of the authority's life are over",
    ],
    ['announced', 245, { authority, serving: { ...serving, made: 230, until: 320 }, next: next(240) }, 'keep until 249'],
    [
      'announced and trusted long enough',
      249,
      { authority, serving: { ...serving, made: 230, until: 320 }, next: next(240) },
      'promote: the next authority is trusted by all',
    ],
    [
      'announced, but not trusted by all',
      270,
      { authority, serving: { ...serving, made: 230, until: 320 }, next: next(240, false) },
      'keep until 290',
    ],
    [
      'not trusted by all, and no time left',
      352,
      { authority, serving: { ...serving, made: 340, until: 430 }, next: next(240, false) },
      'promote: the authority is about to expire',
    ],
    ['promoted', 250, { authority: next(240), serving: { ...serving, made: 249, until: 339 }, previous: authority }, 'keep until 258'],
    [
      'promoted long enough ago',
      258,
      { authority: next(240), serving: { ...serving, made: 249, until: 339 }, previous: authority },
      'forget: no server shows a certificate of the previous authority',
    ],
    [
      'the previous authority has expired',
      361,
      { authority: next(240), serving: { ...serving, made: 360, until: 450 }, previous: authority },
      'forget: no server shows a certificate of the previous authority',
    ],
  ])('%s', (_what, now, facts, expected) => {
    const decision = decideCertificates(facts, now, overlap)
    expect(decision.step === 'keep' ? `keep until ${decision.until}` : `${decision.step}: ${decision.reason}`).toBe(expected)
  })
})
