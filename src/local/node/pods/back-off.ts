import type { ContainerState, Exit } from './container-state.ts'

/** Delays between restarts of a container that keeps ending. Milliseconds. */
export interface BackOffPolicy {
  /** Default 10 s. */
  readonly baseMs: number
  /** Default 5 min. */
  readonly maxMs: number
  /** A run that lasts this long forgets earlier crashes. Default 10 min. */
  readonly resetMs: number
}

/** Kubernetes' own figures. */
export const kubernetesBackOff: BackOffPolicy = { baseMs: 10_000, maxMs: 300_000, resetMs: 600_000 }

/**
 * The back-off after a run has ended. As with kubelet the first restart is immediate, and the delay counts from the
 * end of the run; a container whose definition changed starts afresh.
 */
export function nextBackOff(
  previous: ContainerState['backOff'],
  hash: string,
  exit: Exit,
  policy: BackOffPolicy,
): NonNullable<ContainerState['backOff']> {
  const fresh = previous === undefined || previous.hash !== hash || exit.finishedAt - exit.startedAt > policy.resetMs
  if (fresh) return { hash, delayMs: 0, until: exit.finishedAt }
  const delayMs = previous.delayMs === 0 ? policy.baseMs : Math.min(previous.delayMs * 2, policy.maxMs)
  return { hash, delayMs, until: exit.finishedAt + delayMs }
}

/** The delay before try number `attempts` + 1 of something that failed `attempts` times. */
export function retryDelay(attempts: number, baseMs: number, maxMs: number): number {
  return Math.min(baseMs * 2 ** Math.max(0, attempts - 1), maxMs)
}

/** Go's way to write a duration of whole seconds: `10s`, `2m40s`, `5m0s`. */
export function formatDuration(ms: number): string {
  const seconds = Math.round(ms / 1000)
  if (seconds < 60) return `${seconds}s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes}m${seconds % 60}s`
  return `${Math.floor(minutes / 60)}h${minutes % 60}m${seconds % 60}s`
}
