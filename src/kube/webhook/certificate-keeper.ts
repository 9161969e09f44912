import { absent, isAlreadyExists, isConflict, isNotFound } from '../api-error.ts'
import type { Client } from '../client.ts'
import { type Clock, systemClock } from '../clock.ts'
import { type Logger, noopLogger } from '../logger.ts'
import { type MetricsSink, noopMetrics } from '../metrics.ts'
import type { DeepReadonly, KubeObject } from '../object.ts'
import type { ResourceType } from '../resource.ts'
import type { KeyAndCertificate } from '../tls/certificates.ts'
import { allTrust, bundlePatch, trustedFirst, type TrustPlace } from './ca-bundle.ts'
import {
  type CertificateMaterial,
  expiryOf,
  factsOf,
  materialData,
  readMaterial,
  type StoredMaterial,
  trustedBy,
} from './certificate-material.ts'
import { decideCertificates } from './certificate-plan.ts'
import { takeStep } from './certificate-steps.ts'
import type { TrustingObject } from './trusting-object.ts'

interface Secret extends KubeObject {
  type?: string
  data?: Record<string, string>
}

const secretType: ResourceType<Secret> = { group: '', version: 'v1', plural: 'secrets', kind: 'Secret', namespaced: true }
export interface CertificateKeeperOptions {
  readonly client: Client
  /** Namespace and name of the Secret that all replicas share; made when it does not exist. */
  readonly namespace: string
  readonly secretName: string
  /** Objects by which the API server shall trust the certificate. They may come later. */
  readonly trusting: readonly TrustingObject[]
  /** Names that the API server calls the webhook by, such as `berth-webhooks.berth-system.svc`. */
  readonly names: readonly string[]
  /** Life of a serving certificate in milliseconds; authorities live four times as long. Default 90 days. */
  readonly lifetimeMs?: number
  /** Called with the certificate to show: once before {@link CertificateKeeper.start} resolves, and with each new one. Must not throw. */
  readonly onCertificate: (certificate: KeyAndCertificate) => void
  readonly clock?: Clock
  readonly logger?: Logger
  readonly metrics?: MetricsSink
}

const ninetyDays = 90 * 24 * 60 * 60 * 1000
/** Every replica looks at the Secret and the objects that trust it this often: a few small reads. Nothing waits for it, as trust overlaps for longer. */
const longestPeriodMs = 60_000
const longestOverlapMs = 10 * 60_000
/** Between the change of a configuration and its effect in every API server, with room to spare. */
const settlingMs = 1000
/** Steps and lost races within one look. */
const mostTries = 12

/**
 * Makes, renews and repairs the certificates of a webhook server, and has those who call it trust them. Any number of replicas may do so at
 * once: what counts is the Secret, and whoever loses the race for a write reads it again. `decideCertificates` says what is done when.
 */
export class CertificateKeeper implements AsyncDisposable {
  readonly #options: CertificateKeeperOptions
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #metrics: MetricsSink
  readonly #lifetimeMs: number
  readonly #overlapMs: number
  readonly #periodMs: number
  readonly #stop = new AbortController()
  #running: Promise<void> = Promise.resolve()
  #shown: CertificateMaterial | undefined
  #trouble = ''

  constructor(options: CertificateKeeperOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#logger = options.logger ?? noopLogger
    this.#metrics = options.metrics ?? noopMetrics
    this.#lifetimeMs = options.lifetimeMs ?? ninetyDays
    this.#overlapMs = Math.min(longestOverlapMs, this.#lifetimeMs / 4)
    this.#periodMs = Math.min(longestPeriodMs, this.#overlapMs / 3)
  }

