import type { Duplex } from 'node:stream'
import { connect } from 'node:net'
import type { NodeContext } from '../node-context.ts'
import { ContainerProber } from '../probes/container-prober.ts'
import type { ProbeTarget } from '../probes/probe-attempt.ts'
import type { Container, ExitStatus, PodDialer, ResolvedImage } from '../runtime/runtime.ts'
import { lastLines } from '../logs/last-lines.ts'
import { logPath } from './log-files.ts'
import { nextBackOff } from './back-off.ts'
import {
  containerHash,
  type ContainerDefinition,
  type ContainerState,
  type Exit,
  type Obstacle,
  type PodObject,
} from './container-state.ts'

export interface ContainerRecordHooks {
  /** The pod as it is now, for events. */
  pod(): PodObject
  /** The container's state has changed. */
  onChange(): void
}

/** One container of a pod over all its runs: its state, and the process and probes of the current run. */
export class ContainerRecord {
  readonly name: string
  readonly #context: NodeContext
  readonly #hooks: ContainerRecordHooks
  state: ContainerState
  #run:
    | { readonly container: Container; readonly target: ProbeTarget; readonly prober: ContainerProber; readonly image: ResolvedImage }
    | undefined
  /** The preStop hook of the current run has begun: it is not run twice. */
  preStopped = false

  constructor(name: string, context: NodeContext, hooks: ContainerRecordHooks, state: ContainerState) {
    this.name = name
    this.#context = context
    this.#hooks = hooks
    this.state = state
  }

  get run() {
    return this.#run
  }

  /** The number in the log's file name: starts that went before. */
  get nextAttempt(): number {
    return this.#hasRun ? this.state.restarts + 1 : 0
  }

  get #hasRun(): boolean {
    return this.state.imageID !== undefined
  }

  setObstacle(definition: ContainerDefinition, reason: Obstacle['reason'], message: string, retryAt: number): void {
    const attempts = this.obstacleAttempts(definition) + 1
    this.state = { ...this.state, obstacle: { reason, message, hash: containerHash(definition), retryAt, attempts } }
    this.#hooks.onChange()
  }

  /** How often this definition has met an obstacle in a row. */
  obstacleAttempts(definition: ContainerDefinition): number {
    const { obstacle } = this.state
    return obstacle?.hash === containerHash(definition) ? obstacle.attempts : 0
  }

  /** Tries again at once if a missing ConfigMap or Secret was in the way. */
  retryConfig(): void {
    const { obstacle } = this.state
    if (obstacle?.reason !== 'CreateContainerConfigError') return
    this.state = { ...this.state, obstacle: { ...obstacle, retryAt: this.#context.clock.now() } }
  }

  /** A process has been started. Probes begin with {@link beginProbes}, after the postStart hook. */
  started(definition: ContainerDefinition, container: Container, image: ResolvedImage, target: ProbeTarget): void {
    const hash = containerHash(definition)
    const prober = new ContainerProber({
      target,
      clock: this.#context.clock,
      onVerdict: verdict => this.#onVerdict(shownID(container), verdict),
      onFailure: (kind, message) => {
        const title = `${kind[0]?.toUpperCase() ?? ''}${kind.slice(1)}`
        this.#context.events.record(this.#hooks.pod(), 'Warning', 'Unhealthy', `${title} probe failed: ${message}`)
      },
    })
    this.#run = { container, target, prober, image }
    this.preStopped = false
    this.#begin(definition, image, {
      at: 'running',
      containerID: shownID(container),
      hash,
      startedAt: container.startedAt.getTime(),
      started: false,
      ready: false,
    })
    const fallsBack = definition.terminationMessagePolicy === 'FallbackToLogsOnError'
    const path = logPath(this.#context.stateDir, this.#hooks.pod(), this.name, this.state.restarts)
    void container.exited.then(exit => this.#onExit(container, hash, exit, fallsBack && exit.exitCode !== 0 ? lastLines(path) : ''))
  }

  beginProbes(): void {
    if (this.#run === undefined || this.state.phase.at !== 'running') return
    const { prober, container } = this.#run
    this.#onVerdict(shownID(container), prober.verdict)
    prober.start()
  }

  endProbes(): void {
    this.#run?.prober[Symbol.dispose]()
  }

  /** The runtime could not start the process: that counts as a run which ended at once, as with kubelet. */
  startFailed(definition: ContainerDefinition, image: ResolvedImage, message: string): void {
    const hash = containerHash(definition)
    const now = this.#context.clock.now()
    const exit: Exit = { containerID: '', exitCode: 128, reason: 'StartError', message, startedAt: now, finishedAt: now }
    this.#begin(definition, image, { at: 'exited', hash, exit })
    this.state = { ...this.state, backOff: nextBackOff(this.state.backOff, hash, exit, this.#context.backOff) }
  }

  #begin(definition: ContainerDefinition, image: ResolvedImage, phase: ContainerState['phase']): void {
    const { phase: before, backOff, last } = this.state
    const ended = before.at === 'exited' ? before.exit : last
    this.state = {
      phase,
      restarts: this.nextAttempt,
      image: definition.image ?? image.reference,
      imageID: image.id,
      ...(ended === undefined ? {} : { last: ended }),
      ...(backOff === undefined ? {} : { backOff }),
    }
    this.#hooks.onChange()
  }

  #onVerdict(containerID: string, verdict: ContainerProber['verdict']): void {
    const { phase } = this.state
    if (phase.at !== 'running' || phase.containerID !== containerID) return
    if (phase.started === verdict.started && phase.ready === verdict.ready && phase.failed === verdict.failed) return
    this.state = { ...this.state, phase: { ...phase, ...verdict } }
    this.#hooks.onChange()
  }

  #onExit(container: Container, hash: string, status: ExitStatus, message: string): void {
    const { phase } = this.state
    if (phase.at !== 'running' || phase.containerID !== shownID(container)) return
    this.endProbes()
    this.#run = undefined
    const exit: Exit = {
      containerID: shownID(container),
      exitCode: status.exitCode,
      reason: status.exitCode === 0 ? 'Completed' : 'Error',
      startedAt: phase.startedAt,
      finishedAt: status.finishedAt.getTime(),
      ...(message === '' ? {} : { message }),
      ...(status.signal === undefined ? {} : { signal: status.signal }),
    }
    this.state = {
      ...this.state,
      phase: { at: 'exited', hash, exit },
      backOff: nextBackOff(this.state.backOff, hash, exit, this.#context.backOff),
    }
    this.#hooks.onChange()
  }
}

/** The id as `containerID` shows it. */
export function shownID(container: Container): string {
  return container.id.includes('://') ? container.id : `berth://${container.id}`
}

/** How probes and hooks reach the ports of a pod: through the runtime, or directly for the host's own network. */
export function dialPod(dialer: PodDialer, podIP: string, hostNetwork: boolean): ProbeTarget['dial'] {
  return (host, port, signal) => (host === podIP && !hostNetwork ? dialer.dialTcp(host, port, signal) : dialHost(host, port, signal))
}

function dialHost(host: string, port: number, signal: AbortSignal): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, signal })
    socket.once('connect', () => resolve(socket))
    socket.once('error', reject)
  })
}
