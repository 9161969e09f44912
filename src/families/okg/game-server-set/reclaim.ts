/** Reclaim policy Delete: GameServers that outlive their pods, and the mark on those that shall not. */
import { gameServers, type GameServer } from '../../../apis/game.kruise.io/game-server.ts'
import type { GameServerSet } from '../../../apis/game.kruise.io/game-server-set.ts'
import { labels } from '../../../apis/game.kruise.io/labels.ts'
import { isConflict, isNotFound } from '../../../kube/api-error.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import { isControlledBy } from '../../../kube/owner-reference.ts'
import type { Plan } from '../../../servers/model.ts'
import type { OkgContext } from '../context.ts'
import { indexes } from '../names.ts'

/** The server's object when it belongs to the set (reclaim policy Delete), so that it outlives pods. */
export function survivingServer(context: OkgContext, set: DeepReadonly<GameServerSet>, name: string): DeepReadonly<GameServer> | undefined {
  const server = context.servers.get(`${set.metadata.namespace ?? 'default'}/${name}`)
  return server !== undefined && isControlledBy(server, set) && !context.servers.isDeleting(server) ? server : undefined
}

/** Whether the GameServer goes when its pod is gone. */
async function markServer(
  context: OkgContext,
  server: DeepReadonly<GameServer>,
  deleting: 'true' | 'false',
  signal: AbortSignal,
): Promise<void> {
  const { name, namespace = '', uid } = server.metadata
  const patch = { metadata: { uid, labels: { [labels.deleting]: deleting } } }
  try {
    context.servers.wrote(await context.client.patch(gameServers, { namespace, name }, patch, { type: 'merge', signal }))
  } catch (error) {
    if (!isNotFound(error) && !isConflict(error)) throw error
    context.servers.forget(server)
  }
}

/**
 * Marks GameServers whose id is scaled away, so that they go with their pods, and takes the mark from those that stay after all. Done before any
 * pod is deleted or made.
 */
export async function syncMarks(context: OkgContext, set: DeepReadonly<GameServerSet>, plan: Plan, signal: AbortSignal): Promise<void> {
  if (set.spec.gameServerTemplate.reclaimPolicy !== 'Delete') return
  for (const server of context.servers.byIndex(indexes.controller, set.metadata.uid, candidate => isControlledBy(candidate, set))) {
    const marked = server.metadata.labels?.[labels.deleting] === 'true'
    const wanted = plan.keys.has(server.metadata.name)
    if (marked === wanted && !context.servers.isDeleting(server)) await markServer(context, server, wanted ? 'false' : 'true', signal)
  }
}
