import { createHash } from 'node:crypto'
import { annotations } from '../../../apis/game.kruise.io/annotations.ts'
import { defaults } from '../../../apis/game.kruise.io/defaults.ts'
import type { GameServer } from '../../../apis/game.kruise.io/game-server.ts'
import type { GameServerSet } from '../../../apis/game.kruise.io/game-server-set.ts'
import { labels } from '../../../apis/game.kruise.io/labels.ts'
import type { Pod, PodTemplateSpec } from '../../../apis/core/types.generated.ts'
import type { DeepReadonly, New, OwnerReference } from '../../../kube/object.ts'
import { controllerReference } from '../../../kube/owner-reference.ts'
import { canonicalJson } from '../../../servers/revision/hash.ts'

const hashes = new WeakMap<object, string>()

/** Labels and annotations every GameServer of the set gets from its template, and their hash. */
export function templateMetadata(set: DeepReadonly<GameServerSet>): {
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
} {
  const template = set.spec.gameServerTemplate as DeepReadonly<PodTemplateSpec>
  const { labels: own = {}, annotations: notes = {} } = template.metadata ?? {}
  let hash = hashes.get(template)
  if (hash === undefined) {
    hash = createHash('sha256')
      .update(canonicalJson([own, notes]))
      .digest('hex')
      .slice(0, 10)
    hashes.set(template, hash)
  }
  return { labels: own, annotations: { ...notes, [annotations.templateMetadataHash]: hash } }
}

/** With reclaim policy Delete the GameServer belongs to the set and outlives pods; otherwise it goes with its pod. */
export function ownerOf(set: DeepReadonly<GameServerSet>, pod: DeepReadonly<Pod>): OwnerReference {
  return set.spec.gameServerTemplate.reclaimPolicy === 'Delete'
    ? controllerReference(set)
    : controllerReference({ ...pod, apiVersion: 'v1', kind: 'Pod' })
}

export function newGameServer(set: DeepReadonly<GameServerSet>, pod: DeepReadonly<Pod>): New<GameServer> {
  const { labels: own, annotations: notes } = templateMetadata(set)
  return {
    metadata: {
      name: pod.metadata.name,
      namespace: pod.metadata.namespace ?? 'default',
      labels: {
        ...own,
        [labels.ownerSet]: set.metadata.name,
        ...(pod.spec?.nodeName && { [labels.nodeName]: pod.spec.nodeName }),
      },
      annotations: { ...notes },
      ownerReferences: [ownerOf(set, pod)],
    },
    spec: { opsState: defaults.opsState, updatePriority: 0, deletionPriority: 0, networkDisabled: false },
  }
}
