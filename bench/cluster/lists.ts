import type { Client } from '../../src/kube/client.ts'
import { type Counts, requestCounts } from '../harness/request-counts.ts'

/** Kinds that the API server's own controllers and the bench do not list meanwhile, so that each list of them is Berth's. */
const onlyOurs = ['gameserversets', 'services', 'controllerrevisions']

export interface Lists {
  /** By kind, without nodes. */
  readonly byKind: string
  readonly most: number
}

/** Lists between two counts; pages of one list count one each. */
export function listsBetween(before: Counts, after: Counts): Lists {
  const lists = [...after]
    .filter(([key]) => key.startsWith('LIST ') && !/ \d+$/.test(key))
    .map(([key, count]) => [key.slice('LIST '.length), count - (before.get(key) ?? 0)] as const)
    .filter(([, count]) => count > 0)
  return { byKind: lists.map(([kind, count]) => `${kind} ${count}`).join(', '), most: Math.max(0, ...lists.map(([, count]) => count)) }
}

/** Counts lists from now on of the kinds that only Berth lists. */
export async function watchRelists(client: Client): Promise<() => Promise<number>> {
  const ours = (counts: Counts): number => onlyOurs.reduce((sum, kind) => sum + (counts.get(`LIST ${kind}`) ?? 0), 0)
  const before = ours(await requestCounts(client))
  return async () => ours(await requestCounts(client)) - before
}
