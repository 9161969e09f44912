/**
 * The record of an in-place change on the pod, in OpenKruise's form (annotation `apps.kruise.io/inplace-update-state`), and the test
 * of its completion.
 */
import { annotations } from '../../../apis/game.kruise.io/annotations.ts'
import type { ContainerStatus, Pod } from '../../../apis/core/types.generated.ts'
import { formatTime } from '../../../kube/clock.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import type { Change, Instant } from '../../../servers/model.ts'

export interface InPlaceUpdateState {
  readonly revision: string
  readonly updateTimestamp: string
  readonly lastContainerStatuses: Readonly<Record<string, { readonly imageID: string; readonly containerID?: string }>>
  readonly updateImages?: boolean
  readonly containerBatchesRecord?: readonly { readonly timestamp: string; readonly containers: readonly string[] }[]
}

export function inPlaceStateText(pod: DeepReadonly<Pod>, change: Change, now: Instant): string {
  const timestamp = formatTime(now)
  const containers = change.images.map(({ container }) => container)
  const state: InPlaceUpdateState = {
    revision: change.to,
    updateTimestamp: timestamp,
    lastContainerStatuses: Object.fromEntries(
      containers.map(name => {
        const status = statusOf(pod, name)
        return [name, { imageID: status?.imageID ?? '', ...(status?.containerID === undefined ? {} : { containerID: status.containerID }) }]
      }),
    ),
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

/**
 * Every changed container runs its new image: its image ID differs from the recorded one, or its status names the very image of the
 * spec. Two tags may name one image: then the ID stays, and a runtime may report either tag, so that only the container's own ID tells.
 */
export function isRestarted(pod: DeepReadonly<Pod>, state: InPlaceUpdateState): boolean {
  return Object.entries(state.lastContainerStatuses).every(([name, last]) => {
    const status = statusOf(pod, name)
    const wanted = pod.spec?.containers.find(container => container.name === name)?.image
    if (status === undefined || wanted === undefined) return false
    const runs = status.state?.running !== undefined
    if (!runs) return false
    if ((status.imageID !== '' && status.imageID !== last.imageID) || withTag(status.image) === withTag(wanted)) return true
    return last.containerID !== undefined && status.containerID !== undefined && status.containerID !== last.containerID
  })
}

/** A missing tag means `latest`. */
export function withTag(image: string): string {
  const name = image.slice(image.lastIndexOf('/') + 1)
  return name.includes(':') || name.includes('@') ? image : `${image}:latest`
}

function statusOf(pod: DeepReadonly<Pod>, container: string): DeepReadonly<ContainerStatus> | undefined {
  return pod.status?.containerStatuses?.find(status => status.name === container)
}
