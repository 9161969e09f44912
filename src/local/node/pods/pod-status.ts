import type { DeepReadonly } from '../../../kube/object.ts'
import { formatTime } from '../../../kube/clock.ts'
import type { ContainerState as ApiContainerState, ContainerStatus, PodCondition, PodStatus } from '../../../apis/core/types.generated.ts'
import {
  absent,
  containerHash,
  containersOf,
  type ContainerState,
  type Exit,
  type PodContainer,
  type PodObject,
} from './container-state.ts'
import { initFailed, type ContainerStates, type PodActions } from './pod-actions.ts'

/** What is true of the pod as a whole, beside its containers. */
export interface PodFacts {
  readonly now: number
  readonly hostIP: string
  /** Empty until the pod has its network. */
  readonly podIPs: readonly string[]
  readonly startedAt: number
  readonly sandboxReady: boolean
  /** The pod is being stopped: it is not ready, whatever its containers say. */
  readonly terminating: boolean
  readonly held: PodActions['held']
}

type Phase = NonNullable<PodStatus['phase']>
/** The conditions that the node owns; all others belong to their writers and are never touched. */
const ownConditions = ['PodReadyToStartContainers', 'Initialized', 'Ready', 'ContainersReady'] as const

/**
 * The status of a pod as kubelet composes it. Foreign conditions are read for readiness gates and left out of the result;
 * `lastTransitionTime` moves only when a condition's status does.
 */
export function computePodStatus(pod: PodObject, states: ContainerStates, facts: PodFacts): PodStatus {
  const containers = containersOf(pod)
  const initialised = isInitialised(pod, containers, states)
  const statusOf = (container: PodContainer) =>
    containerStatus(container, states.get(container.definition.name) ?? absent, facts, initialised)
  const initStatuses = containers.filter(container => container.role !== 'main').map(statusOf)
  const mainStatuses = containers.filter(container => container.role === 'main').map(statusOf)
  const phase = podPhase(pod, containers, [...initStatuses, ...mainStatuses], initialised, states, facts.terminating)
  const conditions = podConditions(pod, phase, containers, [...initStatuses, ...mainStatuses], initialised, facts)
  return {
    phase,
    conditions,
    hostIP: facts.hostIP,
    hostIPs: [{ ip: facts.hostIP }],
    ...(facts.podIPs[0] === undefined ? {} : { podIP: facts.podIPs[0], podIPs: facts.podIPs.map(ip => ({ ip })) }),
    startTime: pod.status?.startTime ?? formatTime(facts.startedAt),
    ...(initStatuses.length === 0 ? {} : { initContainerStatuses: initStatuses }),
    containerStatuses: mainStatuses,
    qosClass: pod.status?.qosClass ?? qosClass(pod),
    ...(pod.metadata.generation === undefined ? {} : { observedGeneration: pod.metadata.generation }),
  }
}

function isInitialised(pod: PodObject, containers: readonly PodContainer[], states: ContainerStates): boolean {
  if (containers.some(({ role, definition }) => role === 'main' && (states.get(definition.name)?.phase.at ?? 'absent') !== 'absent'))
    return true
  return containers.every(({ role, definition }) => {
    const phase = states.get(definition.name)?.phase
    if (role === 'init') return phase?.at === 'exited' && phase.exit.exitCode === 0
    return role === 'main' || (phase?.at === 'running' && phase.started)
  })
}

function containerStatus(
  { role, definition }: PodContainer,
  state: ContainerState,
  facts: PodFacts,
  initialised: boolean,
): ContainerStatus {
  const { phase } = state
  const running = phase.at === 'running'
  const last = state.last === undefined ? undefined : { terminated: terminated(state.last) }
  const shown = shownState(role, definition.name, state, facts, initialised)
  return {
    name: definition.name,
    // A container that waits to be replaced still shows what it ran before, as with kubelet.
    image: state.image ?? definition.image ?? '',
    imageID: state.imageID ?? '',
    // Also while it waits to be started again: then it is the id of the run before, as with kubelet.
    ...(phase.at === 'running' ? { containerID: phase.containerID } : {}),
    ...(phase.at === 'exited' && phase.exit.containerID !== '' ? { containerID: phase.exit.containerID } : {}),
    ready: role === 'init' ? phase.at === 'exited' && phase.exit.exitCode === 0 : running && phase.ready && !facts.terminating,
    started: role === 'init' ? running : running && phase.started,
    restartCount: state.restarts,
    state: shown,
    ...(phase.at === 'exited' && shown.waiting !== undefined
      ? { lastState: { terminated: terminated(phase.exit) } }
      : last === undefined
        ? {}
        : { lastState: last }),
  }
}

function shownState(
  role: PodContainer['role'],
  name: string,
  state: ContainerState,
  facts: PodFacts,
  initialised: boolean,
): ApiContainerState {
  const { phase, obstacle } = state
  if (phase.at === 'running') return { running: { startedAt: formatTime(phase.startedAt) } }
  if (obstacle !== undefined && !facts.terminating) return { waiting: { reason: obstacle.reason, message: obstacle.message } }
  const held = facts.held.get(name)
  if (phase.at === 'exited') {
    if (held !== undefined && !facts.terminating) return { waiting: { reason: 'CrashLoopBackOff', message: held.message } }
    return { terminated: terminated(phase.exit) }
  }
  return { waiting: { reason: role === 'main' && initialised ? 'ContainerCreating' : 'PodInitializing' } }
}

function terminated(exit: Exit): NonNullable<ApiContainerState['terminated']> {
  return {
    exitCode: exit.exitCode,
    ...(exit.signal === undefined ? {} : { signal: exit.signal }),
    reason: exit.reason,
    ...(exit.message === undefined ? {} : { message: exit.message }),
    startedAt: formatTime(exit.startedAt),
    finishedAt: formatTime(exit.finishedAt),
    containerID: exit.containerID,
  }
}

