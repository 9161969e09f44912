/**
 * Conditions of a GameServer, as OpenKruiseGame words them. `PersistentVolumeNormal` is only told of servers without claims: those of others
 * are not looked at.
 */
import type { GameServerCondition } from '../../../apis/game.kruise.io/game-server.ts'
import type { ContainerStatus, Node, Pod } from '../../../apis/core/types.generated.ts'
import { formatTime } from '../../../kube/clock.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import type { Instant } from '../../../servers/model.ts'

interface Finding {
  readonly reason: string
  readonly message: string
}

/** What is not normal about a pod; undefined: all is well. */
export function podTrouble(pod: DeepReadonly<Pod>): Finding | undefined {
  const { status, spec } = pod
  if (status?.reason !== undefined && status.reason !== '') return { reason: status.reason, message: status.message ?? '' }
  for (const container of [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])]) {
    const trouble = containerTrouble(container)
    if (trouble !== undefined) return trouble
  }
  const gates = (spec?.readinessGates ?? []).map(gate => gate.conditionType)
  for (const type of ['PodScheduled', 'Initialized', 'ContainersReady', ...gates]) {
    const condition = status?.conditions?.find(found => found.type === type)
    if (condition !== undefined && condition.status !== 'True')
      return { reason: condition.reason || `${type}NotTrue`, message: condition.message ?? '' }
  }
  return undefined
}

function containerTrouble({ name, state }: DeepReadonly<ContainerStatus>): Finding | undefined {
  const { waiting, terminated } = state ?? {}
  if (waiting !== undefined && waiting.reason !== 'ContainerCreating' && waiting.reason !== 'PodInitializing') {
    return { reason: `ContainerWaiting:${waiting.reason ?? ''}`, message: `container ${name}: ${waiting.message ?? waiting.reason ?? ''}` }
  }
  if (terminated !== undefined && terminated.exitCode !== 0) {
    return {
      reason: `ContainerTerminated:${terminated.reason ?? ''}`,
      message: `container ${name}: exit code ${terminated.exitCode}${terminated.message ? `, ${terminated.message}` : ''}`,
    }
  }
  return undefined
}

/** What is not normal about a node: `Ready` and `SufficientIP` must be True, every other condition False. */
export function nodeTrouble(node: DeepReadonly<Node> | undefined): Finding | undefined {
  if (node === undefined) return { reason: 'Node Not Found', message: '' }
  for (const { type, status, reason, message } of node.status?.conditions ?? []) {
    const normal = type === 'Ready' || type === 'SufficientIP' ? 'True' : 'False'
    if (status !== normal) return { reason: `${type}:${reason ?? ''}`, message: message ?? '' }
  }
  return undefined
}

/** The conditions in force; times are kept from `stored` while nothing changes. */
export function serverConditions(
  pod: DeepReadonly<Pod>,
  node: DeepReadonly<Node> | undefined,
  stored: readonly DeepReadonly<GameServerCondition>[] | undefined,
  now: Instant,
): GameServerCondition[] {
  const findings: [string, Finding | undefined][] = [['PodNormal', podTrouble(pod)]]
  if (!(pod.spec?.volumes ?? []).some(volume => volume.persistentVolumeClaim !== undefined))
    findings.push(['PersistentVolumeNormal', undefined])
  if (pod.spec?.nodeName) findings.push(['NodeNormal', nodeTrouble(node)])
  return findings.map(([type, trouble]) => {
    const status = trouble === undefined ? 'True' : 'False'
    const before = stored?.find(condition => condition.type === type)
    const time = formatTime(now)
    return {
      type,
      status,
      lastProbeTime:
        before?.status === status && before.reason === (trouble?.reason ?? before.reason) ? (before.lastProbeTime ?? time) : time,
      lastTransitionTime: before?.status === status ? (before.lastTransitionTime ?? time) : time,
      ...(trouble !== undefined && { reason: trouble.reason, message: trouble.message }),
    }
  })
}
