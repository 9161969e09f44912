import type { GameServerPort, GameServerSpec } from '../../../apis/agones.dev/game-server.ts'
import type { Pod } from '../../../apis/core/types.generated.ts'
import type { DeepReadonly, New } from '../../../kube/object.ts'
import type { FieldError } from '../../../schema/field-error.ts'
import type { CompleteSpec } from '../game-server/complete.ts'

export type Ports = readonly DeepReadonly<GameServerPort>[]

/** The ports of a server with the numbers that its pod has on the node, or why there are none. */
export type Assignment = { readonly ports: Ports } | { readonly missing: string }

/** In what a managed platform differs from a plain Kubernetes, for game servers. Pure: everything is read from the objects. */
export interface CloudProduct {
  /** What the platform would refuse of a server's spec, wherever it stands. */
  validate(spec: DeepReadonly<CompleteSpec>, path: string): FieldError[]
  /** The same of the scheduling that a Fleet or a set has for all of its servers. */
  validateScheduling(scheduling: GameServerSpec['scheduling'], path: string): FieldError[]
  /** Numbers that stand for host ports until the platform has chosen them, for the ports that need one, in their order; undefined: Berth chooses. */
  placeholders(ports: Ports): readonly number[] | undefined
  /** The pod of a server as the platform wants to have it. */
  finishPod(pod: New<Pod>, spec: DeepReadonly<CompleteSpec>): New<Pod>
  /** The ports as the platform has assigned them to the pod. The same again for ports that have been assigned before. */
  assigned(ports: Ports, pod: DeepReadonly<Pod>): Assignment
}
