/** Patches of pods: always the difference to the newest known version, nothing when there is none. */
import { pods } from '../../apis/core/resources.generated.ts'
import type { Pod, PodCondition } from '../../apis/core/types.generated.ts'
import { isConflict, isNotFound } from '../../kube/api-error.ts'
import type { DeepReadonly } from '../../kube/object.ts'
import type { ImageChange } from '../../servers/model.ts'
import type { OkgContext } from './context.ts'

type Map = Readonly<Record<string, string | null | undefined>>

export interface PodChange {
  /** `null` or undefined removes the key. */
  readonly labels?: Map
  readonly annotations?: Map
  readonly images?: readonly ImageChange[]
  /** Conditions to set. Labels and annotations travel in the same write. */
  readonly conditions?: readonly PodCondition[]
}

/**
 * At most one write: to `pods/status` when conditions change (it takes labels and annotations too), to the pod otherwise. A pod that is gone
 * or has been replaced is nobody's trouble: the watch will tell. Images and conditions cannot go together.
 */
export async function patchPod(context: OkgContext, pod: DeepReadonly<Pod>, change: PodChange, signal: AbortSignal): Promise<boolean> {
  const labels = differing(pod.metadata.labels, change.labels)
  const annotations = differing(pod.metadata.annotations, change.annotations)
  const images = (change.images ?? []).filter(
    ({ container, image }) => pod.spec?.containers.find(({ name }) => name === container)?.image !== image,
  )
  const conditions = change.conditions ?? []
  if (labels === undefined && annotations === undefined && images.length === 0 && conditions.length === 0) return false
  const patch = {
    // A namesake that took the pod's place must not get this.
    metadata: { uid: pod.metadata.uid, ...(labels && { labels }), ...(annotations && { annotations }) },
    ...(images.length > 0 && { spec: { containers: images.map(({ container, image }) => ({ name: container, image })) } }),
    ...(conditions.length > 0 && { status: { conditions } }),
  }
  const { name, namespace = '' } = pod.metadata
  try {
    const subresource = conditions.length > 0 ? ({ subresource: 'status' } as const) : {}
    context.pods.wrote(await context.client.patch(pods, { namespace, name }, patch, { type: 'strategic', ...subresource, signal }))
    return true
  } catch (error) {
    if (!isNotFound(error) && !isConflict(error)) throw error
    context.pods.forget(pod)
    return false
  }
}

/** The entries of `wanted` that `stored` does not have, in the form of a merge patch; undefined when there are none. */
export function differing(
  stored: Readonly<Record<string, string>> | undefined,
  wanted: Map | undefined,
): Record<string, string | null> | undefined {
  let result: Record<string, string | null> | undefined
  for (const key in wanted) {
    const value = wanted[key] ?? null
    if ((stored?.[key] ?? null) !== value) (result ??= {})[key] = value
  }
  return result
}
