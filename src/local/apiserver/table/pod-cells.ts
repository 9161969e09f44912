import type { ContainerStatus, Pod } from '../../../apis/core/types.generated.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import { ageOf } from './age.ts'
import { NONE } from './cell-text.ts'
import { cellsOf } from './cells.ts'

type Status = DeepReadonly<ContainerStatus>

/** `kubectl get pods`: name, ready, status, restarts, age, IP, node, nominated node, readiness gates. */
export const podCells = cellsOf<Pod>((pod, now) => {
  const { ready, total, reason, restarts, lastRestart } = summary(pod)
  const { podIP, nominatedNodeName } = pod.status ?? {}
  return [
    pod.metadata.name,
    `${ready}/${total}`,
    reason,
    restarts > 0 && lastRestart !== undefined ? `${restarts} (${ageOf(lastRestart, now)} ago)` : String(restarts),
    ageOf(pod.metadata.creationTimestamp, now),
    text(podIP),
    text(pod.spec?.nodeName),
    text(nominatedNodeName),
    readinessGates(pod),
  ]
})

const text = (value: string | undefined) => (value === undefined || value === '' ? NONE : value)

interface Summary {
  ready: number
  total: number
  reason: string
  restarts: number
  lastRestart: string | undefined
}

/** What Kubernetes' printer makes of a pod: the most telling word of all its states. */
function summary(pod: DeepReadonly<Pod>): Summary {
  const status = pod.status ?? {}
  const phase = status.phase ?? ''
  const sidecars = new Set(
    (pod.spec?.initContainers ?? []).filter(container => container.restartPolicy === 'Always').map(({ name }) => name),
  )
  const result: Summary = {
    ready: 0,
    total: (pod.spec?.containers.length ?? 0) + sidecars.size,
    reason: phase,
    restarts: 0,
    lastRestart: undefined,
  }
  if (status.reason !== undefined && status.reason !== '') result.reason = status.reason
  if (status.conditions?.some(({ type, reason }) => type === 'PodScheduled' && reason === 'SchedulingGated'))
    result.reason = 'SchedulingGated'

  const initializing = summariseInit(pod, sidecars, result)
  if (!initializing || status.conditions?.some(({ type, status: value }) => type === 'Initialized' && value === 'True')) {
    result.restarts = 0
    result.lastRestart = undefined
    for (const container of status.initContainerStatuses ?? []) if (sidecars.has(container.name)) countRestarts(container, result)
    summariseContainers(status.containerStatuses ?? [], conditionTrue(pod, 'Ready'), result)
  }
  if (pod.metadata.deletionTimestamp !== undefined) {
    if (status.reason === 'NodeLost') result.reason = 'Unknown'
    else if (phase !== 'Succeeded' && phase !== 'Failed') result.reason = 'Terminating'
  }
  return result
}

function countRestarts(container: Status, result: Summary): void {
  result.restarts += container.restartCount
  const finished = container.lastState?.terminated?.finishedAt
  if (finished !== undefined && finished !== null && (result.lastRestart === undefined || finished > result.lastRestart))
    result.lastRestart = finished
}

/** Whether an init container still stands in the way. */
function summariseInit(pod: DeepReadonly<Pod>, sidecars: ReadonlySet<string>, result: Summary): boolean {
  const total = pod.spec?.initContainers?.length ?? 0
  for (const [index, container] of (pod.status?.initContainerStatuses ?? []).entries()) {
    countRestarts(container, result)
    const { terminated, waiting } = container.state ?? {}
    if (terminated?.exitCode === 0) continue
    if (sidecars.has(container.name) && container.started === true) {
      if (container.ready) result.ready++
      continue
    }
    if (terminated !== undefined) result.reason = `Init:${terminationText(terminated)}`
    else if (waiting?.reason !== undefined && waiting.reason !== '' && waiting.reason !== 'PodInitializing')
      result.reason = `Init:${waiting.reason}`
    else result.reason = `Init:${index}/${total}`
    return true
  }
  return false
}

function summariseContainers(containers: readonly Status[], podReady: boolean, result: Summary): void {
  let running = false
  for (const container of containers.toReversed()) {
    countRestarts(container, result)
    const { waiting, terminated, running: runs } = container.state ?? {}
    if (waiting?.reason !== undefined && waiting.reason !== '') result.reason = waiting.reason
    else if (terminated !== undefined) result.reason = terminationText(terminated)
    else if (container.ready && runs !== undefined) {
      running = true
      result.ready++
    }
  }
  if (result.reason === 'Completed' && running) result.reason = podReady ? 'Running' : 'NotReady'
}

function terminationText({
  reason,
  signal,
  exitCode,
}: {
  readonly reason?: string
  readonly signal?: number
  readonly exitCode: number
}): string {
  if (reason !== undefined && reason !== '') return reason
  return signal !== undefined && signal !== 0 ? `Signal:${signal}` : `ExitCode:${exitCode}`
}

const conditionTrue = (pod: DeepReadonly<Pod>, wanted: string) =>
  pod.status?.conditions?.some(({ type, status }) => type === wanted && status === 'True') ?? false

function readinessGates(pod: DeepReadonly<Pod>): string {
  const gates = pod.spec?.readinessGates ?? []
  if (gates.length === 0) return NONE
  return `${gates.filter(gate => conditionTrue(pod, gate.conditionType)).length}/${gates.length}`
}
