import type { Pod } from '../../../apis/core/types.generated.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import type { Listener } from '../../forwarder/listener.ts'
import { isPodFinished } from '../pod-endpoint.ts'

/** What the host ports of a pod listen on, at the address of its node. Readiness does not matter to them. Pure. */
export function hostPortListeners(pod: DeepReadonly<Pod>, nodes: ReadonlyMap<string, string>): Listener[] {
  const podIP = pod.status?.podIP
  const nodeIP = pod.spec?.nodeName === undefined ? undefined : nodes.get(pod.spec.nodeName)
  // In the host's network the process binds its ports itself.
  if (podIP === undefined || podIP === '' || nodeIP === undefined || pod.spec?.hostNetwork === true || isPodFinished(pod)) return []
  const containers = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? []).filter(one => one.restartPolicy === 'Always')]
  return containers.flatMap(container =>
    (container.ports ?? []).flatMap(({ hostPort, hostIP, containerPort, protocol = 'TCP' }) => {
      if (hostPort === undefined || hostPort === 0 || (protocol !== 'TCP' && protocol !== 'UDP')) return []
      const ip = hostIP === undefined || hostIP === '' || hostIP === '0.0.0.0' ? nodeIP : hostIP
      return [{ ip, port: hostPort, protocol, backends: [{ podUid: pod.metadata.uid, podIP, port: containerPort, accepting: true }] }]
    }),
  )
}
