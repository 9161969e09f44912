import { X509Certificate } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { allTrust, bundlePatch } from './ca-bundle.ts'
import { expiryOf, factsOf, materialData, readMaterial, trustedBy } from './certificate-material.ts'
import { takeStep } from './certificate-steps.ts'

const now = Date.UTC(2026, 0, 1)
const minute = 60_000
const options = { now, names: ['a.b.svc', 'a.b'], lifetimeMs: 90 * minute }
const found = takeStep({ step: 'found', reason: '' }, {}, options)
const later = (minutes: number) => ({ ...options, now: now + minutes * minute })
const namesOf = (cert: string) => new X509Certificate(cert).subjectAltName
const facts = (material: typeof found, names = options.names) => factsOf(material, names, () => true)

describe('steps', () => {
  it('found an authority and a certificate with all names, and say how old they are', () => {
    expect(facts(found)).toEqual({
      authority: { made: now, until: now + 360 * minute },
      serving: { made: now, until: now + 90 * minute, isSigned: true, isNamed: true },
    })
    expect(facts(found, ['other.svc']).serving?.isNamed).toBe(false)
  })

  it('issue: the authority stays', () => {
    const issued = takeStep({ step: 'issue', reason: '' }, found, later(60))
    expect(issued.authority).toEqual(found.authority)
    expect(facts(issued).serving).toMatchObject({ made: now + 60 * minute, isSigned: true })
  })

  it('issue for another name keeps the old ones while they are in use, and drops them at the next renewal', () => {
    const both = takeStep({ step: 'issue', reason: '' }, found, { ...later(1), names: ['new.svc'] })
    expect(namesOf(both.serving.cert)).toBe('DNS:new.svc, DNS:a.b.svc, DNS:a.b')
    const renewed = takeStep({ step: 'issue', reason: '' }, both, { ...later(70), names: ['new.svc'] })
    expect(namesOf(renewed.serving.cert)).toBe('DNS:new.svc')
  })

  it('never issue beyond the life of the authority', () => {
    const { serving, authority } = takeStep({ step: 'issue', reason: '' }, found, later(350))
    expect(expiryOf(serving.cert)).toBe(expiryOf(authority.cert))
  })

  it('announce, promote, forget: both authorities are trusted throughout, and the old key is gone after the change', () => {
    const announced = takeStep({ step: 'announce', reason: '' }, found, later(240))
    expect(announced.serving).toEqual(found.serving)
    expect(trustedBy(announced)).toBe(found.authority.cert + announced.next?.cert)
    const promoted = takeStep({ step: 'promote', reason: '' }, announced, later(250))
    expect(promoted.authority).toEqual(announced.next)
    expect(promoted.previous).toBe(found.authority.cert)
    expect(JSON.stringify(promoted)).not.toContain(JSON.stringify(found.authority.key).slice(1, -1))
    expect(facts(promoted).serving?.isSigned).toBe(true)
    const forgotten = takeStep({ step: 'forget', reason: '' }, promoted, later(260))
    expect(trustedBy(forgotten)).toBe(announced.next?.cert)
    expect(forgotten.serving).toEqual(promoted.serving)
  })

  it('found anew: what running servers may show stays trusted, unless it has expired', () => {
    const anew = takeStep({ step: 'found', reason: '' }, {}, { ...later(5), lastAuthority: found.authority.cert })
    expect(anew.previous).toBe(found.authority.cert)
    expect(takeStep({ step: 'found', reason: '' }, {}, { ...later(400), lastAuthority: found.authority.cert }).previous).toBeUndefined()
  })
})

describe('what is stored', () => {
  const announced = takeStep({ step: 'announce', reason: '' }, { ...found, previous: found.authority.cert }, options)
  const data = materialData(announced)
  const base64 = (text: string) => Buffer.from(text).toString('base64')

  it('is read as it was written', () => {
    expect(readMaterial(data)).toEqual(announced)
    expect(readMaterial(undefined)).toEqual({})
  })

  it.each<[string, Record<string, string>, string[]]>([
    ['the certificate', { 'tls.crt': base64('no certificate') }, ['authority', 'next', 'previous']],
    ['its key', { 'tls.key': '' }, ['authority', 'next', 'previous']],
    ['a key of another', { 'ca.key': data['tls.key'] ?? '' }, ['next', 'previous', 'serving']],
    ['no base64', { 'ca.crt': '%%%' }, ['next', 'previous', 'serving']],
    [
      'the next authority',
      { 'next-ca.crt': base64('-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n') },
      ['authority', 'previous', 'serving'],
    ],
    ['the previous authority', { 'previous-ca.crt': base64('?') }, ['authority', 'next', 'serving']],
  ])('lacks what is damaged: %s', (_what, damage, left) => {
    expect(Object.keys(readMaterial({ ...data, ...damage })).sort()).toEqual(left)
  })
})

describe('the bundle of a configuration', () => {
  const other = takeStep({ step: 'found', reason: '' }, {}, options).authority.cert
  const own = found.authority.cert
  const place = (name: string, ...certs: string[]) => ({
    path: `/${name}/caBundle`,
    guard: { path: `/${name}/name`, value: name },
    ...(certs.length > 0 && { caBundle: Buffer.from(certs.join('# text between\n')).toString('base64') }),
  })

  it('is left alone when it holds the same authorities, in whatever order', () => {
    expect(bundlePatch([place('a', own, other), place('b', other, own)], own + other)).toEqual([])
  })

  it.each([[[place('a')]], [[place('a', other)]], [[place('a', own, other)]], [[{ ...place('a'), caBundle: '%%' }]]])(
    'is set where it differs: %#',
    places => {
      expect(bundlePatch([place('fine', own), ...places], own)).toEqual([
        { op: 'test', path: '/a/name', value: 'a' },
        { op: 'add', path: '/a/caBundle', value: Buffer.from(own).toString('base64') },
      ])
    },
  )

  it('says who is trusted by all', () => {
    expect(allTrust([place('a', own), place('b', own, other)], own)).toBe(true)
    expect(allTrust([place('a', own), place('b', own, other)], other)).toBe(false)
    expect(allTrust([place('a')], own)).toBe(false)
    expect(allTrust([], own)).toBe(true)
  })
})
