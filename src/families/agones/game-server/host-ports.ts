/** Ports on the node for servers: chosen when a server has none, counted as its own until its pod holds them. */
import type { GameServer, GameServerSpec } from '../../../apis/agones.dev/game-server.ts'
import { defaults } from '../../../apis/agones.dev/defaults.ts'
import type { Pod } from '../../../apis/core/types.generated.ts'
import type { DeepReadonly, ObjectKey } from '../../../kube/object.ts'
import type { AgonesContext } from '../context.ts'
import { needsNumber } from './numbered-ports.ts'

type Context = Pick<AgonesContext, 'hostPorts' | 'config'>

/** Numbers for the ports that need one, or what stands for them yet, in the order of the spec; undefined when a range is unknown or has too few. */
export function chooseHostPorts(
  { hostPorts, config }: Context,
  key: ObjectKey,
  { spec }: { readonly spec: DeepReadonly<GameServerSpec> },
): readonly number[] | undefined {
  const wanting = (spec.ports ?? []).filter(needsNumber)
  if (wanting.length === 0) return undefined
  const placeholders = config.cloudProduct.placeholders(spec.ports ?? [])
  if (placeholders !== undefined) return placeholders
  const asks = []
  for (const { range = defaults.portRange, protocol = defaults.protocol } of wanting) {
    const known = config.portRanges[range]
    if (known === undefined) return undefined
    asks.push({ protocol, range: known })
  }
  return hostPorts.give(key, asks)
}

/** Keeps in mind what is stored: the pod's spec holds the ports from its creation on, the GameServer's until then. */
export function holdHostPorts(
  { hostPorts }: Context,
  key: ObjectKey,
  { spec }: DeepReadonly<GameServer>,
  pod: DeepReadonly<Pod> | undefined,
): void {
  if (pod !== undefined) {
    hostPorts.release(key)
    return
  }
  const held = (spec.ports ?? []).flatMap(({ hostPort, portPolicy, protocol = defaults.protocol }) =>
    hostPort === undefined || portPolicy === 'None' ? [] : [{ protocol, port: hostPort }],
  )
  if (held.length > 0) hostPorts.hold(key, held)
}
