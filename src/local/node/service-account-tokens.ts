import type { Client } from '../../kube/client.ts'
import type { Clock } from '../../kube/clock.ts'
import { serviceaccounts } from '../../apis/core/resources.generated.ts'
import type { PodObject } from './pods/container-state.ts'

interface TokenResponse {
  readonly status?: { readonly token?: string; readonly expirationTimestamp?: string }
}

/** Tokens of pods' service accounts, bound to the pod and renewed after four fifths of their life. */
export class ServiceAccountTokens {
  readonly #client: Client
  readonly #clock: Clock
  readonly #tokens = new Map<string, Map<string, { token: string; renewAt: number }>>()

  constructor(client: Client, clock: Clock) {
    this.#client = client
    this.#clock = clock
  }

  /** A token that is good for some time; asks the API server only when there is none. */
  async token(pod: PodObject, audience: string, expirationSeconds: number): Promise<string> {
    const { namespace = 'default', name, uid } = pod.metadata
    const tokens = this.#tokens.get(uid) ?? new Map<string, { token: string; renewAt: number }>()
    this.#tokens.set(uid, tokens)
    const key = `${audience} ${expirationSeconds}`
    const known = tokens.get(key)
    const now = this.#clock.now()
    if (known !== undefined && known.renewAt > now) return known.token
    const account = pod.spec?.serviceAccountName ?? 'default'
    const answer = await this.#client.createSubresource<TokenResponse>(serviceaccounts, { namespace, name: account }, 'token', {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      metadata: { name: account, namespace },
      spec: {
        ...(audience === '' ? {} : { audiences: [audience] }),
        expirationSeconds,
        boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name, uid },
      },
    })
    const token = answer.status?.token
    if (token === undefined) throw new Error(`no token for serviceaccount ${namespace}/${account}`)
    const expires = answer.status?.expirationTimestamp
    const lifetime = expires === undefined ? expirationSeconds * 1000 : Date.parse(expires) - now
    tokens.set(key, { token, renewAt: now + lifetime * 0.8 })
    return token
  }

  forget(podUid: string): void {
    this.#tokens.delete(podUid)
  }
}
