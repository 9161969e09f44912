/** What a change of template in place writes to a GameServer; the GameServer's own controller brings it to the pod. Pure. */
import { annotations } from '../../../apis/agones.dev/annotations.ts'
import type { GameServer } from '../../../apis/agones.dev/game-server.ts'
import type { GameServerSet } from '../../../apis/agones.dev/game-server-set.ts'
import { labels } from '../../../apis/agones.dev/labels.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import { hashTemplate } from '../../../servers/revision/hash.ts'
import { mapChange } from '../../../servers/revision/difference.ts'
import { updatingNote } from '../game-server/in-place.ts'
import { metadataNote } from '../game-server/metadata-in-place.ts'
import type { ServerTemplate } from '../revision.ts'
import { madeMetadata } from './new-server.ts'

type Values = Readonly<Record<string, string>>

/** Names the template that a server has. One that was made before servers carried the name has none that anybody asks for. */
export function revisionOfServer({ metadata, spec }: DeepReadonly<GameServer>): string {
  return metadata.labels?.[labels.revision] ?? `unnamed-${hashTemplate(spec.template)}`
}

export interface TemplateChange {
  readonly set: DeepReadonly<GameServerSet>
  /** The template that the server has; undefined: unknown, so that nothing is taken away of what it may have brought. */
  readonly from: ServerTemplate | undefined
  /** Those whose images change. */
  readonly containers: readonly string[]
  readonly sdkVersion: string
}

/**
 * A JSON patch that applies to this very version alone: a server that is allocated meanwhile stays as it is. In the same write a server whose game
 * restarts stops being Ready, so that nobody is sent there. Labels and annotations that others have set stay, as only what differs between the
 * two templates is touched.
 */
export function templateChange({ metadata, spec, status }: DeepReadonly<GameServer>, change: TemplateChange): object[] {
  const { set, from, containers, sdkVersion } = change
  const { template } = set.spec
  const before = madeMetadata(set, { ...template, metadata: from?.metadata ?? {} }, sdkVersion)
  const after = madeMetadata(set, template, sdkVersion)
  const own = metadata.annotations ?? {}
  // What an earlier change has not finished goes on with this one.
  const updating = [...new Set([...(own[annotations.updating]?.split(',') ?? []), ...containers])]
  const onPod = metadataNote(own[annotations.updatingMetadata], spec.template.metadata ?? {}, template.spec.template.metadata ?? {})
  const named = {
    ...changed(metadata.labels, mapChange(before.labels, after.labels)),
    [labels.revision]: after.labels[labels.revision] ?? '',
  }
  const noted = {
    ...changed(own, mapChange(before.annotations, after.annotations)),
    ...(updating.length > 0 && { [annotations.updating]: updatingNote(updating) }),
    ...(onPod !== undefined && { [annotations.updatingMetadata]: onPod }),
  }
  const leaves = status?.state === 'Ready' && containers.includes(spec.container ?? '')
  return [
    { op: 'test', path: '/metadata/resourceVersion', value: metadata.resourceVersion },
    { op: 'replace', path: '/spec/template', value: template.spec.template },
    { op: 'add', path: '/metadata/labels', value: named },
    { op: 'add', path: '/metadata/annotations', value: noted },
    ...(leaves ? [{ op: 'replace', path: '/status/state', value: 'Scheduled' }] : []),
  ]
}

function changed(own: Values = {}, change: Readonly<Record<string, string | undefined>>): Values {
  const all: Readonly<Record<string, string | undefined>> = { ...own, ...change }
  return Object.fromEntries(Object.entries(all).flatMap(([key, value]) => (value === undefined ? [] : [[key, value] as const])))
}
