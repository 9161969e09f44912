/** The template's history as ControllerRevisions, named and shaped as Kruise does it. */
import { labels } from '../../../apis/game.kruise.io/labels.ts'
import type { GameServerSet } from '../../../apis/game.kruise.io/game-server-set.ts'
import { controllerrevisions } from '../../../apis/core/resources.generated.ts'
import type { ControllerRevision } from '../../../apis/core/types.generated.ts'
import { isAlreadyExists, isNotFound } from '../../../kube/api-error.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import { controllerReference, isControlledBy } from '../../../kube/owner-reference.ts'
import type { Revision, RevisionId, Template } from '../../../servers/model.ts'
import { historySteps } from '../../../servers/revision/history.ts'
import type { OkgContext } from '../context.ts'
import { indexes } from '../names.ts'
import { announceRevision } from './events.ts'

/** Revisions kept beside those in use. */
export const historyLimit = 10

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
export async function syncRevisions(
  context: OkgContext,
  set: DeepReadonly<GameServerSet>,
  target: Revision,
  inUse: ReadonlySet<RevisionId>,
  signal: AbortSignal,
): Promise<void> {
  const { client, revisions } = context
  const stored = revisionsOf(context, set)
  const byName = new Map(stored.map(revision => [revision.metadata.name, revision]))
  const history = stored.map(revision => ({ id: revision.metadata.name, number: revision.revision }))
  for (const step of historySteps(history, target.id, inUse, historyLimit)) {
    if (step.do === 'create') {
      revisions.wrote(await createRevision(context, set, target, step.number, signal))
      announceRevision(context.recorder, set, target.id, step.number)
      continue
    }
    const revision = byName.get(step.id)
    if (revision === undefined) continue
    const ref = { namespace: revision.metadata.namespace ?? '', name: step.id }
    try {
      if (step.do === 'renumber') {
        revisions.wrote(await client.patch(controllerrevisions, ref, { revision: step.number }, { type: 'merge', signal }))
        announceRevision(context.recorder, set, step.id, step.number)
      } else {
        await client.delete(controllerrevisions, ref, { preconditions: { uid: revision.metadata.uid }, signal })
        revisions.deleted(revision)
      }
    } catch (error) {
      if (!isNotFound(error)) throw error
      revisions.forget(revision)
    }
  }
}

async function createRevision(
  { client }: OkgContext,
  set: DeepReadonly<GameServerSet>,
  { id, template }: Revision,
  number: number,
  signal: AbortSignal,
): Promise<DeepReadonly<ControllerRevision>> {
  const namespace = set.metadata.namespace ?? 'default'
  try {
    return await client.create(
      controllerrevisions,
      {
        metadata: {
          name: id,
          namespace,
          labels: { [labels.ownerSet]: set.metadata.name, 'controller.kubernetes.io/hash': id.slice(id.lastIndexOf('-') + 1) },
          ownerReferences: [controllerReference(set)],
        },
        data: { spec: { template: { ...template, $patch: 'replace' } } },
        revision: number,
      },
      { signal },
    )
  } catch (error) {
    if (!isAlreadyExists(error)) throw error
    const existing = await client.get(controllerrevisions, { namespace, name: id }, { signal })
    if (isControlledBy(existing, set)) return existing
    // Left over from a deleted namesake of the set; garbage collection takes it away shortly.
    throw error
  }
}
