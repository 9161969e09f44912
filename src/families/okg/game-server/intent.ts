/** What a GameServer's spec and its `gs-sync/` metadata ask of its pod. */
import { annotations } from '../../../apis/game.kruise.io/annotations.ts'
import { defaults } from '../../../apis/game.kruise.io/defaults.ts'
import type { GameServer } from '../../../apis/game.kruise.io/game-server.ts'
import { labels, syncPrefix } from '../../../apis/game.kruise.io/labels.ts'
import type { DeepReadonly } from '../../../kube/object.ts'

/** Labels that carry the operator's intent; those of a server without an object are the defaults. */
export function intentLabels(server: DeepReadonly<GameServer> | undefined): Record<string, string> {
  const { opsState, updatePriority, deletionPriority, networkDisabled } = server?.spec ?? {}
  return {
    [labels.opsState]: opsState === undefined || opsState === '' ? defaults.opsState : opsState,
    [labels.updatePriority]: String(updatePriority ?? defaults.priority),
    [labels.deletePriority]: String(deletionPriority ?? defaults.priority),
    [labels.networkDisabled]: String(networkDisabled ?? false),
  }
}

/** Keys with the prefix `gs-sync/` go from the GameServer to its pod, one way, and stay there. */
export function syncedMetadata(server: DeepReadonly<GameServer> | undefined): {
  readonly labels: Record<string, string>
  readonly annotations: Record<string, string>
} {
  return { labels: synced(server?.metadata.labels), annotations: synced(server?.metadata.annotations) }
}

function synced(map: Readonly<Record<string, string>> | undefined): Record<string, string> {
  const result: Record<string, string> = {}
  for (const key in map) if (key.startsWith(syncPrefix)) result[key] = map[key] ?? ''
  return result
}

/** Annotations that follow from a change of labels. */
export function opsStateStamp(
  before: Readonly<Record<string, string>> | undefined,
  after: Readonly<Record<string, string>>,
  time: string,
): Record<string, string> {
  return before?.[labels.opsState] === after[labels.opsState] ? {} : { [annotations.opsStateLastChangedTime]: time }
}
