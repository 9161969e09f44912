import { X509Certificate } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createCertificateAuthority, createClientCertificate, createServingCertificate, isUsable } from './certificates.ts'

describe('certificates', () => {
  it('name what every API server is called, and what was asked for', () => {
    const authority = createCertificateAuthority()
    const { cert } = createServingCertificate(authority, { names: ['10.199.0.1', 'berth.example.com'] })
    const read = new X509Certificate(cert)
    for (const host of ['localhost', 'kubernetes.default.svc', 'berth.example.com']) expect(read.checkHost(host)).toBe(host)
    for (const ip of ['127.0.0.1', '::1', '10.199.0.1']) expect(read.checkIP(ip)).toBeDefined()
    expect(read.checkIssued(new X509Certificate(authority.cert))).toBe(true)
    expect(read.ca).toBe(false)
    expect(new X509Certificate(authority.cert).ca).toBe(true)
  })

  it('of clients carry user and groups', () => {
    const { cert } = createClientCertificate(createCertificateAuthority(), 'ada', ['players', 'admins'])
    expect(new X509Certificate(cert).subject.split('\n')).toEqual(['O=players', 'O=admins', 'CN=ada'])
  })

  it.each([
    ['today', '2026-06-01', ['127.0.0.1', 'localhost'], true],
    ['for a name it lacks', '2026-06-01', ['other.example.com'], false],
    ['when it has run out', '2037-06-01', ['127.0.0.1'], false],
  ])('are usable %s: %s', (_when, date, names, usable) => {
    const now = new Date('2026-01-01')
    const authority = createCertificateAuthority(now)
    const { cert } = createServingCertificate(authority, { now })
    expect(isUsable(authority, cert, names, new Date(date))).toBe(usable)
  })

  it('of another authority are not usable', () => {
    const { cert } = createServingCertificate(createCertificateAuthority())
    expect(isUsable(createCertificateAuthority(), cert, [])).toBe(false)
  })

  it('stay valid beyond 2049', () => {
    const now = new Date('2045-01-01')
    const { cert } = createServingCertificate(createCertificateAuthority(now), { now })
    expect(new X509Certificate(cert).validToDate.getUTCFullYear()).toBe(2054)
  })
})
