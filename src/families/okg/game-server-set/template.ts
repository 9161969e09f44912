/** From a GameServerSet to the template that is hashed and stored as a revision. */
import { annotations } from '../../../apis/game.kruise.io/annotations.ts'
import type { GameServerSet } from '../../../apis/game.kruise.io/game-server-set.ts'
import type { PodTemplateSpec } from '../../../apis/core/types.generated.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import type { Revision, Template } from '../../../servers/model.ts'
import { hashTemplate } from '../../../servers/revision/hash.ts'

const known = new WeakMap<DeepReadonly<GameServerSet>, Revision>()

/**
 * The template in force and its name. What every pod of the set gets regardless (owner label, readiness gate, name) is not
 * part of it, so that an undo can write a stored template back into the set as it is.
 */
export function revisionOf(set: DeepReadonly<GameServerSet>): Revision {
  const found = known.get(set)
  if (found !== undefined) return found
  const template = templateOf(set)
  const revision = { id: `${set.metadata.name}-${hashTemplate(template)}`, template }
  known.set(set, revision)
  return revision
}

/** The user's template with the network's parameters as annotations: changing them is a change of the template. */
export function templateOf(set: DeepReadonly<GameServerSet>): Template {
  const { network, gameServerTemplate } = set.spec
  const { metadata, spec } = gameServerTemplate as DeepReadonly<PodTemplateSpec>
  const { [annotations.networkType]: _type, [annotations.networkConf]: _conf, ...own } = metadata?.annotations ?? {}
  const all = {
    ...own,
    ...(network && {
      [annotations.networkType]: network.networkType,
      [annotations.networkConf]: JSON.stringify((network.networkConf ?? []).map(({ name, value }) => ({ name, value }))),
    }),
  }
  const kept = {
    ...(metadata?.labels && Object.keys(metadata.labels).length > 0 && { labels: metadata.labels }),
    ...(Object.keys(all).length > 0 && { annotations: all }),
  }
  return {
    ...(Object.keys(kept).length > 0 && { metadata: kept as NonNullable<Template['metadata']> }),
    ...(spec && { spec }),
  }
}