  /** Resolves when there is a certificate, however long that takes; then keeps it until disposal. Rejects only when the signal is aborted. */
  async start(signal: AbortSignal): Promise<void> {
    const both = AbortSignal.any([signal, this.#stop.signal])
    while (this.#shown === undefined) {
      const delay = await this.#look(both)
      if (this.#shown === undefined) await this.#clock.sleep(delay, both)
    }
    this.#running = this.#keep(this.#stop.signal).catch(() => {})
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error('the keeper of certificates was stopped'))
    await this.#running
  }

  async #keep(signal: AbortSignal): Promise<void> {
    for (let delay = settlingMs; ; delay = await this.#look(signal)) await this.#clock.sleep(delay, signal)
  }

  /** One look at everything; returns when to look again. Failures are told once and tried again. */
  async #look(signal: AbortSignal): Promise<number> {
    try {
      const delay = await this.#reconcile(signal)
      this.#trouble = ''
      return delay
    } catch (error) {
      signal.throwIfAborted()
      const message = error instanceof Error ? error.message : String(error)
      if (message !== this.#trouble) this.#logger.error('the webhook certificates cannot be looked after', { error: message })
      this.#trouble = message
      this.#metrics.increment('berth_webhook_certificate_errors_total', {})
      return Math.min(this.#periodMs, 5 * settlingMs)
    }
  }

  async #reconcile(signal: AbortSignal): Promise<number> {
    const { names, secretName } = this.#options
    for (let tries = 0; tries < mostTries; tries += 1) {
      const secret = await this.#secret(signal)
      const stored = readMaterial(secret?.data)
      const places = await this.#places(signal)
      const everywhere = [...places.values()].flat()
      const now = this.#clock.now()
      // Before anything else: the step below may be to distrust what is shown until now.
      const isShown = this.#show(stored, everywhere, now)
      const decision = decideCertificates(
        factsOf(stored, names, cert => allTrust(everywhere, cert)),
        now,
        this.#overlapMs,
      )
      if (decision.step === 'keep') {
        await this.#inject(places, complete(stored), signal)
        return isShown ? Math.min(Math.max(decision.until - now, settlingMs), this.#periodMs) : settlingMs
      }
      // Others may show a certificate of it yet, also when this replica has only just started.
      const lastAuthority = this.#shown?.authority.cert ?? trustedFirst(everywhere)
      const options = { now, names, lifetimeMs: this.#lifetimeMs, ...(lastAuthority !== undefined && { lastAuthority }) }
      if (await this.#store(secret, takeStep(decision, stored, options), signal)) {
        const { step, reason } = decision
        this.#logger.info('webhook certificates changed', { step, reason, secret: secretName })
        this.#metrics.increment('berth_webhook_certificate_changes_total', { step })
      }
    }
    throw new Error(`the Secret ${secretName} keeps changing`)
  }

  async #secret(signal: AbortSignal): Promise<DeepReadonly<Secret> | undefined> {
    const { client, namespace, secretName: name } = this.#options
    return client.get(secretType, { namespace, name }, { signal }).catch(absent)
  }

  /** Whoever comes first wins: false when another replica was faster. */
  async #store(secret: DeepReadonly<Secret> | undefined, material: CertificateMaterial, signal: AbortSignal): Promise<boolean> {
    const { client, namespace, secretName: name } = this.#options
    const data = materialData(material)
    try {
      if (secret === undefined) {
        const labels = { 'app.kubernetes.io/managed-by': 'berth' }
        await client.create(secretType, { type: 'kubernetes.io/tls', metadata: { namespace, name, labels }, data }, { signal })
      } else await client.update(secretType, { ...secret, data }, { signal })
      return true
    } catch (error) {
      // Deleted meanwhile is a race too.
      if (isAlreadyExists(error) || isConflict(error) || (secret !== undefined && isNotFound(error))) return false
      throw error
    }
  }

  async #places(signal: AbortSignal): Promise<ReadonlyMap<TrustingObject, readonly TrustPlace[]>> {
    const { client, trusting } = this.#options
    return new Map(await Promise.all(trusting.map(async object => [object, await object.places(client, signal)] as const)))
  }

  async #inject(
    places: ReadonlyMap<TrustingObject, readonly TrustPlace[]>,
    material: CertificateMaterial,
    signal: AbortSignal,
  ): Promise<void> {
    for (const [object, own] of places) {
      const patch = bundlePatch(own, trustedBy(material))
      if (patch.length === 0) continue
      await object.patch(this.#options.client, patch, signal)
      this.#logger.info('changed whom the API server trusts', { object: object.what })
    }
  }

  /**
   * Shows the stored certificate, unless callers do not trust its authority yet, or may not have heard; false when that is still to be done.
   * The first one is shown in any case, and so is one after an expired one: nothing would be no better.
   */
  #show({ serving, authority, ...rest }: StoredMaterial, places: readonly TrustPlace[], now: number): boolean {
    if (serving === undefined || authority === undefined) return false
    const shown = this.#shown
    const isOther = shown?.serving.cert !== serving.cert
    if (isOther && shown !== undefined && expiryOf(shown.serving.cert) > now && !allTrust(places, authority.cert)) return false
    this.#shown = { serving, authority, ...rest }
    for (const [certificate, { cert }] of Object.entries({ serving, authority })) {
      this.#metrics.set('berth_webhook_certificate_expiration_timestamp_seconds', { certificate }, expiryOf(cert) / 1000)
    }
    if (isOther) {
      this.#options.onCertificate(serving)
      this.#logger.info('webhook certificate in use', { until: new Date(expiryOf(serving.cert)).toISOString() })
    }
    return true
  }
}

function complete({ authority, serving, ...rest }: StoredMaterial): CertificateMaterial {
  if (authority === undefined || serving === undefined) throw new Error('material is kept only when it is complete')
  return { authority, serving, ...rest }
}
