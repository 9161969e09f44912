import type { GameServer } from '../apis/agones.dev/game-server.ts'
import type { DeepReadonly } from '../kube/object.ts'
import type { JsonPatchStep } from './pending.ts'

/** The one GameServer a sidecar serves: on a cluster, or in a file of a developer. */
export interface GameServerSource {
  /** As it was seen last. */
  current(): DeepReadonly<GameServer>
  /** Called after every change. */
  subscribe(listener: () => void): Disposable
  /** Rejects with a {@link StaleError} when the object has changed meanwhile. */
  patch(steps: readonly JsonPatchStep[], signal: AbortSignal): Promise<DeepReadonly<GameServer>>
}

/** The object is not the one the patch was made for. News of it is on its way. */
export class StaleError extends Error {
  override readonly name = 'StaleError'
}
