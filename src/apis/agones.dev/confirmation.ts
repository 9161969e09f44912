/**
 * Allocations that hold only when somebody confirms them. The deadline is an annotation of the GameServer, and what confirms is one as well (or a
 * label), so that whoever looks knows how it stands. Pure.
 */
import type { DeepReadonly } from '../../kube/object.ts'
import { annotations, sdkPrefix } from './annotations.ts'
import type { GameServer } from './game-server.ts'

/** Labels or annotations that confirm: a matchmaker's, and what a game sets by `SetAnnotation("confirmed", …)` or `SetLabel("confirmed", …)`. */
export const confirmingKeys: readonly string[] = [annotations.confirmed, `${sdkPrefix}confirmed`]

/** Until when somebody has to confirm, in milliseconds since 1970; undefined: nobody has to, or somebody has, or the server is not allocated. */
export function confirmationDeadline({ metadata, status }: DeepReadonly<GameServer>): number | undefined {
  const by = metadata.annotations?.[annotations.confirmBy]
  if (by === undefined || status?.state !== 'Allocated') return undefined
  if (confirmingKeys.some(key => metadata.annotations?.[key] !== undefined || metadata.labels?.[key] !== undefined)) return undefined
  const deadline = Date.parse(by)
  // What cannot be read takes nobody's server away.
  return Number.isNaN(deadline) ? undefined : deadline
}
