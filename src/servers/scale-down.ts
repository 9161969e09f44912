/**
 * Which server is deleted first: the members sorted by the owner's rank keys, then by the highest number. Preferences only
 * order the queue; a lock takes a server out of it. (The keys of OpenKruiseGame, ops state first, are in
 * `families/okg/game-server-set/scale-down-order.ts`.)
 */
import { isLocked } from './lock.ts'
import type { Member, RankKey } from './model.ts'

/** Sorts by the keys in turn; ties go to the highest ordinal, then to the last key in text order, so that the order is total. */
export function compareByRank(order: readonly RankKey[]): (a: Member, b: Member) => number {
  return (a, b) => {
    for (const { by, first } of order) {
      const difference = (b.rank[by] ?? 0) - (a.rank[by] ?? 0)
      if (difference !== 0) return first === 'highest' ? difference : -difference
    }
    const byOrdinal = (b.ordinal ?? 0) - (a.ordinal ?? 0)
    return byOrdinal !== 0 ? byOrdinal : a.key < b.key ? 1 : a.key > b.key ? -1 : 0
  }
}

/** The `count` members that leave, first to leave first; fewer when locks forbid more. */
export function whoLeaves(
  members: readonly Member[],
  count: number,
  order: readonly RankKey[],
): { leave: readonly Member[]; locked: readonly Member[] } {
  if (count <= 0) return { leave: [], locked: [] }
  const queue = members.toSorted(compareByRank(order))
  const leave: Member[] = []
  const locked: Member[] = []
  for (const member of queue) {
    if (leave.length === count) break
    if (isLocked(member, 'delete')) locked.push(member)
    else leave.push(member)
  }
  return { leave, locked: leave.length < count ? locked : [] }
}
