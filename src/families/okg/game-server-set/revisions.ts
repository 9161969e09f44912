/** The template's history as ControllerRevisions, named and shaped as Kruise does it. */
import { labels } from '../../../apis/game.kruise.io/labels.ts'
import type { GameServerSet } from '../../../apis/game.kruise.io/game-server-set.ts'
import type { ControllerRevision } from '../../../apis/core/types.generated.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import { isControlledBy } from '../../../kube/owner-reference.ts'
import type { Revision, RevisionId, Template } from '../../../servers/model.ts'
import { keepHistory } from '../../../servers/revision/keep.ts'
import type { OkgContext } from '../context.ts'
import { indexes } from '../names.ts'
import { announceRevision } from './events.ts'

export function revisionsOf(context: OkgContext, set: DeepReadonly<GameServerSet>): readonly DeepReadonly<ControllerRevision>[] {
  return context.revisions
    .byIndex(indexes.controller, set.metadata.uid, revision => isControlledBy(revision, set))
    .filter(revision => !context.revisions.isDeleting(revision))
}

const templates = new WeakMap<object, Template>()

/** The stored template, without the marker that makes it a patch. */
export function storedTemplate(revision: DeepReadonly<ControllerRevision>): Template | undefined {
  const data = revision.data as { spec?: { template?: Record<string, unknown> } } | undefined
  const stored = data?.spec?.template
  if (stored === undefined) return undefined
  const found = templates.get(stored)
  if (found !== undefined) return found
  const { $patch: _patch, ...template } = stored
  templates.set(stored, template as Template)
  return template as Template
}

/** Brings the history in line with the template in force. Done before any server of that revision is made. */
export function syncRevisions(
  context: OkgContext,
  set: DeepReadonly<GameServerSet>,
  { id, template }: Revision,
  inUse: ReadonlySet<RevisionId>,
  signal: AbortSignal,
): Promise<void> {
  const target = {
    id,
    labels: { [labels.ownerSet]: set.metadata.name },
    data: { spec: { template: { ...template, $patch: 'replace' } } },
  }
  const isNewest = (number: number): void => announceRevision(context.recorder, set, id, number)
  return keepHistory(context, set, revisionsOf(context, set), target, inUse, isNewest, signal)
}
