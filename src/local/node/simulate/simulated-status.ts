import { createHash } from 'node:crypto'
import type { DeepReadonly } from '../../../kube/object.ts'
import type { ContainerStatus, PodStatus } from '../../../apis/core/types.generated.ts'
import { containerHash, containersOf, type ContainerState, type Exit, type PodContainer, type PodObject } from '../pods/container-state.ts'
import { computePodStatus } from '../pods/pod-status.ts'

export interface SimulatedPlace {
  readonly now: number
  readonly hostIP: string
  readonly podIP: string
  /** Undefined when the image can be had, otherwise why not. */
  missing(image: string): string | undefined
}

/**
 * The status of a pod whose containers all do what the spec says: everything is read from the pod itself, so nothing needs to be remembered
 * between two stages. A container with a new image gets a restart and a new `imageID`; the others keep theirs.
 */
export function advancedStatus(pod: PodObject, place: SimulatedPlace): PodStatus {
  return statusWith(pod, place, (container, before) => advance(pod, container, before, place))
}

/** The status after all main containers have ended by themselves. */
export function failedStatus(pod: PodObject, place: SimulatedPlace, exitCode: number, reason: string): PodStatus {
  return statusWith(pod, place, (container, before) => {
    const state = advance(pod, container, before, place)
    if (container.role !== 'main' || state.phase.at !== 'running') return state
    const { containerID, hash, startedAt } = state.phase
    return { ...state, phase: { at: 'exited', hash, exit: { containerID, exitCode, reason, startedAt, finishedAt: place.now } } }
  })
}

function statusWith(
  pod: PodObject,
  place: SimulatedPlace,
  next: (container: PodContainer, before: DeepReadonly<ContainerStatus> | undefined) => ContainerState,
): PodStatus {
  const statuses = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])]
  const states = new Map<string, ContainerState>()
  for (const container of containersOf(pod)) {
    const { name } = container.definition
    states.set(
      name,
      next(
        container,
        statuses.find(status => status.name === name),
      ),
    )
  }
  return computePodStatus(pod, states, {
    now: place.now,
    hostIP: place.hostIP,
    podIPs: [place.podIP],
    startedAt: place.now,
    sandboxReady: true,
    terminating: false,
    held: new Map(),
  })
}

function advance(
  pod: PodObject,
  { role, definition }: PodContainer,
  before: DeepReadonly<ContainerStatus> | undefined,
  place: SimulatedPlace,
): ContainerState {
  const image = definition.image ?? ''
  const hash = containerHash(definition)
  const hasRun = before !== undefined && before.imageID !== ''
  const lastExit = before === undefined ? undefined : exitOf(before, place.now)
  const message = place.missing(image)
  if (message !== undefined && !(hasRun && before.image === image)) {
    return {
      phase: lastExit === undefined ? { at: 'absent' } : { at: 'exited', hash, exit: lastExit },
      restarts: before?.restartCount ?? 0,
      obstacle: { reason: 'ImagePullBackOff', message, hash, retryAt: Number.POSITIVE_INFINITY, attempts: 1 },
      ...(hasRun ? { image: before.image, imageID: before.imageID } : {}),
    }
  }
  const runsOn = hasRun && before.image === image && before.state?.running !== undefined
  const restarts = before === undefined || !hasRun ? 0 : before.restartCount + (runsOn || role === 'init' ? 0 : 1)
  const startedAt = runsOn ? Date.parse(before.state?.running?.startedAt ?? '') : place.now
  const containerID = runsOn ? (before.containerID ?? '') : `simulated://${digest(`${pod.metadata.uid}/${definition.name}/${restarts}`)}`
  const known = { restarts, image, imageID: `simulated://sha256:${digest(image)}`, ...lastOf(before, runsOn, lastExit) }
  if (role === 'init') {
    return {
      ...known,
      phase: { at: 'exited', hash, exit: { containerID, exitCode: 0, reason: 'Completed', startedAt: place.now, finishedAt: place.now } },
    }
  }
  return { ...known, phase: { at: 'running', containerID, hash, startedAt, started: true, ready: true } }
}

function lastOf(before: DeepReadonly<ContainerStatus> | undefined, runsOn: boolean, lastExit: Exit | undefined): { last?: Exit } {
  const terminated = before?.lastState?.terminated
  if (runsOn && terminated !== undefined) {
    const { containerID = '', exitCode, reason = 'Unknown', startedAt = '', finishedAt = '' } = terminated
    return { last: { containerID, exitCode, reason, startedAt: Date.parse(startedAt), finishedAt: Date.parse(finishedAt) } }
  }
  return runsOn || lastExit === undefined ? {} : { last: lastExit }
}

/** How the run shown in `before` ended: as it says, or by being replaced now. */
function exitOf(before: DeepReadonly<ContainerStatus>, now: number): Exit | undefined {
  const { containerID = '', state, lastState } = before
  const terminated = state?.terminated ?? (state?.running === undefined ? lastState?.terminated : undefined)
  if (terminated !== undefined) {
    const { exitCode, reason = 'Unknown', startedAt = '', finishedAt = '' } = terminated
    return {
      containerID: terminated.containerID ?? '',
      exitCode,
      reason,
      startedAt: Date.parse(startedAt),
      finishedAt: Date.parse(finishedAt),
    }
  }
  if (state?.running === undefined) return undefined
  return { containerID, exitCode: 0, reason: 'Completed', startedAt: Date.parse(state.running.startedAt ?? ''), finishedAt: now }
}

const digests = new Map<string, string>()

/** SHA-256 in hex. Images repeat a thousandfold, so the newest few hundred are kept. */
function digest(text: string): string {
  const known = digests.get(text)
  if (known !== undefined) return known
  if (digests.size > 500) digests.clear()
  const value = createHash('sha256').update(text).digest('hex')
  digests.set(text, value)
  return value
}
