/** What is true of a server and its pod, read from the objects. Pure. */
import { annotations } from '../../../apis/agones.dev/annotations.ts'
import { confirmationDeadline } from '../../../apis/agones.dev/confirmation.ts'
import type { GameServer } from '../../../apis/agones.dev/game-server.ts'
import type { ContainerStatus, Node, Pod } from '../../../apis/core/types.generated.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import type { Instant } from '../../../servers/model.ts'
import type { CloudProduct } from '../cloud-product/cloud-product.ts'
import { isChosen } from './complete.ts'
import { updateOf } from './in-place.ts'
import type { Facts } from './life.ts'
import type { NetworkView } from './network-claims.ts'
import { placeOf } from './place.ts'

export interface Look {
  readonly server: DeepReadonly<GameServer>
  /** The pod that this very server controls. */
  readonly pod: DeepReadonly<Pod> | undefined
  /** That of the pod. */
  readonly node: DeepReadonly<Node> | undefined
  /** The API was asked, and there is no pod. */
  readonly isPodConfirmedGone: boolean
  /** How it stands with its network; undefined: it has none. */
  readonly network: NetworkView | undefined
  /** Whether the node has lacked the published address for long. */
  readonly hasMoved: boolean
  /** Why the API refused the pod for good, or what is wrong with the server itself. */
  readonly refusal: string | undefined
  readonly cloudProduct: Pick<CloudProduct, 'assigned'>
  readonly now: Instant
}

export function factsOf(look: Look): Facts {
  const { server, pod, network, isPodConfirmedGone, hasMoved, refusal, cloudProduct, now } = look
  const game = gameContainer(server, pod)
  const ended = game?.state?.terminated
  const restarts = pod?.spec?.restartPolicy ?? 'Always'
  const { phase, reason } = pod?.status ?? {}
  const changes = updateOf(server, pod)?.isDone === false
  const hasPlace = placeOf(look) !== undefined && pod !== undefined && 'ports' in cloudProduct.assigned(server.spec.ports ?? [], pod)
  const isPlaced = hasPlace && (network === undefined || !network.waits || network.isBound)
  return {
    hasPorts: (server.spec.ports ?? []).every(port => !isChosen(port) || port.hostPort !== undefined),
    isDevelopment: isDevelopment(server),
    isRefused: refusal !== undefined,
    podGone: pod === undefined && isPodConfirmedGone,
    podLeaving: pod?.metadata.deletionTimestamp !== undefined,
    podFailed:
      phase === 'Failed' || reason === 'Evicted' || (!changes && ended !== undefined && ended.exitCode !== 0 && restarts === 'Never'),
    podSucceeded: phase === 'Succeeded' || (!changes && ended !== undefined && ended.exitCode === 0 && restarts !== 'Always'),
    isPlaced,
    canServe: isPlaced && !changes,
    hasMoved,
    isCutOff: network?.isCutOff === true,
    isUnconfirmed: (confirmationDeadline(server) ?? Number.POSITIVE_INFINITY) <= now,
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
