import { isAlreadyExists, isConflict, isNotFound } from './api-error.ts'
import type { Client } from './client.ts'
import { type Clock, systemClock } from './clock.ts'
import { heldSpec, type Lease, leases, releasedSpec } from './lease.ts'
import { type Logger, noopLogger } from './logger.ts'
import { type MetricsSink, noopMetrics } from './metrics.ts'
import type { DeepReadonly } from './object.ts'
import { startStopwatch } from './stopwatch.ts'
import { WriteFence } from './write-fence.ts'

export interface LeaderElectionOptions {
  /** Writes the lease, so it must not be fenced. */
  readonly client: Client
  readonly namespace: string
  /** Name of the Lease that all candidates share. */
  readonly name: string
  /** This candidate; must be unique, such as the pod's name. */
  readonly identity: string
  /** How long others wait after the last renewal they saw before they take over. Whole seconds. Default 4 s. */
  readonly leaseDurationMs?: number
  /** How long after a renewal the leader may write. Less than the lease; the rest is for what is on its way. Default three quarters of the lease. */
  readonly renewDeadlineMs?: number
  /** Time between renewals, and between tries where a candidate cannot watch. Default a quarter of the lease. */
  readonly retryPeriodMs?: number
  /** Called when connections may have died without a word; see {@link Silence}. */
  readonly onSilence?: (what: Silence) => void
  readonly clock?: Clock
  readonly logger?: Logger
  readonly metrics?: MetricsSink
  /** In [0, 1). */
  readonly random?: () => number
}

/**
 * - `unanswered`: a request about the lease got no answer at all in its time. Perhaps the server is busy.
 * - `lost`: the term was lost over that.
 * - `missed`: the lease was renewed and the watch that a candidate holds on it did not say so.
 * - `over`: there was an answer again, after one or more of the others.
 */
export type Silence = 'unanswered' | 'lost' | 'missed' | 'over'

/** The lease could not be renewed in time, or another has it. The process may stand for election again. */
export class LeadershipLostError extends Error {
  override readonly name = 'LeadershipLostError'
  readonly code = 'KUBE_LEADERSHIP_LOST'
}

/** `other`: somebody else holds the lease. */
type Attempt = 'holds' | 'other' | 'failed'

const watchSeconds = 300

/**
 * Elects one of several processes through a Lease. Clocks of different machines are not compared: a lease is free when it has not *changed* for
 * its duration while this process watched it; one that is missing, when it was missing for so long. So the very first leader comes a lease late.
 *
 * Guarantee: as long as clocks run at about the same speed, no two candidates have an open {@link WriteFence} at a time, whatever happens to
 * their processes or to the Lease, unless somebody empties it by hand.
 * Caveat: a write that is on its way to the server when its fence closes, or whose last byte goes out in the very microseconds in which the
 * process is stopped, may still arrive. Names, versions and uids in the writes make it harmless: see `ARCHITECTURE.md`.
 *
 * Traffic: the leader sends one PUT per period, candidates hold one watch each and send nothing.
 */
export class LeaderElector {
  readonly #options: LeaderElectionOptions
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #leaseDurationMs: number
  readonly #renewDeadlineMs: number
  readonly #retryPeriodMs: number
  /** What was seen last, and when on the monotonic clock. */
  #observed: { readonly lease: DeepReadonly<Lease>; readonly at: number } | undefined
  /** Since when there is no lease, on the monotonic clock. */
  #missingSince: number | undefined
  #fence: WriteFence | undefined
  #failures = 0
  #wasSilent = false

