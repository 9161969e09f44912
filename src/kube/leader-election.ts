import { isAlreadyExists, isConflict, isNotFound } from './api-error.ts'
import type { Client } from './client.ts'
import { type Clock, formatMicroTime, systemClock } from './clock.ts'
import { type Logger, noopLogger } from './logger.ts'
import { type MetricsSink, noopMetrics } from './metrics.ts'
import type { DeepReadonly, KubeObject } from './object.ts'
import type { ResourceType } from './resource.ts'

interface Lease extends KubeObject {
  spec?: {
    holderIdentity?: string
    leaseDurationSeconds?: number
    acquireTime?: string
    renewTime?: string
    leaseTransitions?: number
  }
}

const leaseType: ResourceType<Lease> = { group: 'coordination.k8s.io', version: 'v1', plural: 'leases', kind: 'Lease', namespaced: true }

export interface LeaderElectionOptions {
  readonly client: Client
  readonly namespace: string
  /** Name of the Lease that all candidates share. */
  readonly name: string
  /** This candidate; must be unique, such as the pod's name. */
  readonly identity: string
  /** How long others wait after the last renewal before they take over. Default 15 s. */
  readonly leaseDurationMs?: number
  /** How long the leader tries to renew before it stops leading. Less than the lease. Default 10 s. */
  readonly renewDeadlineMs?: number
  /** Time between tries, for candidates with up to 20 % more. Default 2 s. */
  readonly retryPeriodMs?: number
  readonly clock?: Clock
  readonly logger?: Logger
  readonly metrics?: MetricsSink
  /** In [0, 1). */
  readonly random?: () => number
}

/** The lease could not be renewed in time; another may lead already. The process should end or stand for election again. */
export class LeadershipLostError extends Error {
  override readonly name = 'LeadershipLostError'
  readonly code = 'KUBE_LEADERSHIP_LOST'
}

/**
 * Elects one of several processes through a Lease, as client-go does. Clocks of different machines are not compared: a lease is
 * free when it has not *changed* for its duration while this process watched it.
 *
 * Guarantee: as long as clocks run at about the same speed, two candidates do not both answer `isLeader()` with true.
 * Caveat: a request that is on its way when leadership is lost may still arrive; versions in writes guard against that.
 */
export class LeaderElector {
  readonly #options: LeaderElectionOptions
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #leaseDurationMs: number
  readonly #renewDeadlineMs: number
  readonly #retryPeriodMs: number
  #observed: { readonly lease: DeepReadonly<Lease>; readonly at: number } | undefined
  #renewedAt: number | undefined

