import type { DeepReadonly } from '../../../kube/object.ts'
import type { Probe } from '../../../apis/core/types.generated.ts'

export type ProbeResult = 'success' | 'failure' | 'unknown'

/** Where a probe stands: its verdict, and how often the newest outcome came in a row. */
export interface ProbeTally {
  readonly result: ProbeResult
  readonly outcome: boolean | undefined
  readonly inARow: number
}

/** Before the first attempt: a container is taken for alive and for not ready; whether it has started is not known. */
export const initialTally = {
  liveness: { result: 'success', outcome: undefined, inARow: 0 },
  readiness: { result: 'failure', outcome: undefined, inARow: 0 },
  startup: { result: 'unknown', outcome: undefined, inARow: 0 },
} as const satisfies Record<string, ProbeTally>

/** Counts one more outcome: the verdict changes when a threshold is reached. */
export function count(tally: ProbeTally, succeeded: boolean, probe: DeepReadonly<Probe>): ProbeTally {
  const inARow = tally.outcome === succeeded ? tally.inARow + 1 : 1
  const threshold = succeeded ? (probe.successThreshold ?? 1) : (probe.failureThreshold ?? 3)
  const result = inARow < threshold ? tally.result : succeeded ? 'success' : 'failure'
  return { result, outcome: succeeded, inARow }
}
