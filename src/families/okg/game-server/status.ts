/** `GameServer.status`: what is seen of one server, written when something about it means something to somebody. */
import { annotations } from '../../../apis/game.kruise.io/annotations.ts'
import type { GameServer, GameServerStatus } from '../../../apis/game.kruise.io/game-server.ts'
import type { GameServerState } from '../../../apis/game.kruise.io/states.ts'
import { labels } from '../../../apis/game.kruise.io/labels.ts'
import type { Node, Pod, PodStatus } from '../../../apis/core/types.generated.ts'
import { formatTime } from '../../../kube/clock.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import type { Instant } from '../../../servers/model.ts'
import { canonicalJson } from '../../../servers/revision/hash.ts'
import { serverConditions } from './conditions.ts'
import { parseNetworkStatus, serverNetworkStatus } from './network-status.ts'

export interface StatusInput {
  readonly server: DeepReadonly<GameServer>
  readonly pod: DeepReadonly<Pod>
  readonly node: DeepReadonly<Node> | undefined
  readonly state: GameServerState
  readonly now: Instant
}

export function serverStatus({ server, pod, node, state, now }: StatusInput): GameServerStatus {
  const stored = server.status
  const networkType = pod.metadata.annotations?.[annotations.networkType]
  const podLabels = pod.metadata.labels
  return {
    desiredState: 'Ready',
    currentState: state,
    ...(networkType !== undefined && {
      networkStatus: serverNetworkStatus(
        networkType,
        parseNetworkStatus(pod.metadata.annotations?.[annotations.networkStatus]),
        podLabels?.[labels.networkDisabled] === 'true',
        stored?.networkStatus,
        formatTime(now),
      ),
    }),
    podStatus: (pod.status ?? {}) as PodStatus,
    updatePriority: podLabels?.[labels.updatePriority] ?? '',
    deletionPriority: podLabels?.[labels.deletePriority] ?? '',
    conditions: serverConditions(pod, node, stored?.conditions, now),
  }
}

/**
 * A merge patch of the status, or undefined when what is stored says the same. The copy of the pod's status is renewed along with a real change,
 * never for its own flicker: times, messages and waiting reasons alone are no news.
 */
export function serverStatusPatch(
  stored: DeepReadonly<GameServerStatus> | undefined,
  wanted: GameServerStatus,
  now: Instant,
): Record<string, unknown> | undefined {
  if (stored !== undefined && digest(stored) === digest(wanted)) return undefined
  return {
    ...wanted,
    ...(stored?.podStatus !== undefined && { podStatus: replacing(stored.podStatus, wanted.podStatus ?? {}) }),
    ...(stored?.networkStatus !== undefined &&
      wanted.networkStatus !== undefined && { networkStatus: replacing(stored.networkStatus, wanted.networkStatus) }),
    lastTransitionTime: formatTime(now),
  }
}

/** Null for members that are gone, as a merge patch wants it. */
function replacing(stored: object, wanted: object): Record<string, unknown> {
  const gone = Object.keys(stored).filter(key => !(key in wanted))
  return { ...Object.fromEntries(gone.map(key => [key, null])), ...wanted }
}

/** The meaning of a status: equal texts mean that nobody would notice a difference. */
function digest(status: DeepReadonly<GameServerStatus>): string {
  const { networkStatus: network, podStatus: pod, conditions } = status
  return JSON.stringify([
    status.desiredState,
    status.currentState,
    String(status.updatePriority ?? ''),
    String(status.deletionPriority ?? ''),
    network && [
      network.networkType,
      network.desiredNetworkState,
      network.currentNetworkState,
      // The server stores members in an order of its own.
      canonicalJson(network.internalAddresses ?? []),
      canonicalJson(network.externalAddresses ?? []),
    ],
    conditions?.map(({ type, status: value, reason }) => [type, value, reason ?? '']),
    pod && [
      pod.phase ?? '',
      pod.podIP ?? '',
      pod.hostIP ?? '',
      pod.conditions?.map(({ type, status: value }) => `${type}=${value}`).toSorted() ?? [],
      [...(pod.initContainerStatuses ?? []), ...(pod.containerStatuses ?? [])].map(container => [
        container.name,
        container.ready,
        container.restartCount,
        container.image,
        container.imageID,
        Object.keys(container.state ?? {}),
      ]),
    ],
  ])
}
