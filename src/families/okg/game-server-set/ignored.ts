import type { GameServerSetSpec } from '../../../apis/game.kruise.io/game-server-set.ts'
import type { DeepReadonly } from '../../../kube/object.ts'

/** Parts of a spec that are valid and not acted upon; a user must not have to find out by waiting. */
export function ignoredParts(spec: DeepReadonly<GameServerSetSpec>): string[] {
  const { lifecycle, gameServerTemplate, serviceQualities } = spec
  const parts: string[] = []
  if ((serviceQualities ?? []).length > 0) parts.push('spec.serviceQualities')
  if ((gameServerTemplate.volumeClaimTemplates ?? []).length > 0) {
    parts.push('spec.gameServerTemplate.volumeClaimTemplates')
    if (spec.persistentVolumeClaimRetentionPolicy !== undefined) parts.push('spec.persistentVolumeClaimRetentionPolicy')
  }
  if (lifecycle?.preNormal !== undefined) parts.push('spec.lifecycle.preNormal')
  if (lifecycle?.preDelete?.markPodNotReady === true) parts.push('spec.lifecycle.preDelete.markPodNotReady')
  if (lifecycle?.inPlaceUpdate?.markPodNotReady === true) parts.push('spec.lifecycle.inPlaceUpdate.markPodNotReady')
  return parts
}
