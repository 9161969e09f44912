/** When a certificate was made and until when it holds, in milliseconds since the epoch. */
export interface Validity {
  readonly made: number
  readonly until: number
}

/** What is known of a webhook server's certificates; what is missing or damaged is absent. */
export interface CertificateFacts {
  readonly authority?: Validity
  /** `isTrusted`: everybody who calls trusts it already. */
  readonly next?: Validity & { readonly isTrusted: boolean }
  readonly previous?: Validity
  /** `isSigned`: by the authority. `isNamed`: bears every name it is called by. */
  readonly serving?: Validity & { readonly isSigned: boolean; readonly isNamed: boolean }
}

/** The one step to take now; after it facts are looked at again. */
export type CertificateDecision =
  /** A new authority and a certificate of it: nothing that exists can be built upon. */
  | { readonly step: 'found'; readonly reason: string }
  /** A new serving certificate of the same authority. */
  | { readonly step: 'issue'; readonly reason: string }
  /** A next authority, to be trusted before it signs anything. */
  | { readonly step: 'announce'; readonly reason: string }
  /** The next authority signs from now on; the one before stays trusted. */
  | { readonly step: 'promote'; readonly reason: string }
  /** The previous authority is no longer trusted. */
  | { readonly step: 'forget'; readonly reason: string }
  /** All is well until then. */
  | { readonly step: 'keep'; readonly until: number }

/**
 * What to do about a webhook server's certificates. Each is renewed after two thirds of its life. An authority is changed without a moment in
 * which a caller distrusts a server: the next one is trusted for `overlapMs` before it signs, and the previous one for as long after the last
 * server could have shown a certificate of it.
 */
export function decideCertificates(facts: CertificateFacts, now: number, overlapMs: number): CertificateDecision {
  const { serving, previous } = facts
  const authority = valid(facts.authority, now)
  const next = valid(facts.next, now)
  if (authority === undefined) {
    const reason = facts.authority === undefined ? 'there is no usable authority' : 'the authority has expired'
    return { step: next === undefined ? 'found' : 'promote', reason }
  }
  if (next !== undefined) {
    if (next.isTrusted && now >= next.made + overlapMs) return { step: 'promote', reason: 'the next authority is trusted by all' }
    if (authority.until - now < overlapMs) return { step: 'promote', reason: 'the authority is about to expire' }
  }
  if (serving === undefined) return { step: 'issue', reason: 'there is no usable serving certificate' }
  if (!serving.isSigned) return { step: 'issue', reason: 'the serving certificate is not of this authority' }
  if (!serving.isNamed) return { step: 'issue', reason: 'the serving certificate lacks a name' }
  if (now >= renewalOf(serving)) {
    return { step: 'issue', reason: serving.until <= now ? 'the serving certificate has expired' : 'two thirds of its life are over' }
  }
  if (next === undefined && now >= renewalOf(authority)) return { step: 'announce', reason: "two thirds of the authority's life are over" }
  if (previous !== undefined && now >= Math.min(serving.made + overlapMs, previous.until)) {
    return { step: 'forget', reason: 'no server shows a certificate of the previous authority' }
  }
  const times = [
    renewalOf(serving),
    next === undefined ? renewalOf(authority) : next.isTrusted ? next.made + overlapMs : authority.until - overlapMs,
  ]
  if (previous !== undefined) times.push(serving.made + overlapMs)
  return { step: 'keep', until: Math.min(...times) }
}

function valid<T extends Validity>(certificate: T | undefined, now: number): T | undefined {
  return certificate !== undefined && certificate.until > now ? certificate : undefined
}

function renewalOf({ made, until }: Validity): number {
  return made + ((until - made) * 2) / 3
}
