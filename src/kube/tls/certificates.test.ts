import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:tls'
import { describe, expect, it } from 'vitest'
import { createCertificateAuthority, createClientCertificate, createServingCertificate, isUsable } from './certificates.ts'

const names = ['berth.example.com', '127.0.0.1', '::1', '10.199.0.1']

describe('certificates', () => {
  it('bear their names and are signed by their authority', () => {
    const authority = createCertificateAuthority()
    const { cert } = createServingCertificate(authority, { names })
    const read = new X509Certificate(cert)
    expect(read.checkHost('berth.example.com')).toBe('berth.example.com')
    for (const ip of ['127.0.0.1', '::1', '10.199.0.1']) expect(read.checkIP(ip)).toBeDefined()
    expect(read.subject).toBe('CN=berth.example.com')
    expect(read.checkIssued(new X509Certificate(authority.cert))).toBe(true)
    expect(read.ca).toBe(false)
    expect(new X509Certificate(authority.cert).ca).toBe(true)
  })

  it('of clients carry user and groups', () => {
    const { cert } = createClientCertificate(createCertificateAuthority(), 'ada', ['players', 'admins'])
    expect(new X509Certificate(cert).subject.split('\n')).toEqual(['O=players', 'O=admins', 'CN=ada'])
  })

  it.each([
    ['today', '2026-06-01', ['127.0.0.1', 'berth.example.com'], true],
    ['for a name it lacks', '2026-06-01', ['other.example.com'], false],
    ['when it has run out', '2037-06-01', ['127.0.0.1'], false],
  ])('are usable %s: %s', (_when, date, asked, usable) => {
    const now = new Date('2026-01-01')
    const authority = createCertificateAuthority({ now })
    const { cert } = createServingCertificate(authority, { names, now })
    expect(isUsable(authority, cert, asked, new Date(date))).toBe(usable)
  })

  it('hold as long as they shall, from a day before', () => {
    const now = new Date('2026-01-01')
    const { cert } = createCertificateAuthority({ now, lifetimeMs: 90_000 })
    const { validFromDate, validToDate } = new X509Certificate(cert)
    expect([validFromDate, validToDate]).toEqual([new Date('2025-12-31'), new Date('2026-01-01T00:01:30Z')])
  })

  it('of another authority are not usable', () => {
    const { cert } = createServingCertificate(createCertificateAuthority(), { names })
    expect(isUsable(createCertificateAuthority(), cert, [])).toBe(false)
  })

  it('stay valid beyond 2049', () => {
    const now = new Date('2045-01-01')
    const { cert } = createServingCertificate(createCertificateAuthority({ now }), { names, now })
    expect(new X509Certificate(cert).validToDate.getUTCFullYear()).toBe(2054)
  })

  it('are accepted by clients that trust several authorities of one name', async () => {
    const authorities = [createCertificateAuthority(), createCertificateAuthority()] as const
    for (const authority of authorities) {
      const server = createServer(createServingCertificate(authority, { names }))
      await once(server.listen(0, '127.0.0.1'), 'listening')
      const socket = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', ca: authorities.map(({ cert }) => cert) })
      await once(socket, 'secureConnect')
      expect(socket.authorized).toBe(true)
      socket.destroy()
      server.close()
    }
  })
})
