import type { GameServerSet } from '../../../apis/game.kruise.io/game-server-set.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import type { Member } from '../../../servers/model.ts'
import type { OkgContext } from '../context.ts'

/** Servers of the set that have no address although they should, lowest id first. */
export function addressTroublesOf(
  context: OkgContext,
  set: DeepReadonly<GameServerSet>,
  members: readonly Member[],
): { readonly server: string; readonly reason: string; readonly message: string }[] {
  if (set.spec.network === undefined || context.addressTroubles.size === 0) return []
  return members
    .toSorted((a, b) => (a.ordinal ?? 0) - (b.ordinal ?? 0))
    .flatMap(({ key, stage }) => {
      const trouble = stage === 'Leaving' ? undefined : context.addressTroubles.get(`${set.metadata.namespace ?? ''}/${key}`)
      return trouble === undefined ? [] : [{ server: key, ...trouble }]
    })
}
