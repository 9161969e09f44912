/** What a GameServer's spec and its `gs-sync/` metadata ask of its pod. */
import { annotations } from '../../../apis/game.kruise.io/annotations.ts'
import { defaults } from '../../../apis/game.kruise.io/defaults.ts'
import type { GameServer } from '../../../apis/game.kruise.io/game-server.ts'
import { labels, syncPrefix } from '../../../apis/game.kruise.io/labels.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import { isLabelValue } from '../../../schema/label-syntax.ts'

/**
 * Labels that carry the operator's intent; those of a server without an object are the defaults. What no label can carry counts as not
 * said; see {@link intentProblems}.
 */
export function intentLabels(server: DeepReadonly<GameServer> | undefined): Record<string, string> {
  const { opsState, updatePriority, deletionPriority, networkDisabled } = server?.spec ?? {}
  return {
    [labels.opsState]: labelOr(opsState === '' ? undefined : opsState, defaults.opsState),
    [labels.updatePriority]: labelOr(updatePriority, defaults.priority),
    [labels.deletePriority]: labelOr(deletionPriority, defaults.priority),
    [labels.networkDisabled]: String(networkDisabled ?? false),
  }
}

function labelOr(value: string | number | undefined, fallback: string | number): string {
  const text = String(value ?? fallback)
  return isLabelValue(text) ? text : String(fallback)
}

/** Intent that cannot reach the pod, as reason and message of an event. */
export function intentProblems({ spec }: DeepReadonly<GameServer>): { readonly reason: string; readonly message: string }[] {
  const told = [
    ['InvalidOpsState', 'opsState', spec?.opsState, defaults.opsState],
    ['InvalidUpdatePriority', 'updatePriority', spec?.updatePriority, defaults.priority],
    ['InvalidDeletionPriority', 'deletionPriority', spec?.deletionPriority, defaults.priority],
  ] as const
  return told.flatMap(([reason, field, value, fallback]) =>
    value === undefined || isLabelValue(String(value))
      ? []
      : [{ reason, message: `spec.${field}: ${JSON.stringify(value)} cannot be a label of the pod; ${fallback} counts instead` }],
  )
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
