import type { AddressEngine } from '../../addresses/engine.ts'
import type { HostPorts } from '../../addresses/host-ports.ts'
import type { PortRange } from '../../addresses/port-range.ts'
import type { Fleet } from '../../apis/agones.dev/fleet.ts'
import type { GameServer } from '../../apis/agones.dev/game-server.ts'
import type { GameServerSet } from '../../apis/agones.dev/game-server-set.ts'
import type { ControllerRevision, Node, Pod } from '../../apis/core/types.generated.ts'
import type { Client } from '../../kube/client.ts'
import type { Clock } from '../../kube/clock.ts'
import type { EventRecorder } from '../../kube/event-recorder.ts'
import type { Logger } from '../../kube/logger.ts'
import type { OwnWrites } from '../../kube/own-writes.ts'
import type { Store } from '../../kube/store.ts'
import type { CloudProduct } from './cloud-product/cloud-product.ts'
import type { FeatureGates } from './feature-gates.ts'
import type { Sidecar } from './game-server/new-pod.ts'

/** What an installation says of the family. */
export interface AgonesConfig {
  readonly sidecar: Sidecar
  /** The version of Agones whose interface this is; written to what is made. */
  readonly sdkVersion: string
  /** Host ports by the name of their range; there is always `default`. */
  readonly portRanges: Readonly<Record<string, PortRange>>
  /** What is special about the platform below. */
  readonly cloudProduct: CloudProduct
  readonly gates: FeatureGates
}

/** What the controllers of the family share. */
export interface AgonesContext {
  readonly client: Client
  readonly config: AgonesConfig
  readonly addresses: Pick<AddressEngine, 'reconcile' | 'prepare' | 'unprepare' | 'release'>
  readonly hostPorts: HostPorts
  readonly clock: Clock
  readonly logger: Logger
  readonly recorder: Pick<EventRecorder, 'event'>
  readonly fleets: OwnWrites<Fleet>
  readonly sets: OwnWrites<GameServerSet>
  readonly servers: OwnWrites<GameServer>
  readonly pods: OwnWrites<Pod>
  /** Histories of Fleets. */
  readonly revisions: OwnWrites<ControllerRevision>
  readonly nodes: Store<Node>
}
