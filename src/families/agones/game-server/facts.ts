/** What is true of a server and its pod, read from the objects. Pure. */
import { annotations } from '../../../apis/agones.dev/annotations.ts'
import type { GameServer } from '../../../apis/agones.dev/game-server.ts'
import type { ContainerStatus, Node, Pod } from '../../../apis/core/types.generated.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import { primaryAddress } from './addresses.ts'
import { isChosen } from './complete.ts'
import { updateOf } from './in-place.ts'
import type { Facts } from './life.ts'

export interface Look {
  readonly server: DeepReadonly<GameServer>
  /** The pod that this very server controls. */
  readonly pod: DeepReadonly<Pod> | undefined
  /** That of the pod. */
  readonly node: DeepReadonly<Node> | undefined
  /** The API was asked, and there is no pod. */
  readonly isPodConfirmedGone: boolean
  /** Whether the node has lacked the published address for long. */
  readonly hasMoved: boolean
  /** Why the API refused the pod for good. */
  readonly refusal: string | undefined
}

export function factsOf({ server, pod, node, isPodConfirmedGone, hasMoved, refusal }: Look): Facts {
  const game = gameContainer(server, pod)
  const ended = game?.state?.terminated
  const restarts = pod?.spec?.restartPolicy ?? 'Always'
  const { phase, reason } = pod?.status ?? {}
  const changes = updateOf(server, pod)?.isDone === false
  const isPlaced =
    pod !== undefined && node !== undefined && (pod.status?.podIPs ?? []).length > 0 && primaryAddress(server, node, pod) !== undefined
  return {
    hasPorts: (server.spec.ports ?? []).every(port => !isChosen(port) || port.hostPort !== undefined),
    isDevelopment: isDevelopment(server),
    podRefused: refusal !== undefined,
    podGone: pod === undefined && isPodConfirmedGone,
    podLeaving: pod?.metadata.deletionTimestamp !== undefined,
    podFailed:
      phase === 'Failed' || reason === 'Evicted' || (!changes && ended !== undefined && ended.exitCode !== 0 && restarts === 'Never'),
    podSucceeded: phase === 'Succeeded' || (!changes && ended !== undefined && ended.exitCode === 0 && restarts !== 'Always'),
    isPlaced,
    canServe: isPlaced && !changes,
    hasMoved,
  }
}

/** A developer runs this server somewhere; it gets no pod. */
export function isDevelopment({ metadata }: DeepReadonly<GameServer>): boolean {
  return metadata.annotations?.[annotations.devAddress] !== undefined
}

function gameContainer({ spec }: DeepReadonly<GameServer>, pod: DeepReadonly<Pod> | undefined): DeepReadonly<ContainerStatus> | undefined {
  const statuses = pod?.status?.containerStatuses ?? []
  return statuses.length === 1 ? statuses[0] : statuses.find(({ name }) => name === spec.container)
}
