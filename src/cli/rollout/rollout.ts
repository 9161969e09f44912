import type { ControllerRevision } from '../../apis/core/types.generated.ts'
import { isNotFound } from '../../kube/api-error.ts'
import type { Clock } from '../../kube/clock.ts'
import type { DeepReadonly } from '../../kube/object.ts'
import type { Connection } from '../connection.ts'
import type { CliContext } from '../context.ts'
import { CliError, exitCode } from '../exit-code.ts'
import { openFleet } from './fleet-rollout.ts'
import type { RolloutProgress } from './progress.ts'
import { openSet } from './set-rollout.ts'

/** What the rollout commands need of that whose template rolls out. */
export interface Rollout {
  readonly kind: 'GameServerSet' | 'Fleet'
  readonly name: string
  /** How it is called in sentences: `the game server set`. */
  readonly called: string
  progress(): Promise<RolloutProgress>
  /** The progress now and whenever it changes; `undefined` when it has been deleted. Ends with the signal. */
  watch(tools: WatchTools): AsyncIterable<RolloutProgress | undefined>
  /** Newest first. */
  revisions(): Promise<readonly KnownRevision[]>
  /** Brings the template back, if nobody has changed it meanwhile. False: it is in force already. */
  undoTo(revision: DeepReadonly<ControllerRevision>, dryRun: boolean): Promise<boolean>
  setPaused(paused: boolean): Promise<void>
}

export interface WatchTools {
  readonly clock: Clock
  readonly signal: AbortSignal
}

export interface KnownRevision {
  readonly stored: DeepReadonly<ControllerRevision>
  /** As users wrote it; undefined when it holds none. */
  readonly template: object | undefined
  readonly containers: readonly { readonly name: string; readonly image?: string }[]
  /** How many run it. */
  readonly servers: number
}

/** How the kind of a Fleet may be written. */
const fleetWord = /^(?:fleets?|flt)(?:(?:\.v1)?\.agones\.dev)?$/

/**
 * What is meant by `fleet/rooms`, `gss/rooms` or `rooms`. A plain name is a GameServerSet's, or, where there is none, a Fleet's. Throws with the code
 * for not found.
 */
export async function openRollout(context: CliContext, connection: Connection, asked: string): Promise<Rollout> {
  const slash = asked.lastIndexOf('/')
  const name = asked.slice(slash + 1)
  const missing = (what: string, cause: unknown): CliError =>
    new CliError(exitCode.notFound, `there is no ${what} ${name} in namespace ${connection.namespace}`, { cause })
  if (slash >= 0 && fleetWord.test(asked.slice(0, slash).toLowerCase())) {
    return openFleet(context, connection, name).catch((error: unknown) => {
      throw isNotFound(error) ? missing('Fleet', error) : error
    })
  }
  try {
    return await openSet(context, connection, name)
  } catch (error) {
    if (!isNotFound(error)) throw error
    if (slash < 0) {
      const fleet = await openFleet(context, connection, name).catch(() => undefined)
      if (fleet !== undefined) return fleet
    }
    throw missing('game server set', error)
  }
}
