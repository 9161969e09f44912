/** Why a server that has not started yet waits, for people. Pure. */
import { defaults } from '../../../apis/agones.dev/defaults.ts'
import type { GameServer } from '../../../apis/agones.dev/game-server.ts'
import type { Pod } from '../../../apis/core/types.generated.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import type { AgonesConfig } from '../context.ts'
import { needsNumber } from './numbered-ports.ts'

/** Undefined: it waits for nothing that anybody could help with. Agones would leave both kinds to the pod, or untold. */
export function waitingReason(
  { spec, status, metadata }: DeepReadonly<GameServer>,
  pod: DeepReadonly<Pod> | undefined,
  hostPorts: readonly number[] | undefined,
  { portRanges }: Pick<AgonesConfig, 'portRanges'>,
): string | undefined {
  if (metadata.deletionTimestamp !== undefined) return undefined
  const wanting = (spec.ports ?? []).filter(needsNumber)
  if (status?.state === 'PortAllocation' && wanting.length > 0 && hostPorts === undefined) {
    const unknown = wanting.map(({ range = defaults.portRange }) => range).find(range => portRanges[range] === undefined)
    return unknown === undefined
      ? `no host ports are left for ${wanting.length} ports`
      : `there is no port range ${JSON.stringify(unknown)}, only ${Object.keys(portRanges).join(', ')}`
  }
  const scheduled = pod?.status?.conditions?.find(({ type }) => type === 'PodScheduled')
  return scheduled?.status === 'False' ? `the pod waits for a node: ${scheduled.message ?? scheduled.reason ?? ''}` : undefined
}