  constructor(options: LeaderElectionOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#logger = options.logger ?? noopLogger
    this.#leaseDurationMs = options.leaseDurationMs ?? 4000
    this.#renewDeadlineMs = options.renewDeadlineMs ?? 0.75 * this.#leaseDurationMs
    this.#retryPeriodMs = options.retryPeriodMs ?? 0.25 * this.#leaseDurationMs
    if (this.#renewDeadlineMs >= this.#leaseDurationMs) throw new RangeError('the renew deadline must be shorter than the lease')
    if (this.#retryPeriodMs * 1.2 >= this.#renewDeadlineMs) throw new RangeError('the retry period must be well below the renew deadline')
  }

  /** Whether this process leads now. */
  isLeader(): boolean {
    return this.#fence?.isOpen ?? false
  }

  /** Who leads, as far as this process has seen. */
  get leader(): string | undefined {
    const holder = this.#observed?.lease.spec?.holderIdentity
    return holder === '' ? undefined : holder
  }

  /**
   * Waits until this process leads, then runs `lead` for one term. Its signal is aborted when the term is lost or `signal` is aborted; its fence is
   * for the client with which it writes, and closes when the term ends for any reason. The lease is renewed until `lead` has ended and
   * released then, so that a successor need not wait. Throws {@link LeadershipLostError} when the term was lost, and the signal's reason when it
   * is aborted before this process led.
   */
  async run(lead: (signal: AbortSignal, fence: WriteFence) => Promise<void>, signal: AbortSignal): Promise<void> {
    using fence = await this.#acquire(signal)
    this.#fence = fence
    const { name, identity } = this.#options
    this.#logger.info('became leader', { lease: name, identity })
    this.#report(1)
    const over = new AbortController()
    const work = lead(AbortSignal.any([signal, fence.signal]), fence).finally(() => over.abort())
    // Its failure is reported below, possibly some turns after it happened.
    work.catch(() => {})
    try {
      await this.#renewUntil(AbortSignal.any([fence.signal, over.signal]), fence)
      if (fence.signal.aborted) {
        const cause: unknown = fence.signal.reason
        this.#logger.warn('no longer leader', { lease: name, identity, why: cause instanceof Error ? cause.message : '' })
        await work.catch(() => {})
        if (this.#wasSilent) this.#options.onSilence?.('lost')
        throw new LeadershipLostError(`the lease ${name} was lost`, { cause })
      }
      await work
    } finally {
      this.#report(0)
      await this.#release(fence)
    }
  }

  async #acquire(signal: AbortSignal): Promise<WriteFence> {
    let watchedTo: string | undefined
    for (;;) {
      signal.throwIfAborted()
      const fence = new WriteFence(this.#clock)
      const attempt = await this.#tryToHold(fence, this.#renewDeadlineMs, signal)
      if (attempt === 'holds') return fence
      if (attempt === 'other' && watchedTo !== undefined && watchedTo !== this.#version) this.#options.onSilence?.('missed')
      watchedTo = (await this.#untilWorthTrying(signal)) ? this.#version : undefined
    }
  }

  get #version(): string | undefined {
    return this.#observed?.lease.metadata.resourceVersion
  }

  async #renewUntil(signal: AbortSignal, fence: WriteFence): Promise<void> {
    for (let waitMs = this.#retryPeriodMs; ; ) {
      await this.#clock.sleep(waitMs, signal).catch(() => {})
      if (signal.aborted) return
      // Half of what is left: a connection that has died silently shall not cost the term.
      const attempt = await this.#tryToHold(fence, fence.leftMs / 2, signal)
      // A term that is running out is worth a few requests more.
      waitMs = attempt === 'failed' ? this.#retryPeriodMs / 4 : this.#retryPeriodMs
      if (attempt === 'other') fence.close(`${this.leader ?? 'another'} has taken the lease`)
    }
  }

  async #tryToHold(fence: WriteFence, limitMs: number, signal: AbortSignal): Promise<Attempt> {
    // From before the request: others count from when they see it, which is later.
    const age = startStopwatch(this.#clock)
    const late = new AbortController()
    using _timer = this.#clock.after(limitMs, () => late.abort(new Error(`no answer within ${Math.round(limitMs)} ms`)))
    try {
      const stored = await this.#write(AbortSignal.any([signal, late.signal]))
      this.#failures = 0
      if (this.#wasSilent) this.#options.onSilence?.('over')
      this.#wasSilent = false
      if (stored === undefined) return 'other'
      this.#see(stored)
      fence.extend(age, this.#renewDeadlineMs)
      return fence.isOpen ? 'holds' : 'failed'
    } catch (error) {
      if (signal.aborted || isConflict(error) || isAlreadyExists(error)) return 'failed'
      this.#wasSilent = late.signal.aborted
      if (this.#wasSilent) this.#options.onSilence?.('unanswered')
      this.#failures += 1
      const fields = { lease: this.#options.name, error }
      if (this.#failures === 1) this.#logger.warn('the lease could not be written', fields)
      else this.#logger.debug('the lease could still not be written', fields)
      return 'failed'
    }
  }

  /** Writes the lease if it is ours or free; `undefined` when another holds it. */
  async #write(signal: AbortSignal): Promise<DeepReadonly<Lease> | undefined> {
    const { client, namespace, name, identity } = this.#options
    const holding = { identity, durationMs: this.#leaseDurationMs, now: this.#clock.now() }
    const known = this.#observed?.lease
    if (known?.spec?.holderIdentity === identity) {
      try {
        return await client.update(leases, { ...known, spec: heldSpec(known.spec, holding) }, { signal })
      } catch (error) {
        // Somebody has written it, perhaps we ourselves and the answer was lost: look.
        if (!isConflict(error) && !isNotFound(error)) throw error
      }
    }
    let lease: DeepReadonly<Lease>
    try {
      lease = await client.get(leases, { namespace, name }, { signal })
    } catch (error) {
      if (!isNotFound(error)) throw error
      // Deleted by hand, perhaps just now: its holder, whoever that is by now, will find out with its next renewal.
      if (!this.isLeader()) this.#missingSince ??= this.#clock.monotonic()
      if (this.#heldByOtherForMs() > 0) return undefined
      return client.create(leases, { metadata: { namespace, name }, spec: heldSpec(undefined, holding) }, { signal })
    }
    this.#see(lease)
    if (this.#heldByOtherForMs() > 0) return undefined
    return client.update(leases, { ...lease, spec: heldSpec(lease.spec, holding) }, { signal })
  }

  #see(lease: DeepReadonly<Lease>): void {
    this.#missingSince = undefined
    if (this.#version === lease.metadata.resourceVersion) return
    this.#observed = { lease, at: this.#clock.monotonic() }
  }

  /** The monotonic clock alone: a wall clock that is set forward must not end another's lease. */
  #heldByOtherForMs(): number {
    if (this.#missingSince !== undefined) return Math.max(0, this.#missingSince + this.#leaseDurationMs - this.#clock.monotonic())
    if (this.#observed === undefined) return 0
    const { lease, at } = this.#observed
    const { holderIdentity = '', leaseDurationSeconds = this.#leaseDurationMs / 1000 } = lease.spec ?? {}
    if (holderIdentity === '' || holderIdentity === this.#options.identity) return 0
    return Math.max(0, at + leaseDurationSeconds * 1000 - this.#clock.monotonic())
  }

  /** Until the watched lease is free (true), or it is time to look because it cannot be watched. */
  async #untilWorthTrying(signal: AbortSignal): Promise<boolean> {
    if (this.#heldByOtherForMs() > 0 && (await this.#watchUntilFree(signal))) return true
    const random = this.#options.random ?? Math.random
    await this.#clock.sleep(this.#retryPeriodMs * (1 + 0.2 * random()), signal)
    return false
  }

  /** Whether the lease came free; otherwise the watch has ended. */
  async #watchUntilFree(signal: AbortSignal): Promise<boolean> {
    const { client, namespace, name } = this.#options
    const ranOut = new AbortController()
    let timer: Disposable | undefined
    const arm = (): void => {
      const left = this.#heldByOtherForMs()
      if (left > 0) timer = this.#clock.after(left, arm)
      else ranOut.abort()
    }
    arm()
    try {
      const resourceVersion = this.#version ?? ''
      const watch = { namespace, fieldSelector: `metadata.name=${name}`, resourceVersion, timeoutSeconds: watchSeconds }
      for await (const event of client.watch(leases, { ...watch, signal: AbortSignal.any([signal, ranOut.signal]) })) {
        if (event.type === 'ERROR') return false
        // One that was deleted still counts as held.
        if (event.type === 'DELETED') this.#missingSince ??= this.#clock.monotonic()
        if (event.type !== 'ADDED' && event.type !== 'MODIFIED') continue
        this.#see(event.object)
        if (this.leader === undefined) return true
      }
    } catch (error) {
      if (signal.aborted) throw error
      if (!ranOut.signal.aborted) this.#logger.debug('the lease cannot be watched', { lease: name, error })
    } finally {
      timer?.[Symbol.dispose]()
    }
    return ranOut.signal.aborted
  }

  /** Empties the lease if it is still ours: never another's. */
  async #release(fence: WriteFence): Promise<void> {
    const wasLeader = fence.isOpen
    fence.close('the lease is being released')
    this.#fence = undefined
    const lease = this.#observed?.lease
    if (!wasLeader || lease === undefined) return
    const { client, namespace, name, identity } = this.#options
    const signal = AbortSignal.timeout(2000)
    const empty = (held: DeepReadonly<Lease>): Promise<DeepReadonly<Lease>> =>
      client.update(leases, { ...held, spec: releasedSpec(held.spec, this.#clock.now()) }, { signal })
    try {
      const released = await empty(lease).catch(async (error: unknown) => {
        if (!isConflict(error)) throw error
        // A renewal that was under way when the work ended may have arrived all the same.
        const now = await client.get(leases, { namespace, name }, { signal })
        if (now.spec?.holderIdentity !== identity) throw error
        return empty(now)
      })
      this.#see(released)
    } catch (error) {
      this.#logger.debug('the lease was not released and will run out', { lease: name, error })
    }
  }

  #report(value: 0 | 1): void {
    const metrics = this.#options.metrics ?? noopMetrics
    metrics.set('leader_election_master_status', { name: this.#options.name }, value)
  }
}
