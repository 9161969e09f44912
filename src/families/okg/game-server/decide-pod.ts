/** What one server's pod should be told: operator intent, state, address, and when its readiness gate opens. Pure. */
import type { ClaimStatus } from '../../../addresses/model.ts'
import { networkStatusAnnotation } from '../../../addresses/publish.ts'
import { annotations } from '../../../apis/game.kruise.io/annotations.ts'
import type { GameServer } from '../../../apis/game.kruise.io/game-server.ts'
import { labels } from '../../../apis/game.kruise.io/labels.ts'
import type { GameServerState } from '../../../apis/game.kruise.io/states.ts'
import type { Pod } from '../../../apis/core/types.generated.ts'
import { formatTime } from '../../../kube/clock.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import type { Instant } from '../../../servers/model.ts'
import { inPlaceUpdateReady } from '../names.ts'
import { timeOf } from '../time-of.ts'
import type { PodChange } from '../pod-patch.ts'
import { holds } from './holds.ts'
import { intentLabels, opsStateStamp, syncedMetadata } from './intent.ts'
import { openGate, sayReady } from './readiness.ts'
import { stateChange } from './state-labels.ts'
import { conditionOf, isAboutToBeReady, isReadyBut, stateOf } from './state.ts'

export interface PodInput {
  readonly pod: DeepReadonly<Pod>
  /** Undefined while it has none of its own. */
  readonly server: DeepReadonly<GameServer> | undefined
  /** Undefined when the set has no network. */
  readonly address: ClaimStatus | undefined
  readonly networkType: string
  /** When this process first saw that only the gate is missing, and that the address is known. */
  readonly readySince: Instant | undefined
  readonly boundSince: Instant | undefined
  readonly createdAt: Instant
  readonly now: Instant
}

export interface PodDecision {
  readonly change: PodChange
  readonly state: GameServerState
  /** Look again after so many milliseconds: something is held back. */
  readonly waitMs?: number
}

export function decidePod(input: PodInput): PodDecision {
  const { pod, server, address, now } = input
  const waits: number[] = []
  const gateMissing = conditionOf(pod, inPlaceUpdateReady) === undefined
  const onlyGate = gateMissing && pod.metadata.deletionTimestamp === undefined && isReadyBut(pod, inPlaceUpdateReady)
  const addressComes = address !== undefined && (address.state === 'Pending' || address.state === 'Waiting')
  const gateHeldUntil = (input.readySince ?? now) + holds.gateForAddress
  const opening = onlyGate && !(addressComes && now < gateHeldUntil)
  if (onlyGate && !opening) waits.push(gateHeldUntil - now)

  const kubeletUntil = timeOf(conditionOf(pod, inPlaceUpdateReady)?.lastTransitionTime) + holds.kubelet
  const kubeletIsLate = isAboutToBeReady(pod) && now >= kubeletUntil
  if (isAboutToBeReady(pod) && !kubeletIsLate) waits.push(kubeletUntil - now)

  let state = stateOf(pod, opening)
  const creatingUntil = input.createdAt + holds.creating
  if (state === 'NotReady' && pod.metadata.labels?.[labels.state] === 'Creating' && (onlyGate || now < creatingUntil)) {
    state = 'Creating'
    if (!onlyGate) waits.push(creatingUntil - now)
  }

  const text = addressText(input, opening, gateMissing, creatingUntil, waits)
  const intent = server === undefined ? {} : intentLabels(server)
  const synced = syncedMetadata(server)
  const { labels: stateLabels, annotations: stateStamps } = stateChange(pod, state, now)
  return {
    state,
    change: {
      labels: { ...synced.labels, ...intent, ...stateLabels },
      annotations: {
        ...synced.annotations,
        ...(server !== undefined && opsStateStamp(pod.metadata.labels, intent, formatTime(now))),
        ...stateStamps,
        ...(text !== undefined && { [annotations.networkStatus]: text }),
      },
      ...(opening ? { conditions: openGate(pod, now) } : kubeletIsLate && { conditions: sayReady(now) }),
    },
    ...(waits.length > 0 && { waitMs: Math.max(1, Math.min(...waits)) }),
  }
}

/** The network status to write now; undefined: none, or it is held back for company. */
function addressText(
  { pod, address, networkType, boundSince, now }: PodInput,
  opening: boolean,
  gateMissing: boolean,
  creatingUntil: Instant,
  waits: number[],
): string | undefined {
  if (address === undefined) return undefined
  const text = networkStatusAnnotation(networkType, address)
  if (pod.metadata.annotations?.[annotations.networkStatus] === text || opening) return text
  if (address.state === 'Bound') {
    const heldUntil = (boundSince ?? now) + holds.addressForGate
    // A game may need its address to become ready, so it does not wait for that long.
    if (gateMissing && now < heldUntil) {
      waits.push(heldUntil - now)
      return undefined
    }
    return text
  }
  if ((address.state === 'Pending' || address.state === 'Waiting') && now < creatingUntil) {
    waits.push(creatingUntil - now)
    return undefined
  }
  return text
}
