import type { Pod, ServicePort } from '../../apis/core/types.generated.ts'
import type { DeepReadonly } from '../../kube/object.ts'

/** A pod as the endpoint of Services. */
export interface PodEndpoint {
  readonly ip: string
  /** Takes new connections. */
  readonly ready: boolean
  /** Its containers serve, though it may be on its way out. */
  readonly serving: boolean
  readonly terminating: boolean
}

/** Whether the pod's `Ready` condition is true. */
export function isPodReady(pod: DeepReadonly<Pod>): boolean {
  return pod.status?.conditions?.some(condition => condition.type === 'Ready' && condition.status === 'True') ?? false
}

/** Whether the pod has run to its end, or is on a node that says so. */
export function isPodFinished(pod: DeepReadonly<Pod>): boolean {
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed'
}

/** What Services see of a pod; undefined while it has no address or when it has run to its end. */
export function podEndpoint(pod: DeepReadonly<Pod>, publishNotReady: boolean): PodEndpoint | undefined {
  const ip = pod.status?.podIP
  if (ip === undefined || ip === '' || isPodFinished(pod)) return undefined
  const terminating = pod.metadata.deletionTimestamp !== undefined
  const serving = isPodReady(pod)
  return { ip, ready: publishNotReady || (serving && !terminating), serving: publishNotReady || serving, terminating }
}

/** The pod's port that a Service port leads to; undefined when the name is none of the pod's. */
export function targetPort(port: DeepReadonly<ServicePort>, pod: DeepReadonly<Pod>): number | undefined {
  const target = port.targetPort ?? port.port
  if (typeof target === 'number') return target === 0 ? port.port : target
  if (/^\d+$/.test(target)) return Number(target)
  const protocol = port.protocol ?? 'TCP'
  const sidecars = (pod.spec?.initContainers ?? []).filter(container => container.restartPolicy === 'Always')
  for (const container of [...(pod.spec?.containers ?? []), ...sidecars]) {
    const found = container.ports?.find(candidate => candidate.name === target && (candidate.protocol ?? 'TCP') === protocol)
    if (found !== undefined) return found.containerPort
  }
  return undefined
}

/** Whether Services see the same in both versions of a pod. */
export function sameEndpoint(pod: DeepReadonly<Pod>, old: DeepReadonly<Pod>): boolean {
  return (
    pod.metadata.uid === old.metadata.uid &&
    pod.status?.podIP === old.status?.podIP &&
    pod.spec?.nodeName === old.spec?.nodeName &&
    isPodReady(pod) === isPodReady(old) &&
    isPodFinished(pod) === isPodFinished(old) &&
    (pod.metadata.deletionTimestamp === undefined) === (old.metadata.deletionTimestamp === undefined) &&
    sameLabels(pod.metadata.labels, old.metadata.labels)
  )
}

function sameLabels(a: Readonly<Record<string, string>> = {}, b: Readonly<Record<string, string>> = {}): boolean {
  if (a === b) return true
  const keys = Object.keys(a)
  return keys.length === Object.keys(b).length && keys.every(key => a[key] === b[key])
}
