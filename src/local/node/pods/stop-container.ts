import type { Clock } from '../../../kube/clock.ts'
import { messageOf } from '../node-error.ts'
import type { ProbeTarget } from '../probes/probe-attempt.ts'
import type { ExitStatus } from '../runtime/runtime.ts'
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

/** Ends a container as kubelet does: preStop hook, stop signal, the rest of the grace period, SIGKILL. Resolves when it has ended. */
export async function stopContainer(target: ProbeTarget, options: StopOptions): Promise<ExitStatus> {
  const { container, definition } = target
  const hook = definition.lifecycle?.preStop
  if (hook !== undefined && options.preStop && !options.graceOver.aborted) {
    const ended = container.exited.then(() => {})
    const ran = runHook(hook, target, options.clock, options.graceOver).catch((error: unknown) => options.onHookFailure(messageOf(error)))
    await Promise.race([ran, ended])
  }
  if (!options.graceOver.aborted) {
    container.kill(options.stopSignal)
    await Promise.race([container.exited, whenAborted(options.graceOver)])
  }
  // Also after a clean end: processes that the first one left behind go with the container.
  container.kill('SIGKILL')
  return container.exited
}

function whenAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise(resolve => signal.addEventListener('abort', () => resolve(), { once: true }))
}
