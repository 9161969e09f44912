import { readFile } from 'node:fs/promises'
import { type Clock, systemClock } from './clock.ts'

/** What a request shows the API server; the certificate belongs to the TLS connection. */
export interface Credential {
  /** A list is sent as several headers of one name. */
  readonly headers: Readonly<Record<string, string | string[]>>
  readonly clientCertificate?: { readonly cert: string; readonly key: string }
}

/** Where credentials come from; they may change while the client lives. */
export interface CredentialSource {
  get(signal?: AbortSignal): Promise<Credential>
  /** The server refused (401) what `get` gave: forget it if it was remembered. Says whether asking again may help. */
  invalidate(): boolean
}

export function fixedCredential(credential: Credential): CredentialSource {
  return { get: () => Promise.resolve(credential), invalidate: () => false }
}

/** Projected service-account tokens are replaced about hourly; reading once a minute is what client-go does. */
const tokenFileMs = 60_000

/** A bearer token in a file that someone else keeps fresh. */
export function tokenFileCredential(path: string, base: Credential, clock: Clock = systemClock): CredentialSource {
  let known: { readonly credential: Credential; readonly readAt: number } | undefined
  return {
    async get() {
      if (known !== undefined && clock.now() - known.readAt < tokenFileMs) return known.credential
      const token = (await readFile(path, 'utf8')).trim()
      known = { credential: withToken(base, token), readAt: clock.now() }
      return known.credential
    },
    invalidate() {
      const hadOne = known !== undefined
      known = undefined
      return hadOne
    },
  }
}

export function withToken(base: Credential, token: string): Credential {
  return { ...base, headers: { ...base.headers, authorization: `Bearer ${token}` } }
}
