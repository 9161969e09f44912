import type { DeepReadonly } from '../../../kube/object.ts'
import type { ContainerStateTerminated, ContainerStatus } from '../../../apis/core/types.generated.ts'
import {
  absent,
  containerHash,
  containersOf,
  type ContainerState,
  type Exit,
  type PodContainer,
  type PodObject,
} from './container-state.ts'

/**
 * What remains of a pod's containers when the node starts and finds the pod in the API: no process has survived. Containers that ran
 * are started again with a higher restart count, init containers too (the pod gets a new network), those that had ended stay ended.
 * With restartPolicy Never a container that was cut off has failed.
 */
export function restoreStates(pod: PodObject, now: number): Map<string, ContainerState> {
  const statuses = new Map(
    [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])].map(status => [status.name, status]),
  )
  return new Map(
    containersOf(pod).map(container => [
      container.definition.name,
      restoreState(pod, container, statuses.get(container.definition.name), now),
    ]),
  )
}

function restoreState(
  pod: PodObject,
  { role, definition }: PodContainer,
  status: DeepReadonly<ContainerStatus> | undefined,
  now: number,
): ContainerState {
  if (status === undefined) return absent
  const known = {
    restarts: status.restartCount,
    ...(status.image === '' ? {} : { image: status.image }),
    ...(status.imageID === '' ? {} : { imageID: status.imageID }),
  }
  const lastExit = exitOf(status.lastState?.terminated)
  const last = lastExit === undefined ? {} : { last: lastExit }
  const exit = exitOf(status.state?.terminated) ?? cutOff(status, now)
  if (exit === undefined) return { phase: { at: 'absent' }, ...known, ...last }
  const policy = pod.spec?.restartPolicy ?? 'Always'
  const stays = role === 'main' && (policy === 'Never' || (policy === 'OnFailure' && exit.exitCode === 0))
  if (stays) return { phase: { at: 'exited', hash: containerHash(definition), exit }, ...known, ...last }
  return { phase: { at: 'absent' }, ...known, last: exit }
}

function cutOff(status: DeepReadonly<ContainerStatus>, now: number): Exit | undefined {
  const { running } = status.state ?? {}
  if (running === undefined) return undefined
  return {
    containerID: status.containerID ?? '',
    exitCode: 255,
    reason: 'Unknown',
    startedAt: running.startedAt === undefined ? now : Date.parse(running.startedAt),
    finishedAt: now,
  }
}

function exitOf(terminated: DeepReadonly<ContainerStateTerminated> | undefined): Exit | undefined {
  if (terminated === undefined) return undefined
  const { containerID = '', exitCode, signal, reason = 'Unknown', message, startedAt, finishedAt } = terminated
  return {
    containerID,
    exitCode,
    reason,
    startedAt: startedAt === undefined ? 0 : Date.parse(startedAt),
    finishedAt: finishedAt === undefined ? 0 : Date.parse(finishedAt),
    ...(signal === undefined ? {} : { signal }),
    ...(message === undefined ? {} : { message }),
  }
}
