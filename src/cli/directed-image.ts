/** Directed updates of Agones' GameServers: an annotation per container, which goes when the template is to count again. */
import { annotations, imagePrefix } from '../apis/agones.dev/annotations.ts'
import { type GameServer, gameServers } from '../apis/agones.dev/game-server.ts'
import { gameServerRole, labels } from '../apis/agones.dev/labels.ts'
import type { Pod } from '../apis/core/types.generated.ts'
import { active, isInUse } from '../families/agones/game-server/life.ts'
import type { DeepReadonly } from '../kube/object.ts'
import type { Connection } from './connection.ts'
import { type CliContext, note } from './context.ts'

/** Whether the pod is one of Agones' game servers. */
export function isOfAgones({ metadata }: DeepReadonly<Pod>): boolean {
  return metadata.labels?.[labels.role] === gameServerRole
}

/** Writes directed images, null to take one off. What the containers shall run then, by name. */
export async function directImages(
  context: CliContext,
  { client, namespace }: Connection,
  name: string,
  images: ReadonlyMap<string, string | null>,
): Promise<ReadonlyMap<string, string>> {
  const notes = Object.fromEntries([...images].map(([container, image]) => [imagePrefix + container, image]))
  const patch = { metadata: { annotations: notes } }
  const server = await client.patch(gameServers, { namespace, name }, patch, { type: 'merge', signal: context.signal })
  if (isInUse(server))
    note(
      context,
      `Note: ${name} is ${server.status?.state ?? ''}: what restarts its game waits until it is free; other containers too, unless its Fleet lets them.`,
    )
  const ofTemplate = (container: string): string => server.spec.template.spec?.containers.find(one => one.name === container)?.image ?? ''
  return new Map([...images].map(([container, image]) => [container, image ?? ofTemplate(container)]))
}

/** Why the server is not as it shall be, although its pod is; undefined: it is. */
export async function notServing(context: CliContext, { client, namespace }: Connection, name: string): Promise<string | undefined> {
  const { metadata, status }: DeepReadonly<GameServer> = await client.get(gameServers, { namespace, name }, { signal: context.signal })
  const state = status?.state ?? 'Creating'
  if (metadata.annotations?.[annotations.updating] !== undefined) return 'its containers are changing'
  return (active as readonly string[]).includes(state) ? undefined : `it is ${state}`
}
