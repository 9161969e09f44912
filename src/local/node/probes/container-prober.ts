import type { Clock } from '../../../kube/clock.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import type { Probe } from '../../../apis/core/types.generated.ts'
import { attemptProbe, type ProbeTarget } from './probe-attempt.ts'
import { count, initialTally, type ProbeTally } from './probe-tally.ts'

type ProbeKind = 'startup' | 'liveness' | 'readiness'

/** What the probes of a running container say. */
export interface ProbeVerdict {
  readonly started: boolean
  readonly ready: boolean
  readonly failed?: 'liveness' | 'startup'
}

export interface ContainerProberOptions {
  readonly target: ProbeTarget
  readonly clock: Clock
  onVerdict(verdict: ProbeVerdict): void
  /** A failed attempt, for the Unhealthy event. */
  onFailure(kind: ProbeKind, message: string): void
}

/**
 * A server that listens a moment after its start should not wait a whole period for it: until the first success of a startup or
 * readiness probe, within this time after it became due, attempts are made more often, and failures do not count.
 */
const eagerMs = 2_000
const eagerPeriodMs = 200

/** Probes one run of a container until disposed. Liveness and readiness wait until the startup probe has succeeded. */
export class ContainerProber implements Disposable {
  readonly #options: ContainerProberOptions
  readonly #stop = new AbortController()
  #started: boolean
  #ready: boolean
  #failed: ProbeVerdict['failed']

  constructor(options: ContainerProberOptions) {
    this.#options = options
    const { startupProbe, readinessProbe } = options.target.definition
    this.#started = startupProbe === undefined
    this.#ready = readinessProbe === undefined
  }

  get verdict(): ProbeVerdict {
    const verdict = { started: this.#started, ready: this.#started && this.#ready }
    return this.#failed === undefined ? verdict : { ...verdict, failed: this.#failed }
  }

  start(): void {
    const { startupProbe } = this.#options.target.definition
    if (startupProbe === undefined) this.#startOthers()
    else this.#run('startup', startupProbe)
  }

  [Symbol.dispose](): void {
    this.#stop.abort()
  }

  #startOthers(): void {
    const { livenessProbe, readinessProbe } = this.#options.target.definition
    if (livenessProbe !== undefined) this.#run('liveness', livenessProbe)
    if (readinessProbe !== undefined) this.#run('readiness', readinessProbe)
  }

  #run(kind: ProbeKind, probe: DeepReadonly<Probe>): void {
    // Only an abort ends the loop with a rejection.
    void this.#loop(kind, probe, this.#stop.signal).catch(() => {})
  }

  async #loop(kind: ProbeKind, probe: DeepReadonly<Probe>, signal: AbortSignal): Promise<void> {
    const { clock, target } = this.#options
    await clock.sleep((probe.initialDelaySeconds ?? 0) * 1000, signal)
    const due = clock.now()
    let tally: ProbeTally = initialTally[kind]
    for (;;) {
      const outcome = await attemptProbe(probe, target, signal)
      if (signal.aborted) return
      const eager = kind !== 'liveness' && tally.result !== 'success' && clock.now() - due < eagerMs
      if (outcome.succeeded || !eager) {
        tally = count(tally, outcome.succeeded, probe)
        if (!outcome.succeeded) this.#options.onFailure(kind, outcome.message)
        if (this.#note(kind, tally)) return
      }
      await clock.sleep(eager && !outcome.succeeded ? eagerPeriodMs : (probe.periodSeconds ?? 10) * 1000, signal)
    }
  }

  /** Takes over the verdict of one probe; true when this probe is finished. */
  #note(kind: ProbeKind, { result }: ProbeTally): boolean {
    const before = this.verdict
    let finished = false
    if (kind === 'readiness') this.#ready = result === 'success'
    else if (kind === 'liveness') {
      if (result === 'failure') this.#failed = 'liveness'
      finished = result === 'failure'
    } else if (result === 'success') {
      this.#started = true
      this.#startOthers()
      finished = true
    } else if (result === 'failure') {
      this.#failed = 'startup'
      finished = true
    }
    const { verdict } = this
    if (verdict.started !== before.started || verdict.ready !== before.ready || verdict.failed !== before.failed)
      this.#options.onVerdict(verdict)
    return finished
  }
}
