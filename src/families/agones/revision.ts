/**
 * The revisions of a Fleet are ControllerRevisions, whatever its strategy: one per template it has had, so that there is a way back also when the
 * last server of an old GameServerSet has gone, and where servers change in place in one set. Every GameServer names by a label which one it has.
 */
import type { Fleet } from '../../apis/agones.dev/fleet.ts'
import type { GameServer } from '../../apis/agones.dev/game-server.ts'
import { labels } from '../../apis/agones.dev/labels.ts'
import type { ControllerRevision } from '../../apis/core/types.generated.ts'
import type { DeepReadonly } from '../../kube/object.ts'
import { equalJson } from '../../schema/json.ts'
import { hashTemplate } from '../../servers/revision/hash.ts'

export type ServerTemplate = DeepReadonly<Fleet['spec']['template']>

const known = new WeakMap<object, string>()

/** Names a template by its content, labels and annotations included. */
export function templateHash(template: ServerTemplate): string {
  let hash = known.get(template)
  if (hash === undefined) known.set(template, (hash = hashTemplate(template)))
  return hash
}

/** Whether a server has the template. One that was made before servers named theirs, or by Agones, is judged by what its pod was made from. */
export function hasTemplate({ metadata, spec }: DeepReadonly<GameServer>, template: ServerTemplate): boolean {
  const hash = metadata.labels?.[labels.revision]
  return hash === undefined ? equalJson(spec.template, template.spec.template) : hash === templateHash(template)
}

/** The ControllerRevision that holds the template. */
export function revisionName(fleet: string, hash: string): string {
  return `${fleet}-${hash}`
}

/** What {@link storedTemplate} reads. */
export function revisionData(template: ServerTemplate): Record<string, unknown> {
  return { spec: { template } }
}

/** The template as users wrote it; undefined when the revision holds none. */
export function storedTemplate({ data }: DeepReadonly<ControllerRevision>): ServerTemplate | undefined {
  const template = (data as { spec?: { template?: ServerTemplate } } | undefined)?.spec?.template
  return template?.spec === undefined ? undefined : template
}
