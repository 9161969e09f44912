import type { Service } from '../../../apis/core/types.generated.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import type { Holding } from '../../ledger/port-ledger.ts'
import type { LoadBalancerRow } from './row.ts'

/** Whose a load balancer's ports are counted by. */
export function poolKey(row: LoadBalancerRow, id: string): string {
  return `${row.cloud}/${id}`
}

/** The id of the load balancer a Service asks for: its annotation, or the label by which the cloud's controller repeats it. */
export function loadBalancerId(row: LoadBalancerRow, service: DeepReadonly<Service>): string | undefined {
  const { annotations, labels } = service.metadata
  const id = annotations?.[row.idAnnotation] ?? (row.idLabel === undefined ? undefined : labels?.[row.idLabel])
  return id === undefined || id === '' ? undefined : id
}

/**
 * The load balancer ports a Service holds, our own and other people's alike. A Service that is switched to ClusterIP keeps its ports for
 * as long as it bears the id.
 */
export function heldPorts(rows: readonly LoadBalancerRow[], service: DeepReadonly<Service>): Holding[] {
  const holdings: Holding[] = []
  const seen = new Set<string>()
  for (const row of rows) {
    const id = loadBalancerId(row, service)
    if (id === undefined || seen.has(row.idAnnotation)) continue
    seen.add(row.idAnnotation)
    for (const { port, protocol = 'TCP' } of service.spec?.ports ?? []) {
      if (protocol !== 'SCTP') holdings.push({ pool: poolKey(row, id), protocol, first: port, last: port })
    }
  }
  return holdings
}
