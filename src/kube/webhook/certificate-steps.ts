import { X509Certificate } from 'node:crypto'
import { createCertificateAuthority, createServingCertificate, type KeyAndCertificate } from '../tls/certificates.ts'
import { type CertificateMaterial, expiryOf, readCertificate, type StoredMaterial } from './certificate-material.ts'
import type { CertificateDecision } from './certificate-plan.ts'

export interface StepOptions {
  /** Milliseconds since the epoch. */
  readonly now: number
  /** Names that callers know the server by. */
  readonly names: readonly string[]
  /** Life of a serving certificate, in milliseconds; authorities live four times as long. */
  readonly lifetimeMs: number
  /** Authority that servers which run may still show a certificate of, should what is stored be lost. */
  readonly lastAuthority?: string
}

/** Carries out a decision: the material to store. */
export function takeStep(
  { step }: Exclude<CertificateDecision, { step: 'keep' }>,
  stored: StoredMaterial,
  options: StepOptions,
): CertificateMaterial {
  const { authority, serving, next, previous } = stored
  if (step === 'found' || authority === undefined) {
    const fresh = step === 'promote' && next !== undefined ? next : newAuthority(options)
    return { authority: fresh, serving: issue(fresh, options), ...stillTrusted(authority?.cert ?? options.lastAuthority, fresh, options) }
  }
  if (step === 'promote' && next !== undefined) {
    return { authority: next, serving: issue(next, options), ...stillTrusted(authority.cert, next, options) }
  }
  const rest = { ...(next !== undefined && { next }), ...(previous !== undefined && { previous }) }
  if (step === 'issue' || serving === undefined) return { authority, serving: issue(authority, options, serving?.cert), ...rest }
  if (step === 'announce') return { authority, serving, ...rest, next: newAuthority(options) }
  return { authority, serving, ...(next !== undefined && { next }) }
}

function newAuthority({ now, lifetimeMs }: StepOptions): KeyAndCertificate {
  return createCertificateAuthority({ commonName: 'berth-webhooks-ca', now: new Date(now), lifetimeMs: 4 * lifetimeMs })
}

/**
 * A certificate for all names. Those of the one before are kept while it holds: two versions of a program that are called by different names
 * would otherwise replace each other's certificate for as long as both run.
 */
function issue(authority: KeyAndCertificate, { now, names, lifetimeMs }: StepOptions, before?: string): KeyAndCertificate {
  const lifetime = Math.min(lifetimeMs, expiryOf(authority.cert) - now)
  const old = before === undefined ? undefined : readCertificate(before)
  const kept = old !== undefined && old.validToDate.getTime() > now + lifetimeMs / 3 ? alternativeNames(old) : []
  return createServingCertificate(authority, { names: [...names, ...kept], now: new Date(now), lifetimeMs: lifetime })
}

function alternativeNames({ subjectAltName = '' }: X509Certificate): string[] {
  return subjectAltName.split(', ').flatMap(entry => (entry.startsWith('DNS:') ? [entry.slice(4)] : []))
}

function stillTrusted(cert: string | undefined, fresh: KeyAndCertificate, { now }: StepOptions): { previous?: string } {
  const isUsable = cert !== undefined && cert !== fresh.cert && readCertificate(cert) !== undefined && expiryOf(cert) > now
  return isUsable ? { previous: cert } : {}
}