function podPhase(
  pod: PodObject,
  containers: readonly PodContainer[],
  statuses: readonly ContainerStatus[],
  initialised: boolean,
  states: ContainerStates,
  terminating: boolean,
): Phase {
  const before = pod.status?.phase
  if (before === 'Succeeded' || before === 'Failed') return before
  if (initFailed(pod, states)) return 'Failed'
  if (!initialised) return 'Pending'
  const main = statuses.filter((_, index) => containers[index]?.role === 'main')
  const waiting = main.some(status => status.state?.waiting !== undefined && status.lastState?.terminated === undefined)
  if (waiting) return 'Pending'
  if (main.some(status => status.state?.running !== undefined)) return 'Running'
  if (!terminating && containers.some(container => isBeingReplaced(container, states))) return 'Running'
  // A pod that has been stopped is over, whatever its restart policy.
  const policy = terminating ? 'Never' : (pod.spec?.restartPolicy ?? 'Always')
  if (policy === 'Always') return 'Running'
  const succeeded = main.every(status => status.state?.terminated?.exitCode === 0)
  if (succeeded) return 'Succeeded'
  return policy === 'Never' ? 'Failed' : 'Running'
}

/** Stopped for a change of its definition, and about to run again: kubelet has no status to tell in between. */
function isBeingReplaced({ role, definition }: PodContainer, states: ContainerStates): boolean {
  const { phase, obstacle } = states.get(definition.name) ?? absent
  return role === 'main' && phase.at === 'exited' && phase.hash !== containerHash(definition) && obstacle === undefined
}

function podConditions(
  pod: PodObject,
  phase: Phase,
  containers: readonly PodContainer[],
  statuses: readonly ContainerStatus[],
  initialised: boolean,
  facts: PodFacts,
): PodCondition[] {
  const over = phase === 'Succeeded' || phase === 'Failed'
  const unready = statuses.filter((status, index) => containers[index]?.role !== 'init' && !status.ready).map(status => status.name)
  const notInitialised = initialised
    ? []
    : statuses.filter((status, index) => containers[index]?.role !== 'main' && !status.ready).map(status => status.name)

  const containersReady: Verdict = over
    ? no(phase === 'Succeeded' ? 'PodCompleted' : 'PodFailed')
    : unready.length > 0
      ? no('ContainersNotReady', `containers with unready status: [${unready.join(' ')}]`)
      : yes
  const ready = containersReady.status === 'True' ? readinessGates(pod) : containersReady
  const initialisedVerdict = initialised
    ? over && phase === 'Succeeded'
      ? { status: 'True', reason: 'PodCompleted' }
      : yes
    : no('ContainersNotInitialized', `containers with incomplete status: [${notInitialised.join(' ')}]`)

  const verdicts: Record<(typeof ownConditions)[number], Verdict> = {
    PodReadyToStartContainers: facts.sandboxReady ? yes : no(undefined),
    Initialized: initialisedVerdict,
    Ready: ready,
    ContainersReady: containersReady,
  }
  const conditions = ownConditions.map(type => condition(pod, type, verdicts[type], facts.now))
  // The scheduler's word; a pod that was made with a node name never met the scheduler.
  const scheduled = pod.status?.conditions?.some(candidate => candidate.type === 'PodScheduled' && candidate.status === 'True') === true
  return scheduled ? conditions : [...conditions, condition(pod, 'PodScheduled', yes, facts.now)]
}

interface Verdict {
  readonly status: string
  readonly reason?: string
  readonly message?: string
}

const yes: Verdict = { status: 'True' }
const no = (reason: string | undefined, message?: string): Verdict => ({
  status: 'False',
  ...(reason === undefined ? {} : { reason }),
  ...(message === undefined ? {} : { message }),
})

/** Conditions that others set and that the pod's spec names: all must be True for the pod to be Ready. */
export function readinessGates(pod: PodObject): Verdict {
  const messages: string[] = []
  for (const { conditionType } of pod.spec?.readinessGates ?? []) {
    const found = pod.status?.conditions?.find(condition => condition.type === conditionType)
    if (found === undefined) messages.push(`corresponding condition of pod readiness gate "${conditionType}" does not exist.`)
    else if (found.status !== 'True')
      messages.push(`the status of pod readiness gate "${conditionType}" is not "True", but ${found.status}`)
  }
  return messages.length === 0 ? yes : no('ReadinessGatesNotReady', messages.join(', '))
}

/** A condition that keeps its transition time as long as its status stays. */
export function condition(pod: PodObject, type: string, verdict: Verdict, now: number): PodCondition {
  const before = pod.status?.conditions?.find(candidate => candidate.type === type)
  const since = before?.status === verdict.status ? before.lastTransitionTime : undefined
  return { type, ...verdict, lastTransitionTime: since ?? formatTime(now) }
}

/** Quality of service as the API server defines it: from requests and limits of CPU and memory. */
export function qosClass(pod: PodObject): NonNullable<PodStatus['qosClass']> {
  let any = false
  let guaranteed = true
  for (const { definition } of containersOf(pod)) {
    const {
      requests = {},
      limits = {},
    }: DeepReadonly<{ requests?: Record<string, string | number>; limits?: Record<string, string | number> }> = definition.resources ?? {}
    for (const resource of ['cpu', 'memory']) {
      const limit = limits[resource]
      const request = requests[resource] ?? limit
      if (limit !== undefined || request !== undefined) any = true
      if (limit === undefined || String(request) !== String(limit)) guaranteed = false
    }
  }
  if (!any) return 'BestEffort'
  return guaranteed ? 'Guaranteed' : 'Burstable'
}
