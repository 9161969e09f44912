/** Whether containers whose images were changed in place run the new ones: recorded before the change, compared after it. */
import type { ContainerStatus, Pod } from '../apis/core/types.generated.ts'
import type { DeepReadonly } from '../kube/object.ts'

/** What ran before the change, by container. The names of the members are OpenKruise's. */
export type LastStatuses = Readonly<Record<string, { readonly imageID: string; readonly containerID?: string }>>

/** To be stored with the change itself. */
export function lastStatusesOf(pod: DeepReadonly<Pod>, containers: readonly string[]): LastStatuses {
  return Object.fromEntries(
    containers.map(name => {
      const status = statusOf(pod, name)
      return [name, { imageID: status?.imageID ?? '', ...(status?.containerID === undefined ? {} : { containerID: status.containerID }) }]
    }),
  )
}

/**
 * Every changed container runs its new image: its image ID differs from the recorded one, or its status names the very image of the
 * spec. Two tags may name one image: then the ID stays, and a runtime may report either tag, so that only the container's own ID tells.
 */
export function isRestarted(pod: DeepReadonly<Pod>, before: LastStatuses): boolean {
  return Object.entries(before).every(([name, last]) => {
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

/** Why kubelet says that a container waits while it is being started for the first time, or has been without kubelet having seen it yet. */
const starting: readonly (string | undefined)[] = [undefined, 'ContainerCreating', 'PodInitializing']

/** Whether kubelet has said of each of these containers what became of its start. Before, nobody could tell a restart from it. */
export function isStartKnown({ status }: DeepReadonly<Pod>, names: readonly string[]): boolean {
  return names.every(name => {
    const { state, lastState } = status?.containerStatuses?.find(container => container.name === name) ?? {}
    const isOver = state?.running ?? state?.terminated ?? lastState?.terminated
    return isOver !== undefined || !starting.includes(state?.waiting?.reason)
  })
}
