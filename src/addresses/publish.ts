import type { NetworkAddress, NetworkStatus } from '../apis/game.kruise.io/network-status.ts'
import type { ClaimStatus, Endpoint } from './model.ts'

/**
 * The content of the annotation `game.kruise.io/network-status` for a claim. Type, desired state and times stay empty there, times as `null`,
 * as OpenKruiseGame leaves them; `GameServer.status.networkStatus` adds them.
 * Load balancers and node ports publish an address per port, host ports one address with all ports.
 */
export function networkStatusOf(provider: string, status: ClaimStatus): NetworkStatus {
  const addresses = provider === 'Kubernetes-HostPort' ? together : apart
  const internal = addresses(status.endpoints.filter(endpoint => endpoint.scope === 'internal'))
  const external = addresses(status.endpoints.filter(endpoint => endpoint.scope === 'external'))
  return {
    ...(internal.length === 0 ? {} : { internalAddresses: internal }),
    ...(external.length === 0 ? {} : { externalAddresses: external }),
    currentNetworkState: stateOf(provider, status),
    createTime: null,
    lastTransitionTime: null,
  }
}

/** The annotation's text. Equal endpoints give equal texts. */
export function networkStatusAnnotation(provider: string, status: ClaimStatus): string {
  return JSON.stringify(networkStatusOf(provider, status))
}

/** `Waiting` is for pods without a node; who waits for a load balancer is `NotReady`, as clients know it. */
function stateOf(provider: string, status: ClaimStatus): 'Ready' | 'Waiting' | 'NotReady' {
  if (status.state === 'Bound') return 'Ready'
  return provider === 'Kubernetes-NodePort' && status.reason === 'Unscheduled' ? 'Waiting' : 'NotReady'
}

function apart(endpoints: readonly Endpoint[]): NetworkAddress[] {
  return endpoints.map(endpoint => ({
    ip: endpoint.ip ?? '',
    ports: [portOf(endpoint)],
    ...(endpoint.host === undefined ? {} : { endPoint: endpoint.host }),
  }))
}

function together(endpoints: readonly Endpoint[]): NetworkAddress[] {
  return [...Map.groupBy(endpoints, endpoint => endpoint.ip ?? '')].map(([ip, group]) => ({ ip, ports: group.map(portOf) }))
}

function portOf(endpoint: Endpoint): { name: string; protocol: string; port: number } {
  return { name: endpoint.ask, protocol: endpoint.protocol, port: endpoint.port }
}