  constructor(options: LeaderElectionOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#logger = options.logger ?? noopLogger
    this.#leaseDurationMs = options.leaseDurationMs ?? 15_000
    this.#renewDeadlineMs = options.renewDeadlineMs ?? 10_000
    this.#retryPeriodMs = options.retryPeriodMs ?? 2000
    if (this.#renewDeadlineMs >= this.#leaseDurationMs) throw new RangeError('the renew deadline must be shorter than the lease')
    if (this.#retryPeriodMs * 1.2 >= this.#renewDeadlineMs) throw new RangeError('the retry period must be well below the renew deadline')
  }

  /** Whether this process leads now: ask before doing what only a leader may do. */
  isLeader(): boolean {
    return this.#renewedAt !== undefined && this.#clock.now() < this.#renewedAt + this.#renewDeadlineMs
  }

  /** Who leads, as far as this process has seen. */
  get leader(): string | undefined {
    const holder = this.#observed?.lease.spec?.holderIdentity
    return holder === '' ? undefined : holder
  }

  /**
   * Waits until this process leads, then runs `lead`, whose signal is aborted when leadership is lost or `signal` is aborted.
   * Releases the lease at the end, so that a successor need not wait. Throws {@link LeadershipLostError} when it was lost, and the
   * signal's reason when it is aborted before this process led.
   */
  async run(lead: (signal: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<void> {
    await this.#acquire(signal)
    const { name, identity } = this.#options
    this.#logger.info('became leader', { lease: name, identity })
    this.#report(1)
    const end = new AbortController()
    const leading = AbortSignal.any([signal, end.signal])
    const work = lead(leading).finally(() => end.abort())
    // Its failure is reported below, possibly some turns after it happened.
    work.catch(() => {})
    try {
      await this.#renewUntil(leading)
      if (!leading.aborted) {
        const lost = new LeadershipLostError(`the lease ${name} could not be renewed within ${this.#renewDeadlineMs} ms`)
        end.abort(lost)
        await work.catch(() => {})
        throw lost
      }
      await work
    } finally {
      this.#report(0)
      await this.#release()
    }
  }

  async #acquire(signal: AbortSignal): Promise<void> {
    const random = this.#options.random ?? Math.random
    for (;;) {
      signal.throwIfAborted()
      if (await this.#tryAcquireOrRenew(signal)) return
      await this.#clock.sleep(this.#retryPeriodMs * (1 + 0.2 * random()), signal)
    }
  }

  /** Renews until the signal is aborted or the deadline has passed. */
  async #renewUntil(signal: AbortSignal): Promise<void> {
    while (this.isLeader()) {
      try {
        await this.#clock.sleep(this.#retryPeriodMs, signal)
        const left = Math.max(1, (this.#renewedAt ?? 0) + this.#renewDeadlineMs - this.#clock.now())
        const late = new AbortController()
        using _timer = this.#clock.after(left, () => late.abort())
        await this.#tryAcquireOrRenew(AbortSignal.any([signal, late.signal]))
      } catch {
        // Aborted; failures of the API are handled within.
      }
      if (signal.aborted) return
    }
  }

  async #tryAcquireOrRenew(signal: AbortSignal): Promise<boolean> {
    const startedAt = this.#clock.now()
    try {
      const stored = await this.#write(signal)
      if (stored === undefined) return false
      this.#observed = { lease: stored, at: this.#clock.now() }
      // From before the request: others count from when they see it, which is later.
      this.#renewedAt = startedAt
      return true
    } catch (error) {
      if (!signal.aborted && !isConflict(error) && !isAlreadyExists(error)) {
        this.#logger.warn('the lease could not be written', { lease: this.#options.name, error })
      }
      return false
    }
  }

  /** Writes the lease if it is ours or free; `undefined` when another holds it. */
  async #write(signal: AbortSignal): Promise<DeepReadonly<Lease> | undefined> {
    const { client, namespace, name, identity } = this.#options
    const now = formatMicroTime(this.#clock.now())
    const leaseDurationSeconds = Math.ceil(this.#leaseDurationMs / 1000)
    let lease: DeepReadonly<Lease>
    try {
      lease = await client.get(leaseType, { namespace, name }, { signal })
    } catch (error) {
      if (!isNotFound(error)) throw error
      const spec = { holderIdentity: identity, leaseDurationSeconds, acquireTime: now, renewTime: now, leaseTransitions: 0 }
      return client.create(leaseType, { metadata: { namespace, name }, spec }, { signal })
    }
    if (this.#observed?.lease.metadata.resourceVersion !== lease.metadata.resourceVersion) {
      this.#observed = { lease, at: this.#clock.now() }
    }
    const { holderIdentity = '', leaseTransitions = 0, acquireTime = now } = lease.spec ?? {}
    const isOurs = holderIdentity === identity
    if (!isOurs && holderIdentity !== '' && this.#isHeld(lease)) return undefined
    const spec = {
      ...lease.spec,
      holderIdentity: identity,
      leaseDurationSeconds,
      renewTime: now,
      acquireTime: isOurs ? acquireTime : now,
      leaseTransitions: isOurs ? leaseTransitions : leaseTransitions + 1,
    }
    return client.update(leaseType, { ...lease, spec }, { signal })
  }

  #isHeld(lease: DeepReadonly<Lease>): boolean {
    const seconds = lease.spec?.leaseDurationSeconds ?? this.#leaseDurationMs / 1000
    return this.#observed !== undefined && this.#clock.now() < this.#observed.at + seconds * 1000
  }

  /** Empties the lease if it is still ours, with the version we know: never another's. */
  async #release(): Promise<void> {
    const wasLeader = this.isLeader()
    this.#renewedAt = undefined
    const lease = this.#observed?.lease
    if (!wasLeader || lease === undefined) return
    const now = formatMicroTime(this.#clock.now())
    const spec = { ...lease.spec, holderIdentity: '', leaseDurationSeconds: 1, renewTime: now, acquireTime: now }
    try {
      await this.#options.client.update(leaseType, { ...lease, spec }, { signal: AbortSignal.timeout(2000) })
    } catch (error) {
      this.#logger.debug('the lease was not released and will run out', { lease: this.#options.name, error })
    }
  }

  #report(value: 0 | 1): void {
    const metrics = this.#options.metrics ?? noopMetrics
    metrics.set('leader_election_master_status', { name: this.#options.name }, value)
  }
}
