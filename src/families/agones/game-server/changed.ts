/** What a pod keeps of changes in place, as JSON in an annotation: one write with the change itself. */
import { annotations } from '../../../apis/agones.dev/annotations.ts'
import type { Pod } from '../../../apis/core/types.generated.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import type { LastStatuses } from '../../../servers/restart.ts'

export interface Changed {
  /** What was asked for, by container. */
  readonly images: Readonly<Record<string, string>>
  /** What ran before the last change, by container. */
  readonly before: LastStatuses
  /** Containers whose image was directed to this server. */
  readonly directed?: readonly string[]
}

export function changedOf(pod: DeepReadonly<Pod>): Changed | undefined {
  const text = pod.metadata.annotations?.[annotations.changedInPlace]
  if (text === undefined) return undefined
  try {
    return JSON.parse(text) as Changed
  } catch {
    return undefined
  }
}
