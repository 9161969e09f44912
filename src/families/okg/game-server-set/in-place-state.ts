/** The record of an in-place change on the pod, in OpenKruise's form (annotation `apps.kruise.io/inplace-update-state`). */
import { annotations } from '../../../apis/game.kruise.io/annotations.ts'
import type { Pod } from '../../../apis/core/types.generated.ts'
import { formatTime } from '../../../kube/clock.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import type { Change, Instant } from '../../../servers/model.ts'
import { type LastStatuses, lastStatusesOf } from '../../../servers/restart.ts'

export interface InPlaceUpdateState {
  readonly revision: string
  readonly updateTimestamp: string
  readonly lastContainerStatuses: LastStatuses
  readonly updateImages?: boolean
  readonly containerBatchesRecord?: readonly { readonly timestamp: string; readonly containers: readonly string[] }[]
}

export function inPlaceStateText(pod: DeepReadonly<Pod>, change: Change, now: Instant): string {
  const timestamp = formatTime(now)
  const containers = change.images.map(({ container }) => container)
  const state: InPlaceUpdateState = {
    revision: change.to,
    updateTimestamp: timestamp,
    lastContainerStatuses: lastStatusesOf(pod, containers),
    updateImages: containers.length > 0,
    containerBatchesRecord: [{ timestamp, containers }],
  }
  return JSON.stringify(state)
}

export function inPlaceStateOf(pod: DeepReadonly<Pod>): InPlaceUpdateState | undefined {
  const text = pod.metadata.annotations?.[annotations.inPlaceUpdateState]
  if (text === undefined) return undefined
  try {
    return JSON.parse(text) as InPlaceUpdateState
  } catch {
    return undefined
  }
}
