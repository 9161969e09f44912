/** Why a server does not come up, in words that stay the same while kubelet tries again and again. */
import type { ContainerStatus, Pod } from '../../../apis/core/types.generated.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import type { Failure } from '../../../servers/model.ts'

/** Waiting reasons that do not pass by themselves soon; the two names of a failed pull are one. */
const failing: Readonly<Record<string, string>> = {
  ErrImagePull: 'ImagePullBackOff',
  ImagePullBackOff: 'ImagePullBackOff',
  InvalidImageName: 'InvalidImageName',
  ErrImageNeverPull: 'ErrImageNeverPull',
  CreateContainerConfigError: 'CreateContainerConfigError',
  CreateContainerError: 'CreateContainerError',
  RunContainerError: 'RunContainerError',
  CrashLoopBackOff: 'CrashLoopBackOff',
}

export function failureOf(pod: DeepReadonly<Pod>): Failure | undefined {
  const { status } = pod
  if (status?.phase === 'Failed') return { reason: status.reason ?? 'Failed', message: status.message ?? 'the pod has failed' }
  for (const container of [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])]) {
    const reason = failing[container.state?.waiting?.reason ?? '']
    if (reason !== undefined) return { reason, message: describe(container, pod) }
  }
  const scheduled = status?.conditions?.find(condition => condition.type === 'PodScheduled')
  if (scheduled?.status === 'False' && scheduled.reason === 'Unschedulable')
    return { reason: 'Unschedulable', message: scheduled.message ?? '' }
  return undefined
}

function describe({ name, state, lastState, image }: DeepReadonly<ContainerStatus>, pod: DeepReadonly<Pod>): string {
  const wanted =
    [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])].find(container => container.name === name)?.image ?? image
  const about = `container ${name} (image ${wanted})`
  const { reason, message = '' } = state?.waiting ?? {}
  const ended = lastState?.terminated
  if (reason === 'CrashLoopBackOff') return ended === undefined ? about : `${about} ended with exit code ${ended.exitCode}`
  // While kubelet backs off it repeats what the attempt said, after an introduction.
  const said = message.slice(message.indexOf('ErrImagePull: ') + 1 ? message.indexOf('ErrImagePull: ') + 'ErrImagePull: '.length : 0)
  return said === '' ? about : `${about}: ${said}`
}
