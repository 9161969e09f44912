/**
 * Labels and annotations of the pod's template that reach a running pod. No process is touched, so that it happens whoever plays. Pure.
 *
 * The GameServer says which names have changed (annotation `berth.dev/updating-metadata`) until the pod has them: what webhooks and people put on pods
 * under other names is left alone.
 */
import { annotations } from '../../../apis/agones.dev/annotations.ts'
import type { GameServer } from '../../../apis/agones.dev/game-server.ts'
import type { Pod } from '../../../apis/core/types.generated.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import { mapChange } from '../../../servers/revision/difference.ts'
import type { AgonesConfig } from '../context.ts'
import { podMetadata } from './new-pod.ts'

type Values = Readonly<Record<string, string>>

interface Metadata {
  readonly labels?: Values
  readonly annotations?: Values
}

/** Names of what changes, by kind. */
type Names = Readonly<Record<keyof Metadata, readonly string[]>>

/** What a merge patch says of the pod's metadata; null takes away. */
export type MetadataGap = Readonly<Record<keyof Metadata, Readonly<Record<string, string | null>>>>

/** The annotation for a change from one template to another, and for what an earlier one has left; undefined: the pod has everything. */
export function metadataNote(earlier: string | undefined, from: DeepReadonly<Metadata>, to: DeepReadonly<Metadata>): string | undefined {
  const left = namesOf(earlier)
  const names = (kind: keyof Metadata): string[] => [...new Set([...left[kind], ...Object.keys(mapChange(from[kind], to[kind]))])]
  const all: Names = { labels: names('labels'), annotations: names('annotations') }
  return all.labels.length + all.annotations.length === 0 ? undefined : JSON.stringify(all)
}

/** What the pod lacks of what is noted; empty: nothing. Undefined: nothing is noted, or there is no pod yet. */
export function metadataGap(
  server: DeepReadonly<GameServer>,
  pod: DeepReadonly<Pod> | undefined,
  gates: AgonesConfig['gates'],
): MetadataGap | undefined {
  const note = server.metadata.annotations?.[annotations.updatingMetadata]
  if (note === undefined || pod === undefined) return undefined
  const names = namesOf(note)
  const wanted = podMetadata(server, gates)
  const lacking = (kind: keyof Metadata): Record<string, string | null> =>
    Object.fromEntries(
      names[kind]
        .map(name => [name, wanted[kind][name] ?? null] as const)
        .filter(([name, value]) => (pod.metadata[kind]?.[name] ?? null) !== value),
    )
  return { labels: lacking('labels'), annotations: lacking('annotations') }
}

export function isGap(gap: MetadataGap | undefined): gap is MetadataGap {
  return gap !== undefined && Object.keys(gap.labels).length + Object.keys(gap.annotations).length > 0
}

function namesOf(note = '{}'): Names {
  try {
    const { labels = [], annotations: notes = [] } = JSON.parse(note) as Partial<Names>
    return { labels, annotations: notes }
  } catch {
    return { labels: [], annotations: [] }
  }
}
