/** The pod annotation `game.kruise.io/network-status` and `GameServer.status.networkStatus`. */
import type { NetworkStatus } from '../../../apis/game.kruise.io/network-status.ts'
import type { DeepReadonly } from '../../../kube/object.ts'

/** What a new pod carries until its address is known. */
export const notReadyNetworkText = JSON.stringify({ currentNetworkState: 'NotReady', createTime: null, lastTransitionTime: null })

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
