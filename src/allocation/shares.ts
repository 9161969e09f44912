/** How replicas that allocate share the servers among them. Pure. */
import type { EndpointSlice } from '../apis/core/types.generated.ts'
import type { DeepReadonly } from '../kube/object.ts'
import type { Candidate } from './candidate.ts'

/** The pods behind a Service that answer, by name, each once. */
export function membersOf(slices: readonly DeepReadonly<EndpointSlice>[]): string[] {
  const names = slices.flatMap(({ endpoints }) =>
    (endpoints ?? []).flatMap(({ conditions, targetRef }) =>
      conditions?.ready === false || targetRef?.name === undefined ? [] : [targetRef.name],
    ),
  )
  return [...new Set(names)].toSorted((a, b) => (a < b ? -1 : 1))
}

/**
 * The share of one of the members; everything for who is none of them, or alone. Two replicas that see different members for a moment may
 * look at the same servers: then the API server's lock decides, as it would without shares.
 */
export function shareOf(members: readonly string[], self: string): (server: Pick<Candidate, 'uid'>) => boolean {
  const place = members.indexOf(self)
  if (place < 0 || members.length < 2) return () => true
  // Uids are random, so a piece of one is as good as a hash.
  return ({ uid }) => Number.parseInt(uid.slice(0, 8), 16) % members.length === place
}
