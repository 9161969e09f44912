import type { GameServer } from '../../../apis/agones.dev/game-server.ts'
import type { GameServerSet } from '../../../apis/agones.dev/game-server-set.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import { isControlledBy } from '../../../kube/owner-reference.ts'
import type { AgonesContext } from '../context.ts'
import { indexes } from '../names.ts'

/** The servers of a set, with what this process has just written of them. */
export function serversOf(context: AgonesContext, set: DeepReadonly<GameServerSet>): DeepReadonly<GameServer>[] {
  return context.servers.byIndex(indexes.controller, set.metadata.uid, server => isControlledBy(server, set))
}
