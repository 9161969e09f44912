import { formatDuration } from './back-off.ts'
import { absent, containerHash, containersOf, type ContainerState, type PodContainer, type PodObject } from './container-state.ts'

/** What the node should do next for one pod. Computed anew after every step, so it never depends on what was done before. */
export interface PodActions {
  /** Containers to stop; those that should run again appear in a later decision once they have ended. */
  readonly kill: readonly { readonly name: string; readonly message: string }[]
  /** Containers to start now, in this order. */
  readonly start: readonly string[]
  /** Containers that are held back by crash back-off. */
  readonly held: ReadonlyMap<string, { readonly message: string; readonly until: number }>
  /** When to decide again though nothing happened; milliseconds since the epoch. */
  readonly wakeAt?: number
  /** Nothing of this pod will ever run again: stop its sidecars and let go of its network. */
  readonly over: boolean
}

export type ContainerStates = ReadonlyMap<string, ContainerState>

/**
 * The next steps for a pod that is not being deleted: kubelet's rules for init containers in order, sidecars, restart
 * policies, back-off, failed probes and changed images. `now` in milliseconds.
 */
export function computePodActions(pod: PodObject, states: ContainerStates, now: number): PodActions {
  const decision = new Decision(pod, states, now)
  const containers = containersOf(pod)
  const main = containers.filter(container => container.role === 'main')

  if (initFailed(pod, states) || isOver(pod, main, states)) {
    const sidecars = containers.filter(container => container.role !== 'main' && decision.state(container).phase.at === 'running')
    for (const container of sidecars.toReversed()) decision.kill(container, `Stopping container ${container.definition.name}`)
    return decision.done(true)
  }

  // Init containers are looked at until the first main container has been created; sidecars always.
  const mainCreated = main.some(container => decision.state(container).phase.at !== 'absent')
  for (const container of containers) {
    if (container.role === 'main') continue
    if (container.role === 'init') {
      if (mainCreated || succeeded(decision.state(container))) continue
      decision.ensureRunning(container)
      return decision.done(false)
    }
    decision.ensureRunning(container)
    const { phase } = decision.state(container)
    if (!mainCreated && !(phase.at === 'running' && phase.started)) return decision.done(false)
  }
  for (const container of main) decision.ensureRunning(container)
  return decision.done(false)
}

/** Collects the parts of one decision. */
class Decision {
  readonly #pod: PodObject
  readonly #states: ContainerStates
  readonly #now: number
  readonly #kill: { name: string; message: string }[] = []
  readonly #start: string[] = []
  readonly #held = new Map<string, { message: string; until: number }>()
  #wakeAt: number | undefined

  constructor(pod: PodObject, states: ContainerStates, now: number) {
    this.#pod = pod
    this.#states = states
    this.#now = now
  }

  state(container: PodContainer): ContainerState {
    return this.#states.get(container.definition.name) ?? absent
  }

  kill(container: PodContainer, message: string): void {
    this.#kill.push({ name: container.definition.name, message })
  }

  ensureRunning(container: PodContainer): void {
    const { definition } = container
    const state = this.state(container)
    const hash = containerHash(definition)
    if (state.phase.at === 'running') {
      const message = killReason(this.#pod, container, state.phase, hash)
      if (message !== undefined) this.kill(container, message)
      return
    }
    if (state.phase.at === 'exited' && state.phase.hash === hash && !shouldRestart(this.#pod, container, state.phase.exit.exitCode)) return
    if (state.obstacle?.hash === hash && state.obstacle.retryAt > this.#now) {
      this.#wake(state.obstacle.retryAt)
      return
    }
    if (state.backOff?.hash === hash && state.backOff.until > this.#now) {
      const { name, namespace, uid } = this.#pod.metadata
      const message = `back-off ${formatDuration(state.backOff.delayMs)} restarting failed container=${definition.name} pod=${name}_${namespace ?? ''}(${uid})`
      this.#held.set(definition.name, { message, until: state.backOff.until })
      this.#wake(state.backOff.until)
      return
    }
    this.#start.push(definition.name)
  }

  #wake(at: number): void {
    this.#wakeAt = Math.min(this.#wakeAt ?? at, at)
  }

  done(over: boolean): PodActions {
    const actions = { kill: this.#kill, start: this.#start, held: this.#held, over }
    return this.#wakeAt === undefined ? actions : { ...actions, wakeAt: this.#wakeAt }
  }
}

function killReason(
  pod: PodObject,
  container: PodContainer,
  phase: { hash: string; failed?: 'liveness' | 'startup' },
  hash: string,
): string | undefined {
  const { name } = container.definition
  // The image of a plain init container that is running may change without effect, as with kubelet.
  if (phase.hash !== hash && container.role !== 'init') return `Container ${name} definition changed, will be restarted`
  if (phase.failed === undefined) return undefined
  const restarts = container.role === 'sidecar' || pod.spec?.restartPolicy !== 'Never'
  return `Container ${name} failed ${phase.failed} probe${restarts ? ', will be restarted' : ''}`
}

/**
 * Whether what can be seen now will last: no init container is on its way and no container has just been started and is about to become
 * ready. Until then a status is worth holding back for a moment.
 */
export function isSettled(pod: PodObject, states: ContainerStates): boolean {
  return containersOf(pod).every(({ role, definition }) => {
    const { phase, obstacle } = states.get(definition.name) ?? absent
    if (phase.at === 'running') return role !== 'init' && phase.ready
    return phase.at === 'exited' || obstacle !== undefined
  })
}

/** Whether a container that ended with `exitCode` is started again. */
function shouldRestart(pod: PodObject, container: PodContainer, exitCode: number): boolean {
  if (container.role === 'sidecar') return true
  const policy = pod.spec?.restartPolicy ?? 'Always'
  if (policy === 'Never') return false
  return exitCode !== 0 || (policy === 'Always' && container.role === 'main')
}

function succeeded(state: ContainerState): boolean {
  return state.phase.at === 'exited' && state.phase.exit.exitCode === 0
}

/** Whether an init container has failed for good: only possible with restartPolicy Never. */
export function initFailed(pod: PodObject, states: ContainerStates): boolean {
  if (pod.spec?.restartPolicy !== 'Never') return false
  return containersOf(pod).some(({ role, definition }) => {
    const phase = states.get(definition.name)?.phase
    return role === 'init' && phase?.at === 'exited' && phase.exit.exitCode !== 0
  })
}

function isOver(pod: PodObject, main: readonly PodContainer[], states: ContainerStates): boolean {
  if (main.length === 0) return false
  return main.every(container => {
    const phase = states.get(container.definition.name)?.phase
    return (
      phase?.at === 'exited' && !shouldRestart(pod, container, phase.exit.exitCode) && phase.hash === containerHash(container.definition)
    )
  })
}
