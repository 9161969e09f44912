import type { Container, Pod } from '../apis/core/types.generated.ts'
import type { DeepReadonly } from '../kube/object.ts'
import type { PodPorts } from './engine.ts'
import type { Backend } from './model.ts'

/** A pod as claims name it. */
export function backendOf(pod: DeepReadonly<Pod>): Backend {
  const { status, spec } = pod
  return {
    uid: pod.metadata.uid,
    name: pod.metadata.name,
    ready: status?.conditions?.some(condition => condition.type === 'Ready' && condition.status === 'True') === true,
    podIPs: status?.podIPs?.map(({ ip }) => ip) ?? (status?.podIP === undefined ? [] : [status.podIP]),
    node: spec?.nodeName,
    hostPorts: (spec?.containers ?? []).flatMap(({ name, ports }) =>
      (ports ?? []).flatMap(({ containerPort, hostPort, protocol }) =>
        hostPort === undefined || protocol === 'SCTP' ? [] : [{ container: name, containerPort, hostPort, protocol: protocol ?? 'TCP' }],
      ),
    ),
  }
}

/** A container of a pod that is about to be created, with the host ports that the engine prepared for it. */
export function withHostPorts(container: Container, given: readonly PodPorts[]): Container {
  const ports = given.filter(one => one.container === container.name).flatMap(one => one.ports)
  return ports.length === 0 ? container : { ...container, ports: [...(container.ports ?? []), ...ports.map(port => ({ ...port }))] }
}
