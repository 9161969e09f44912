import type { Pod } from '../../../apis/core/types.generated.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import { hostPortPool } from '../../host-ports.ts'
import type { Holding } from '../../ledger/port-ledger.ts'

/** The host ports of a pod, whoever made it. */
export function heldHostPorts(pod: DeepReadonly<Pod>): Holding[] {
  const phase = pod.status?.phase
  if (phase === 'Succeeded' || phase === 'Failed') return []
  const containers = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])]
  return containers.flatMap(container =>
    (container.ports ?? []).flatMap(({ hostPort, protocol = 'TCP' }) =>
      hostPort === undefined || hostPort === 0 || protocol === 'SCTP'
        ? []
        : [{ pool: hostPortPool, protocol, first: hostPort, last: hostPort }],
    ),
  )
}
