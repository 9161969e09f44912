import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto'
import { backdatedMs, type KeyAndCertificate, namesAll } from '../tls/certificates.ts'
import type { CertificateFacts, Validity } from './certificate-plan.ts'

/** What the Secret holds for a webhook server. */
export interface CertificateMaterial {
  /** Signs serving certificates. */
  readonly authority: KeyAndCertificate
  /** What the server shows. */
  readonly serving: KeyAndCertificate
  /** Signs from some time on; clients trust it already. */
  readonly next?: KeyAndCertificate
  /** Certificate of the authority that signed before; its key is gone. Still trusted for a while. */
  readonly previous?: string
}

/** As read: parts that are missing or damaged are absent. */
export type StoredMaterial = Partial<CertificateMaterial>

type SecretData = Readonly<Record<string, string>>

/** Reads a Secret's data. A key that does not fit its certificate is damage. */
export function readMaterial(data: SecretData | undefined): StoredMaterial {
  const text = (key: string): string => Buffer.from(data?.[key] ?? '', 'base64').toString('utf8')
  const authority = usablePair({ key: text('ca.key'), cert: text('ca.crt') })
  const serving = usablePair({ key: text('tls.key'), cert: text('tls.crt') })
  const next = usablePair({ key: text('next-ca.key'), cert: text('next-ca.crt') })
  const previous = readCertificate(text('previous-ca.crt')) === undefined ? undefined : text('previous-ca.crt')
  return {
    ...(authority !== undefined && { authority }),
    ...(serving !== undefined && { serving }),
    ...(next !== undefined && { next }),
    ...(previous !== undefined && { previous }),
  }
}

/** Data of a Secret; a `kubernetes.io/tls` one for everybody who only looks for `tls.crt`. */
export function materialData({ authority, serving, next, previous }: CertificateMaterial): Record<string, string> {
  const texts = {
    'tls.crt': serving.cert,
    'tls.key': serving.key,
    'ca.crt': authority.cert,
    'ca.key': authority.key,
    ...(next === undefined ? {} : { 'next-ca.crt': next.cert, 'next-ca.key': next.key }),
    ...(previous === undefined ? {} : { 'previous-ca.crt': previous }),
  }
  return Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, Buffer.from(text).toString('base64')]))
}

/** PEM of all authorities that callers have to trust. */
export function trustedBy({ authority, next, previous }: CertificateMaterial): string {
  return [authority.cert, next?.cert, previous].filter(cert => cert !== undefined).join('')
}

/** What a decision needs to know. `names` are those the serving certificate has to bear; `isTrusted` says whether callers trust an authority. */
export function factsOf(stored: StoredMaterial, names: readonly string[], isTrusted: (cert: string) => boolean): CertificateFacts {
  const { authority, serving, next, previous } = stored
  return {
    ...(authority !== undefined && { authority: validityOf(authority.cert) }),
    ...(next !== undefined && { next: { ...validityOf(next.cert), isTrusted: isTrusted(next.cert) } }),
    ...(previous !== undefined && { previous: validityOf(previous) }),
    ...(serving !== undefined && {
      serving: {
        ...validityOf(serving.cert),
        isSigned: authority !== undefined && new X509Certificate(serving.cert).verify(createPublicKey(authority.cert)),
        isNamed: namesAll(new X509Certificate(serving.cert), names),
      },
    }),
  }
}

/** Until when a certificate holds, in milliseconds since the epoch. */
export function expiryOf(cert: string): number {
  return validityOf(cert).until
}

/** The certificate of a PEM; undefined when it is none. */
export function readCertificate(cert: string): X509Certificate | undefined {
  try {
    return new X509Certificate(cert)
  } catch {
    return undefined
  }
}

/** The pair, when its key fits its certificate. */
export function usablePair(pair: KeyAndCertificate): KeyAndCertificate | undefined {
  try {
    return new X509Certificate(pair.cert).checkPrivateKey(createPrivateKey(pair.key)) ? pair : undefined
  } catch {
    return undefined
  }
}

function validityOf(cert: string): Validity {
  const { validFromDate, validToDate } = new X509Certificate(cert)
  return { made: validFromDate.getTime() + backdatedMs, until: validToDate.getTime() }
}
