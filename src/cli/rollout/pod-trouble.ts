import type { ContainerStatus, Pod } from '../../apis/core/types.generated.ts'
import type { DeepReadonly } from '../../kube/object.ts'

/** Waiting reasons that are a normal part of starting. */
const ordinary = new Set(['ContainerCreating', 'PodInitializing'])

/** Why a pod does not become ready, as its status tells it; `undefined` when it tells nothing. */
export function podTrouble({ spec, status }: DeepReadonly<Pod>): string | undefined {
  if (status === undefined) return undefined
  if (status.phase === 'Failed') return `failed${words(status.reason, status.message)}`
  const scheduled = status.conditions?.find(({ type }) => type === 'PodScheduled')
  if (scheduled !== undefined && scheduled.status !== 'True') return `has no node${words(scheduled.reason, scheduled.message)}`
  for (const container of [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])]) {
    // The status names the image that ran last, which need not be the one that is wanted.
    const wanted = spec?.containers.find(({ name }) => name === container.name)?.image ?? container.image
    const trouble = containerTrouble(container, wanted)
    if (trouble !== undefined) return trouble
  }
  const unready = (status.containerStatuses ?? [])
    .filter(({ ready, state }) => !ready && state?.running !== undefined)
    .map(({ name }) => name)
  if (unready.length > 0) return `container ${unready.join(', ')} is running but not ready (see its readiness probe)`
  return undefined
}

function containerTrouble({ name, state, lastState, restartCount }: DeepReadonly<ContainerStatus>, image: string): string | undefined {
  const waiting = state?.waiting
  if (waiting?.reason !== undefined && !ordinary.has(waiting.reason)) {
    const ended = lastState?.terminated
    const before =
      waiting.reason === 'CrashLoopBackOff' && ended !== undefined ? `, last exit code ${ended.exitCode}, ${restartCount} restarts` : ''
    return `container ${name} (${image})${words(waiting.reason, waiting.message)}${before}`
  }
  const terminated = state?.terminated
  if (terminated !== undefined && terminated.exitCode !== 0)
    return `container ${name} ended with exit code ${terminated.exitCode}${words(terminated.reason, terminated.message)}`
  return undefined
}

function words(reason: string | undefined, message: string | undefined): string {
  const parts = [reason, message].filter(part => part !== undefined && part !== '')
  return parts.length === 0 ? '' : `: ${parts.join(': ')}`
}
