import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { UserInfo } from '../admission/admission.ts'

/** What a service account token says. Times in seconds since the epoch. */
export interface ServiceAccountClaims {
  readonly namespace: string
  readonly name: string
  readonly uid: string
  readonly issuedAt: number
  readonly expiresAt: number
  readonly audiences: readonly string[]
  /** The object the token is bound to: it is refused when that is gone. */
  readonly boundTo?: { readonly kind: string; readonly name: string; readonly uid: string }
}

/** Issuer and default audience, as clusters made by kubeadm have them. */
export const issuer = 'https://kubernetes.default.svc.cluster.local'

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')

/** Signs and reads the JSON web tokens of service accounts. */
export class TokenSigner {
  readonly #key: Buffer

  /** @param key at least 32 random bytes; tokens live as long as it is kept */
  constructor(key: Buffer) {
    this.#key = key
  }

  sign(claims: ServiceAccountClaims): string {
    const { namespace, name, uid, boundTo } = claims
    const payload = {
      aud: claims.audiences,
      exp: claims.expiresAt,
      iat: claims.issuedAt,
      nbf: claims.issuedAt,
      iss: issuer,
      jti: randomBytes(12).toString('base64url'),
      'kubernetes.io': {
        namespace,
        serviceaccount: { name, uid },
        ...(boundTo === undefined ? {} : { [boundTo.kind.toLowerCase()]: { name: boundTo.name, uid: boundTo.uid } }),
      },
      sub: `system:serviceaccount:${namespace}:${name}`,
    }
    const body = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(payload)}`
    return `${body}.${this.#mac(body).toString('base64url')}`
  }

  /** The claims of a token of ours that has not expired; undefined for anything else. */
  verify(token: string, now: number): ServiceAccountClaims | undefined {
    const end = token.lastIndexOf('.')
    if (end < 0) return undefined
    const given = Buffer.from(token.slice(end + 1), 'base64url')
    const right = this.#mac(token.slice(0, end))
    if (given.length !== right.length || !timingSafeEqual(given, right)) return undefined
    const payload = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8')) as {
      aud: string[]
      exp: number
      iat: number
      'kubernetes.io': { namespace: string; serviceaccount: { name: string; uid: string }; pod?: { name: string; uid: string } }
    }
    if (payload.exp * 1000 <= now) return undefined
    const { namespace, serviceaccount, pod } = payload['kubernetes.io']
    return {
      namespace,
      name: serviceaccount.name,
      uid: serviceaccount.uid,
      issuedAt: payload.iat,
      expiresAt: payload.exp,
      audiences: payload.aud,
      ...(pod === undefined ? {} : { boundTo: { kind: 'Pod', ...pod } }),
    }
  }

  #mac(text: string): Buffer {
    return createHmac('sha256', this.#key).update(text).digest()
  }
}

/** The user a service account acts as, with the groups Kubernetes gives it. */
export function serviceAccountUser(namespace: string, name: string, uid?: string): UserInfo {
  return {
    name: `system:serviceaccount:${namespace}:${name}`,
    ...(uid === undefined ? {} : { uid }),
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
  }
}

/** Namespace and name of a service account's user name. */
export function serviceAccountOf(user: string): { namespace: string; name: string } | undefined {
  const match = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(user)
  return match?.[1] === undefined || match[2] === undefined ? undefined : { namespace: match[1], name: match[2] }
}
