/** Keeps the history of a Fleet's template; see `../revision.ts`. */
import type { Fleet } from '../../../apis/agones.dev/fleet.ts'
import type { GameServerSet } from '../../../apis/agones.dev/game-server-set.ts'
import { labels } from '../../../apis/agones.dev/labels.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import { isControlledBy } from '../../../kube/owner-reference.ts'
import { historyLimit, keepHistory } from '../../../servers/revision/keep.ts'
import type { AgonesContext } from '../context.ts'
import { revisionOfServer } from '../game-server-set/in-place.ts'
import { serversOf } from '../game-server-set/servers-of.ts'
import { indexes } from '../names.ts'
import { revisionData, revisionName, templateHash } from '../revision.ts'

export async function syncHistory(
  context: AgonesContext,
  fleet: DeepReadonly<Fleet>,
  sets: readonly DeepReadonly<GameServerSet>[],
  signal: AbortSignal,
): Promise<void> {
  const { name } = fleet.metadata
  const { template } = fleet.spec
  const stored = context.revisions
    .byIndex(indexes.controller, fleet.metadata.uid, revision => isControlledBy(revision, fleet))
    .filter(revision => !context.revisions.isDeleting(revision))
  const inUse = new Set<string>()
  // Who runs what only matters when something is to be forgotten.
  if (stored.length > historyLimit)
    for (const set of sets) for (const server of serversOf(context, set)) inUse.add(revisionName(name, revisionOfServer(server)))
  const target = {
    id: revisionName(name, templateHash(template)),
    labels: { [labels.fleet]: name },
    data: revisionData(template),
  }
  const isNewest = (number: number): void => context.recorder.event(fleet, 'Normal', 'NewRevision', `revision ${number} is ${target.id}`)
  await keepHistory(context, fleet, stored, target, inUse, isNewest, signal)
}
