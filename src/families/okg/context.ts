import type { AddressEngine } from '../../addresses/engine.ts'
import type { GameServer } from '../../apis/game.kruise.io/game-server.ts'
import type { GameServerSet } from '../../apis/game.kruise.io/game-server-set.ts'
import type { ControllerRevision, Node, Pod } from '../../apis/core/types.generated.ts'
import type { Client } from '../../kube/client.ts'
import type { Clock } from '../../kube/clock.ts'
import type { EventRecorder } from '../../kube/event-recorder.ts'
import type { Logger } from '../../kube/logger.ts'
import type { ObjectKey } from '../../kube/object.ts'
import type { Store } from '../../kube/store.ts'
import type { SetControl } from './control/set-control.ts'
import type { OwnWrites } from '../../kube/own-writes.ts'

/** What the controllers of the family share. */
export interface OkgContext {
  readonly client: Client
  readonly addresses: AddressEngine
  /** Whether a set is ours to run: asked before anything of it is written. */
  readonly control: Pick<SetControl, 'of' | 'decide' | 'refused' | 'forget' | 'workloadOf'>
  readonly clock: Clock
  readonly logger: Logger
  readonly recorder: Pick<EventRecorder, 'event'>
  readonly sets: OwnWrites<GameServerSet>
  readonly nodes: Store<Node>
  readonly pods: OwnWrites<Pod>
  readonly servers: OwnWrites<GameServer>
  readonly revisions: OwnWrites<ControllerRevision>
  /** What the address engine said last of servers that have no address, by server key; the set's conditions tell of them. */
  readonly addressTroubles: Map<ObjectKey, AddressTrouble>
  /** Containers about to change, by server key, from the announcement to the network until the pod itself says so. */
  readonly announced: Map<ObjectKey, readonly string[]>
  enqueueSet(key: ObjectKey): void
  enqueueServer(key: ObjectKey): void
}

export interface AddressTrouble {
  readonly reason: string
  readonly message: string
}
