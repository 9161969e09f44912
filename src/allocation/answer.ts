import type { AllocationSpec, GameServerAllocation } from '../apis/allocation.agones.dev/game-server-allocation.ts'
import { ApiError } from '../kube/api-error.ts'
import type { ResourceType } from '../kube/resource.ts'
import { invalidStatus } from '../schema/status.ts'
import type { Allocator } from './allocator.ts'
import { extrasOf, validateAllocation } from './request.ts'

/** Posted to have a server, and answered at once. Contract: Agones. */
export const gameServerAllocations: ResourceType<GameServerAllocation> = {
  group: 'allocation.agones.dev',
  version: 'v1',
  plural: 'gameserverallocations',
  kind: 'GameServerAllocation',
  namespaced: true,
}

export interface PostedAllocation {
  readonly namespace: string
  readonly object: Record<string, unknown>
  readonly signal: AbortSignal
}

/** The posted object with its answer. Throws an ApiError with the causes when it is invalid. */
export async function answerAllocation(
  allocator: Allocator,
  { namespace, object, signal }: PostedAllocation,
): Promise<GameServerAllocation> {
  const spec = (object['spec'] ?? {}) as AllocationSpec
  const posted = (object['metadata'] ?? {}) as GameServerAllocation['metadata']
  const { extras, errors: wrong } = extrasOf(posted.annotations ?? {}, spec)
  const errors = [...validateAllocation(spec), ...wrong]
  if (errors.length > 0) throw new ApiError(invalidStatus(gameServerAllocations, posted.name ?? '', errors))
  const status = await allocator.allocate(namespace, spec, signal, extras)
  const { gameServerName: name } = status
  return {
    apiVersion: `${gameServerAllocations.group}/${gameServerAllocations.version}`,
    kind: gameServerAllocations.kind,
    metadata: { ...posted, namespace, ...(name !== '' && { name }) },
    spec,
    status,
  }
}
