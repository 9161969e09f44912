/** The address engine's answer in the form games and operators read: the pod annotation and `GameServer.status.networkStatus`. */
import type { ClaimStatus, Endpoint } from '../../../addresses/model.ts'
import type { NetworkAddress, NetworkState, NetworkStatus } from '../../../apis/game.kruise.io/network-status.ts'
import type { DeepReadonly } from '../../../kube/object.ts'

const unstamped = { createTime: null, lastTransitionTime: null }

/** What a new pod carries until its address is known. */
export const notReadyNetworkText = JSON.stringify({ currentNetworkState: 'NotReady', ...unstamped })

const stateOf: Readonly<Record<ClaimStatus['state'], NetworkState>> = {
  Pending: 'NotReady',
  NoCapacity: 'NotReady',
  Rejected: 'NotReady',
  Disabled: 'NotReady',
  Waiting: 'Waiting',
  Bound: 'Ready',
}

/** The annotation `game.kruise.io/network-status`: type, desired state and times stay empty there. */
export function networkStatusText(status: ClaimStatus): string {
  const { internal, external } = addressesOf(status.endpoints)
  return JSON.stringify({
    ...(internal.length > 0 && { internalAddresses: internal }),
    ...(external.length > 0 && { externalAddresses: external }),
    currentNetworkState: stateOf[status.state],
    ...unstamped,
  })
}

/** Undefined when the annotation is absent or no JSON. */
export function parseNetworkStatus(text: string | undefined): NetworkStatus | undefined {
  if (text === undefined) return undefined
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as NetworkStatus) : undefined
  } catch {
    return undefined
  }
}

/** `GameServer.status.networkStatus`: the annotation with type, desired state and times; `stored` keeps the times. */
export function serverNetworkStatus(
  networkType: string,
  annotation: NetworkStatus | undefined,
  disabled: boolean,
  stored: DeepReadonly<NetworkStatus> | undefined,
  time: string,
): NetworkStatus {
  const desiredNetworkState = disabled ? 'NotReady' : 'Ready'
  const flipped = stored?.desiredNetworkState !== desiredNetworkState
  return {
    networkType,
    ...(annotation?.internalAddresses && { internalAddresses: annotation.internalAddresses }),
    ...(annotation?.externalAddresses && { externalAddresses: annotation.externalAddresses }),
    desiredNetworkState,
    currentNetworkState: annotation?.currentNetworkState ?? 'NotReady',
    createTime: stored?.createTime ?? time,
    lastTransitionTime: flipped ? time : (stored?.lastTransitionTime ?? time),
  }
}

/** One address per endpoint, as the Service-per-server networks have always published them. */
function addressesOf(endpoints: readonly Endpoint[]): { internal: NetworkAddress[]; external: NetworkAddress[] } {
  const of = (scope: Endpoint['scope']): NetworkAddress[] =>
    endpoints
      .filter(endpoint => endpoint.scope === scope)
      .map(({ ip, host, ask, protocol, port }) => ({
        ip: ip ?? '',
        ports: [{ name: ask, protocol, port }],
        ...(host !== undefined && { endPoint: host }),
      }))
  return { internal: of('internal'), external: of('external') }
}
