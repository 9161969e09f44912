/** What a GameServerSet says of its servers. Pure. */
import type { GameServer } from '../../../apis/agones.dev/game-server.ts'
import type { GameServerSet, GameServerSetStatus } from '../../../apis/agones.dev/game-server-set.ts'
import { labels } from '../../../apis/agones.dev/labels.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import { hasTemplate } from '../revision.ts'
import { isLeaving } from './member.ts'

type Totals = NonNullable<NonNullable<GameServerSetStatus['counters']>[string]>
type Sums = Record<string, Totals>

export function statusOf(
  { metadata: { name }, spec: { template } }: DeepReadonly<Pick<GameServerSet, 'metadata' | 'spec'>>,
  servers: readonly DeepReadonly<GameServer>[],
  isLeavingFor: typeof isLeaving = isLeaving,
): GameServerSetStatus {
  const counts = { replicas: 0, updatedReplicas: 0, readyReplicas: 0, reservedReplicas: 0, allocatedReplicas: 0, shutdownReplicas: 0 }
  const counters: Sums = {}
  const lists: Sums = {}
  for (const server of servers) {
    if (isLeavingFor(server)) {
      counts.shutdownReplicas += 1
      continue
    }
    counts.replicas += 1
    const state = server.status?.state
    if (hasTemplate(server, template)) counts.updatedReplicas += 1
    if (state === 'Ready') counts.readyReplicas += 1
    if (state === 'Reserved') counts.reservedReplicas += 1
    if (state === 'Allocated') counts.allocatedReplicas += 1
    const isAllocated = state === 'Allocated'
    for (const [key, { count = 0, capacity = 0 }] of Object.entries(server.status?.counters ?? {}))
      add(counters, key, count, capacity, isAllocated)
    for (const [key, { values = [], capacity = 0 }] of Object.entries(server.status?.lists ?? {}))
      add(lists, key, values.length, capacity, isAllocated)
  }
  return {
    ...counts,
    ...(Object.keys(counters).length > 0 && { counters }),
    ...(Object.keys(lists).length > 0 && { lists }),
    labelSelector: `${labels.gameServerSet}=${name}`,
  }
}

function add(sums: Sums, key: string, count: number, capacity: number, isAllocated: boolean): void {
  const { allocatedCount = 0, allocatedCapacity = 0, count: total = 0, capacity: room = 0 } = sums[key] ?? {}
  sums[key] = {
    allocatedCount: capped(allocatedCount + (isAllocated ? count : 0)),
    allocatedCapacity: capped(allocatedCapacity + (isAllocated ? capacity : 0)),
    count: capped(total + count),
    capacity: capped(room + capacity),
  }
}

/** Sums beyond this are no exact numbers in JSON any more. */
function capped(sum: number): number {
  return Math.min(sum, Number.MAX_SAFE_INTEGER)
}
