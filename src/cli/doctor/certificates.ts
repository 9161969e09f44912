import { X509Certificate } from 'node:crypto'

/** All certificates of a PEM text that can be read. */
export function readCertificates(pem: string): X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  return blocks.flatMap(block => {
    try {
      return [new X509Certificate(block)]
    } catch {
      return []
    }
  })
}

/** `2026-11-21` */
export function dateOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10)
}
