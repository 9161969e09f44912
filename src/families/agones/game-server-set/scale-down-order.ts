/** Which server of a set leaves first. Contract: Agones' Packed and Distributed. */
import type { GameServer } from '../../../apis/agones.dev/game-server.ts'
import type { GameServerSet } from '../../../apis/agones.dev/game-server-set.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import type { RankKey } from '../../../servers/model.ts'
import { active, beforeReady } from '../game-server/life.ts'

export type Priorities = NonNullable<DeepReadonly<GameServerSet['spec']>['priorities']>

/** The fullest nodes keep their servers, so that the others become empty. */
const packed: readonly RankKey[] = [
  { by: 'unplaced', first: 'highest' },
  { by: 'nodeLoad', first: 'lowest' },
  { by: 'node', first: 'lowest' },
  { by: 'beforeReady', first: 'highest' },
]

export function scaleDownOrder(scheduling: 'Packed' | 'Distributed', priorities: Priorities): readonly RankKey[] {
  const rooms = priorities.map((_, index): RankKey => ({ by: `priority${index}`, first: 'highest' }))
  return scheduling === 'Packed' ? [...packed, ...rooms] : [...rooms, { by: 'age', first: 'highest' }]
}

/** How many servers of whatever set are Ready or in use, by node. */
export function loadOfNodes(servers: Iterable<DeepReadonly<GameServer>>): ReadonlyMap<string, number> {
  const load = new Map<string, number>()
  for (const { status } of servers) {
    if (!(active as readonly (string | undefined)[]).includes(status?.state)) continue
    const node = status?.nodeName ?? ''
    load.set(node, (load.get(node) ?? 0) + 1)
  }
  return load
}

/** The numbers that {@link scaleDownOrder} sorts by. */
export function ranksOf(
  servers: readonly DeepReadonly<GameServer>[],
  load: ReadonlyMap<string, number>,
  priorities: Priorities,
): ReadonlyMap<DeepReadonly<GameServer>, Readonly<Record<string, number>>> {
  const names = [...new Set(servers.map(({ status }) => status?.nodeName ?? ''))].toSorted()
  const place = new Map(names.map((name, index) => [name, index]))
  return new Map(
    servers.map(server => {
      const node = server.status?.nodeName ?? ''
      return [
        server,
        {
          unplaced: node === '' ? 1 : 0,
          nodeLoad: load.get(node) ?? 0,
          node: place.get(node) ?? 0,
          beforeReady: (beforeReady as readonly (string | undefined)[]).includes(server.status?.state) ? 1 : 0,
          // Seconds since 1970, so that the younger server, with the higher number, leaves first.
          age: Date.parse(server.metadata.creationTimestamp) / 1000 || 0,
          ...Object.fromEntries(priorities.map((priority, index) => [`priority${index}`, roomRank(server, priority)])),
        },
      ]
    }),
  )
}

/** What leaves first is what an allocation would choose last. */
function roomRank({ status }: DeepReadonly<GameServer>, { type, key, order }: Priorities[number]): number {
  const counter = status?.counters?.[key]
  const list = status?.lists?.[key]
  const room =
    type === 'Counter'
      ? counter && (counter.capacity ?? 0) - (counter.count ?? 0)
      : list && (list.capacity ?? 0) - (list.values?.length ?? 0)
  if (room === undefined) return Number.MAX_SAFE_INTEGER
  return order === 'Descending' ? -room : room
}
