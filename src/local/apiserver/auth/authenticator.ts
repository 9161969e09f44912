import { createHash, timingSafeEqual } from 'node:crypto'
import type { UserInfo } from '../admission/admission.ts'
import { forbiddenUser, unauthorized } from '../status-errors.ts'
import type { Storage } from '../storage/storage.ts'
import { serviceAccountUser, type TokenSigner } from './tokens.ts'

export const masters = 'system:masters'

export const adminUser: UserInfo = { name: 'admin', groups: [masters, 'system:authenticated'] }
const anonymous: UserInfo = { name: 'system:anonymous', groups: ['system:unauthenticated'] }

export interface Credentials {
  readonly authorization: string | undefined
  /** Subject of a client certificate that the TLS layer has verified. */
  readonly certificate: { readonly commonName: string; readonly organizations: readonly string[] } | undefined
  readonly impersonateUser: string | undefined
  readonly impersonateGroups: readonly string[]
}

/** Who sends a request: by bearer token, client certificate, or nobody. */
export class Authenticator {
  readonly #adminDigest: Buffer
  readonly #signer: TokenSigner
  readonly #storage: Storage

  constructor(adminToken: string, signer: TokenSigner, storage: Storage) {
    this.#adminDigest = digest(adminToken)
    this.#signer = signer
    this.#storage = storage
  }

  /** Throws a 401 for credentials that prove nothing; a request without any is anonymous. */
  authenticate(credentials: Credentials, now: number): UserInfo {
    const user = this.#own(credentials, now)
    if (credentials.impersonateUser === undefined) return user
    if (!user.groups.includes(masters)) throw forbiddenUser(user.name, 'impersonate', 'users', '', undefined, credentials.impersonateUser)
    const groups = credentials.impersonateGroups
    return {
      name: credentials.impersonateUser,
      groups: [
        ...groups,
        ...(groups.includes('system:authenticated') ? [] : ['system:authenticated']),
        ...accountGroups(credentials.impersonateUser),
      ],
    }
  }

  /** The user a bearer token stands for; undefined for one that is not (or no longer) good. */
  userOfToken(token: string, now: number): UserInfo | undefined {
    if (timingSafeEqual(digest(token), this.#adminDigest)) return adminUser
    const claims = this.#signer.verify(token, now)
    if (claims === undefined) return undefined
    const account = this.#storage.get('serviceaccounts', claims.namespace, claims.name)
    if (account === undefined || account.metadata.uid !== claims.uid) return undefined
    if (claims.boundTo !== undefined) {
      const pod = this.#storage.get('pods', claims.namespace, claims.boundTo.name)
      if (pod?.metadata.uid !== claims.boundTo.uid) return undefined
    }
    return serviceAccountUser(claims.namespace, claims.name, claims.uid)
  }

  #own({ authorization, certificate }: Credentials, now: number): UserInfo {
    if (authorization !== undefined) {
      const match = /^bearer\s+(\S+)$/i.exec(authorization)
      const user = match?.[1] === undefined ? undefined : this.userOfToken(match[1], now)
      if (user === undefined) throw unauthorized()
      return user
    }
    if (certificate !== undefined) return { name: certificate.commonName, groups: [...certificate.organizations, 'system:authenticated'] }
    return anonymous
  }
}

function accountGroups(user: string): readonly string[] {
  const match = /^system:serviceaccount:([^:]+):/.exec(user)
  return match?.[1] === undefined ? [] : ['system:serviceaccounts', `system:serviceaccounts:${match[1]}`]
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
