import type { EndpointSlice, Pod, Service, ServicePort } from '../../../apis/core/types.generated.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import type { Backend, Listener, Protocol } from '../../forwarder/listener.ts'
import { podEndpoint, targetPort } from '../pod-endpoint.ts'

export interface ServiceWorld {
  readonly service: DeepReadonly<Service>
  /** The pods it selects. */
  readonly pods: readonly DeepReadonly<Pod>[]
  /** For a Service without a selector: what somebody wrote for it. */
  readonly slices: readonly DeepReadonly<EndpointSlice>[]
  /** Node names with the address their node ports are at. */
  readonly nodes: ReadonlyMap<string, string>
  /** Whether cluster IPs exist on this host. */
  readonly clusterIPs: boolean
}

interface PortBackend extends Backend {
  readonly node: string | undefined
}

const defaultAffinitySeconds = 10_800

/** What a Service listens on at its cluster IPs and at the nodes. Pure. */
export function serviceListeners(world: ServiceWorld): Listener[] {
  const { service, nodes } = world
  const { spec } = service
  if (spec === undefined || spec.type === 'ExternalName') return []
  const clusterIPs = world.clusterIPs ? (spec.clusterIPs ?? []).filter(ip => ip !== '' && ip !== 'None' && !ip.includes(':')) : []
  return (spec.ports ?? []).flatMap(port => {
    const protocol = protocolOf(port)
    if (protocol === undefined) return []
    const backends = portBackends(world, port)
    const listener = (ip: string, number: number, to: readonly PortBackend[]) => listenerOf(service, ip, number, protocol, to)
    const atClusterIP = clusterIPs.map(ip => listener(ip, port.port, backends))
    if (port.nodePort === undefined || port.nodePort === 0) return atClusterIP
    const { nodePort } = port
    const local = spec.externalTrafficPolicy === 'Local'
    const atNodes = [...nodes].map(([node, ip]) =>
      listener(ip, nodePort, local ? backends.filter(backend => backend.node === node) : backends),
    )
    return [...atClusterIP, ...atNodes]
  })
}

/** What a Service listens on at the address of its load balancer: the Service's own ports. Pure. */
export function loadBalancerListeners(world: ServiceWorld, ip: string): Listener[] {
  return (world.service.spec?.ports ?? []).flatMap(port => {
    const protocol = protocolOf(port)
    return protocol === undefined ? [] : [listenerOf(world.service, ip, port.port, protocol, portBackends(world, port))]
  })
}

function protocolOf(port: DeepReadonly<ServicePort>): Protocol | undefined {
  const { protocol = 'TCP' } = port
  return protocol === 'TCP' || protocol === 'UDP' ? protocol : undefined
}

function listenerOf(service: DeepReadonly<Service>, ip: string, port: number, protocol: Protocol, to: readonly PortBackend[]): Listener {
  const backends = to.map(({ node: _node, ...backend }) => backend)
  if (service.spec?.sessionAffinity !== 'ClientIP') return { ip, port, protocol, backends }
  const seconds = service.spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? defaultAffinitySeconds
  return { ip, port, protocol, backends, affinityMs: seconds * 1000 }
}

/** Not-ready pods stay in the list: their connections go on, new ones go elsewhere. */
function portBackends(world: ServiceWorld, port: DeepReadonly<ServicePort>): PortBackend[] {
  const { service, pods } = world
  if (Object.keys(service.spec?.selector ?? {}).length === 0) return sliceBackends(world, port)
  const found = pods.flatMap(pod => {
    const endpoint = podEndpoint(pod, service.spec?.publishNotReadyAddresses ?? false)
    const number = targetPort(port, pod)
    if (endpoint === undefined || number === undefined) return []
    const backend: PortBackend = {
      podUid: pod.metadata.uid,
      podIP: endpoint.ip,
      port: number,
      accepting: endpoint.ready,
      node: pod.spec?.nodeName,
      ...(pod.spec?.hostNetwork === true ? { onHost: true } : {}),
    }
    return [{ backend, leaving: endpoint.serving && endpoint.terminating }]
  })
  // As kube-proxy: pods on their way out take new connections only when there is nobody else.
  const nobody = !found.some(({ backend }) => backend.accepting)
  return found.map(({ backend, leaving }) => (nobody && leaving ? { ...backend, accepting: true } : backend))
}

function sliceBackends(world: ServiceWorld, port: DeepReadonly<ServicePort>): PortBackend[] {
  return world.slices.flatMap(slice => {
    const number = slice.ports?.find(
      candidate => (candidate.name ?? '') === (port.name ?? '') && (candidate.protocol ?? 'TCP') === (port.protocol ?? 'TCP'),
    )?.port
    if (number === undefined || slice.addressType !== 'IPv4') return []
    return slice.endpoints.flatMap(endpoint =>
      endpoint.addresses.slice(0, 1).map(ip => ({
        podUid: endpoint.targetRef?.uid ?? `address ${ip}`,
        podIP: ip,
        port: number,
        accepting: endpoint.conditions?.ready ?? true,
        node: endpoint.nodeName,
        // Only pods' networks need another way than the host's.
        ...(endpoint.targetRef?.kind === 'Pod' ? {} : { onHost: true }),
      })),
    )
  })
}
