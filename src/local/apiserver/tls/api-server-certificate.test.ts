import { X509Certificate } from 'node:crypto'
import { expect, it } from 'vitest'
import { createCertificateAuthority } from '../../../kube/tls/certificates.ts'
import { createApiServerCertificate } from './api-server-certificate.ts'

it('names what every API server is called, and what was asked for', () => {
  const { cert } = createApiServerCertificate(createCertificateAuthority(), { names: ['10.199.0.1', 'berth.example.com'] })
  const read = new X509Certificate(cert)
  for (const host of ['localhost', 'kubernetes.default.svc', 'berth.example.com']) expect(read.checkHost(host)).toBe(host)
  for (const ip of ['127.0.0.1', '::1', '10.199.0.1']) expect(read.checkIP(ip)).toBeDefined()
})
