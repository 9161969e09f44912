import type {
  DiscoveryEndpointPort,
  Endpoint,
  EndpointAddress,
  EndpointPort,
  EndpointSubset,
  Pod,
  Service,
  ServicePort,
} from '../../../apis/core/types.generated.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import { podEndpoint, targetPort } from '../pod-endpoint.ts'

/** The endpoints of a slice that share one set of port numbers. */
export interface EndpointGroup {
  readonly ports: readonly DiscoveryEndpointPort[]
  readonly endpoints: readonly Endpoint[]
}

/** At most so many endpoints are written into one slice, as Kubernetes' default has it. */
const sliceLimit = 100

/**
 * What the EndpointSlices of a Service hold, in a stable order. Pods whose named ports have different numbers get groups of
 * their own. A Service without pods has one group without endpoints. Pure.
 */
export function desiredGroups(service: DeepReadonly<Service>, pods: readonly DeepReadonly<Pod>[]): EndpointGroup[] {
  const groups = new Map<string, { ports: DiscoveryEndpointPort[]; endpoints: Endpoint[] }>()
  const publishNotReady = service.spec?.publishNotReadyAddresses ?? false
  for (const pod of sortedByName(pods)) {
    const seen = podEndpoint(pod, publishNotReady)
    if (seen === undefined) continue
    const ports = portsFor(service, port => targetPort(port, pod))
    const key = JSON.stringify(ports)
    const group = groups.get(key) ?? { ports, endpoints: [] }
    groups.set(key, group)
    group.endpoints.push({
      addresses: [seen.ip],
      conditions: { ready: seen.ready, serving: seen.serving, terminating: seen.terminating },
      targetRef: { kind: 'Pod', name: pod.metadata.name, namespace: pod.metadata.namespace ?? '', uid: pod.metadata.uid },
      ...(pod.spec?.nodeName === undefined ? {} : { nodeName: pod.spec.nodeName }),
      ...(isNamedInService(pod, service) ? { hostname: pod.spec?.hostname ?? '' } : {}),
    })
  }
  if (groups.size === 0)
    return [
      {
        ports: portsFor(service, port => (typeof port.targetPort === 'string' ? undefined : (port.targetPort ?? port.port))),
        endpoints: [],
      },
    ]
  return [...groups.values()].flatMap(({ ports, endpoints }) =>
    Array.from({ length: Math.ceil(endpoints.length / sliceLimit) }, (_, index) => ({
      ports,
      endpoints: endpoints.slice(index * sliceLimit, (index + 1) * sliceLimit),
    })),
  )
}

/** The same in the form of the core Endpoints object: terminating pods are left out, ready ones kept apart. Pure. */
export function desiredSubsets(groups: readonly DeepReadonly<EndpointGroup>[]): EndpointSubset[] {
  return groups.flatMap(({ ports, endpoints }) => {
    const address = ({ addresses, nodeName, targetRef, hostname }: DeepReadonly<Endpoint>): EndpointAddress => ({
      ip: addresses[0] ?? '',
      ...(hostname === undefined ? {} : { hostname }),
      ...(nodeName === undefined ? {} : { nodeName }),
      ...(targetRef === undefined ? {} : { targetRef }),
    })
    const ready = endpoints.filter(endpoint => endpoint.conditions?.ready === true).map(address)
    const notReady = endpoints.filter(({ conditions }) => conditions?.ready !== true && conditions?.terminating !== true).map(address)
    if (ready.length + notReady.length === 0) return []
    const corePorts: EndpointPort[] = ports.flatMap(({ name, port, protocol, appProtocol }) =>
      port === undefined
        ? []
        : [
            {
              port,
              ...(name === undefined || name === '' ? {} : { name }),
              ...(protocol && { protocol }),
              ...(appProtocol && { appProtocol }),
            },
          ],
    )
    return [
      {
        ...(ready.length > 0 ? { addresses: ready } : {}),
        ...(notReady.length > 0 ? { notReadyAddresses: notReady } : {}),
        ...(corePorts.length > 0 ? { ports: corePorts } : {}),
      },
    ]
  })
}

function portsFor(
  service: DeepReadonly<Service>,
  numberOf: (port: DeepReadonly<ServicePort>) => number | undefined,
): DiscoveryEndpointPort[] {
  return (service.spec?.ports ?? []).flatMap(port => {
    const number = numberOf(port)
    if (number === undefined) return []
    const { name = '', protocol = 'TCP', appProtocol } = port
    return [{ name, port: number, protocol, ...(appProtocol === undefined ? {} : { appProtocol }) }]
  })
}

/** Pods that have a DNS name of their own under the Service. */
function isNamedInService(pod: DeepReadonly<Pod>, service: DeepReadonly<Service>): boolean {
  return (
    (pod.spec?.hostname ?? '') !== '' &&
    pod.spec?.subdomain === service.metadata.name &&
    pod.metadata.namespace === service.metadata.namespace
  )
}

function sortedByName(pods: readonly DeepReadonly<Pod>[]): readonly DeepReadonly<Pod>[] {
  return pods.length < 2 ? pods : pods.toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
}
