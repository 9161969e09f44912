/** The history of an owner's template as ControllerRevisions: stored, renumbered and forgotten as `history.ts` decides. */
import { controllerrevisions } from '../../apis/core/resources.generated.ts'
import type { ControllerRevision } from '../../apis/core/types.generated.ts'
import { isAlreadyExists, isNotFound } from '../../kube/api-error.ts'
import type { Client } from '../../kube/client.ts'
import type { DeepReadonly, KubeObject } from '../../kube/object.ts'
import { controllerReference, isControlledBy } from '../../kube/owner-reference.ts'
import type { OwnWrites } from '../../kube/own-writes.ts'
import type { RevisionId } from '../model.ts'
import { historySteps } from './history.ts'

/** Revisions kept beside those in use. */
export const historyLimit = 10

/** The revision in force, as it is stored. */
export interface TargetRevision {
  /** The name of the ControllerRevision: the owner's, a dash and the hash of its template. */
  readonly id: RevisionId
  readonly labels: Readonly<Record<string, string>>
  readonly data: Readonly<Record<string, unknown>>
}

export interface HistoryContext {
  readonly client: Client
  readonly revisions: OwnWrites<ControllerRevision>
}

/**
 * Brings the stored history in line with the template in force; to be done before any server of that revision is made, so that whatever
 * runs is in it. Killed between two writes, the next call does the rest. `isNewest` hears of the number that the target has been given.
 */
export async function keepHistory(
  { client, revisions }: HistoryContext,
  owner: DeepReadonly<KubeObject>,
  stored: readonly DeepReadonly<ControllerRevision>[],
  target: TargetRevision,
  inUse: ReadonlySet<RevisionId>,
  isNewest: (number: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const byName = new Map(stored.map(revision => [revision.metadata.name, revision]))
  const history = stored.map(revision => ({ id: revision.metadata.name, number: revision.revision }))
  for (const step of historySteps(history, target.id, inUse, historyLimit)) {
    if (step.do === 'create') {
      revisions.wrote(await create(client, owner, target, step.number, signal))
      isNewest(step.number)
      continue
    }
    const revision = byName.get(step.id)
    if (revision === undefined) continue
    const ref = { namespace: revision.metadata.namespace ?? '', name: step.id }
    try {
      if (step.do === 'renumber') {
        revisions.wrote(await client.patch(controllerrevisions, ref, { revision: step.number }, { type: 'merge', signal }))
        isNewest(step.number)
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

async function create(
  client: Client,
  owner: DeepReadonly<KubeObject>,
  { id, labels, data }: TargetRevision,
  number: number,
  signal: AbortSignal,
): Promise<DeepReadonly<ControllerRevision>> {
  const namespace = owner.metadata.namespace ?? 'default'
  const hash = id.slice(id.lastIndexOf('-') + 1)
  const metadata = {
    name: id,
    namespace,
    labels: { ...labels, 'controller.kubernetes.io/hash': hash },
    ownerReferences: [controllerReference(owner)],
  }
  try {
    return await client.create(controllerrevisions, { metadata, data: { ...data }, revision: number }, { signal })
  } catch (error) {
    if (!isAlreadyExists(error)) throw error
    const existing = await client.get(controllerrevisions, { namespace, name: id }, { signal })
    if (isControlledBy(existing, owner)) return existing
    // Left over from a deleted namesake of the owner; garbage collection takes it away shortly.
    throw error
  }
}
