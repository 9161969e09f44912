import { constants } from 'node:os'
import type { Clock } from '../../../kube/clock.ts'
import type { NodeContext } from '../node-context.ts'
import { messageOf } from '../node-error.ts'
import type { ProbeTarget } from '../probes/probe-attempt.ts'
import type { ExitStatus } from '../runtime/runtime.ts'
import { whenAborted } from './aborted.ts'
import type { ContainerRecord } from './container-record.ts'
import type { PodObject } from './container-state.ts'
import { runHook } from './hooks.ts'

export interface StopOptions {
  readonly clock: Clock
  /** SIGTERM unless the image or the manifest names another one. */
  readonly stopSignal: NodeJS.Signals
  /** Whether the preStop hook is still to be run. */
  readonly preStop: boolean
  /** Aborted when the grace period is over: then SIGKILL. */
  readonly graceOver: AbortSignal
  onHookFailure(message: string): void
}

export const defaultGraceSeconds = 30

/** The grace period of a container that is stopped in a pod that stays: a failed probe may have its own. */
export function restartGraceSeconds(pod: PodObject, { run, state: { phase } }: ContainerRecord): number {
  const { livenessProbe, startupProbe } = run?.target.definition ?? {}
  const failed = phase.at === 'running' ? phase.failed : undefined
  const probe = failed === 'liveness' ? livenessProbe : failed === 'startup' ? startupProbe : undefined
  return probe?.terminationGracePeriodSeconds ?? pod.spec?.terminationGracePeriodSeconds ?? defaultGraceSeconds
}

/** What is left to a container whose preStop hook has used up the grace period, as with kubelet. */
const leastGraceMs = 2_000

/** Ends a container as kubelet does: preStop hook, stop signal, the rest of the grace period, SIGKILL. Resolves when it has ended. */
export async function stopContainer(target: ProbeTarget, options: StopOptions): Promise<ExitStatus> {
  const { container, definition } = target
  const hook = definition.lifecycle?.preStop
  const runsHook = hook !== undefined && options.preStop && !options.graceOver.aborted
  if (runsHook) {
    const ended = container.exited.then(() => {})
    const ran = runHook(hook, target, options.clock, options.graceOver).catch((error: unknown) => options.onHookFailure(messageOf(error)))
    await Promise.race([ran, ended])
  }
  const hookTookAll = runsHook && options.graceOver.aborted
  if (hookTookAll || !options.graceOver.aborted) {
    container.kill(options.stopSignal)
    const patience = new AbortController()
    const over = hookTookAll ? options.clock.sleep(leastGraceMs, patience.signal).catch(() => {}) : whenAborted(options.graceOver)
    await Promise.race([container.exited, over])
    patience.abort()
  }
  // Also after a clean end: processes that the first one left behind go with the container.
  container.kill('SIGKILL')
  return container.exited
}

/** Ends the current run of a container, if there is one: see {@link stopContainer}. */
export async function stopRecord(context: NodeContext, pod: PodObject, record: ContainerRecord, graceOver: AbortSignal): Promise<void> {
  const { run, preStopped } = record
  if (run === undefined) return
  record.endProbes()
  record.preStopped = true
  await stopContainer(run.target, {
    clock: context.clock,
    stopSignal: signalName(run.target.definition.lifecycle?.stopSignal ?? run.image.stopSignal),
    preStop: !preStopped,
    graceOver,
    onHookFailure: message => context.events.record(pod, 'Warning', 'FailedPreStopHook', `PreStopHook failed: ${message}`),
  })
}

/** `SIGTERM` for whatever is no signal this system has; image definitions may leave the prefix out. */
function signalName(name: string | undefined): NodeJS.Signals {
  if (name === undefined) return 'SIGTERM'
  const full = name.startsWith('SIG') ? name : `SIG${name}`
  return full in constants.signals ? (full as NodeJS.Signals) : 'SIGTERM'
}
