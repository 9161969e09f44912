import type { Node, Service } from '../../../apis/core/types.generated.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import { bound, standing } from '../../claim-state.ts'
import type { Backend, ClaimStatus, Endpoint } from '../../model.ts'
import { nodeAddress } from '../node-address.ts'
import { loadBalancerId } from './held-ports.ts'
import type { ServiceInput } from './manifest.ts'
import type { ServiceTroubles } from './service-troubles.ts'

/** Where a claim stands whose Service is as desired. */
export function serviceStatus(
  input: ServiceInput,
  service: DeepReadonly<Service>,
  nodeOf: (name: string) => DeepReadonly<Node> | undefined,
  troubles: Pick<ServiceTroubles, 'of'>,
): ClaimStatus {
  const { row, claim } = input
  if (claim.disabled) return standing('NetworkDisabled', 'the network of this server is switched off')
  return row.loadBalancer === undefined ? nodePortStatus(input, service, nodeOf) : loadBalancerStatus(input, service, troubles)
}

function loadBalancerStatus(
  { row, settings, claim }: ServiceInput,
  service: DeepReadonly<Service>,
  troubles: Pick<ServiceTroubles, 'of'>,
): ClaimStatus {
  const id = row.loadBalancer === undefined ? undefined : loadBalancerId(row.loadBalancer, service)
  const ingress = service.status?.loadBalancer?.ingress ?? []
  if (ingress.length === 0) {
    const trouble = troubles.of(service)
    if (trouble !== undefined) return standing('LoadBalancerFailed', `the cloud reports on Service ${claim.key}: ${trouble}`)
    const which = id === undefined ? 'a new load balancer' : `load balancer ${id}`
    return standing('LoadBalancerPending', `waiting for the address of ${which}; its controller reports on Service ${claim.key}`)
  }
  if (claim.backend.podIPs.length === 0) return standing('NoPodIP', 'the pod has no IP yet')
  const pool = id ?? ''
  const addresses = settings.everyIngress ? ingress : ingress.slice(0, 1)
  const endpoints: Endpoint[] = []
  for (const port of servicePorts(service)) {
    endpoints.push(internal(claim.backend, port))
    for (const { ip, hostname } of addresses) {
      endpoints.push({
        ask: String(port.target),
        containerPort: port.target,
        protocol: port.protocol,
        ...(ip === undefined || ip === '' ? {} : { ip }),
        ...(hostname === undefined || hostname === '' ? {} : { host: hostname }),
        port: port.number,
        scope: 'external',
        pool,
      })
    }
  }
  return bound(endpoints)
}

function nodePortStatus(
  { claim }: ServiceInput,
  service: DeepReadonly<Service>,
  nodeOf: (name: string) => DeepReadonly<Node> | undefined,
): ClaimStatus {
  const { backend } = claim
  if (backend.node === undefined) return standing('Unscheduled', 'the pod has no node yet')
  const node = nodeOf(backend.node)
  if (node === undefined) return standing('NodeNotFound', `node ${backend.node} is not known`)
  const address = nodeAddress(node)
  if (address === undefined) return standing('NoNodeAddress', `node ${backend.node} has no address`)
  if (backend.podIPs.length === 0) return standing('NoPodIP', 'the pod has no IP yet')
  const ports = servicePorts(service)
  if (ports.some(port => port.nodePort === undefined)) return standing('NodePortPending', 'waiting for node ports')
  return bound(
    ports.flatMap(port => [
      internal(backend, port),
      {
        ask: String(port.target),
        containerPort: port.target,
        protocol: port.protocol,
        ip: address,
        port: port.nodePort ?? 0,
        scope: 'external' as const,
        pool: backend.node ?? '',
      },
    ]),
  )
}

interface SeenPort {
  readonly number: number
  readonly target: number
  readonly protocol: 'TCP' | 'UDP'
  readonly nodePort: number | undefined
}

function servicePorts(service: DeepReadonly<Service>): SeenPort[] {
  return (service.spec?.ports ?? []).map(({ port, targetPort, protocol, nodePort }) => ({
    number: port,
    target: typeof targetPort === 'number' ? targetPort : port,
    protocol: protocol === 'UDP' ? 'UDP' : 'TCP',
    nodePort: nodePort === 0 ? undefined : nodePort,
  }))
}

function internal(backend: Backend, port: SeenPort): Endpoint {
  const { target, protocol } = port
  return { ask: String(target), containerPort: target, protocol, ip: backend.podIPs[0] ?? '', port: target, scope: 'internal', pool: '' }
}
