/** What a choice looks at, whatever kind of server it is. */
import type { CounterStatus, ListStatus, StatusAddress } from '../apis/agones.dev/game-server.ts'
import type { DeepReadonly } from '../kube/object.ts'

/** The API group of the servers: every selector is about one of them. */
export type Pool = 'agones.dev' | 'game.kruise.io'

/** `Ready`: free, and players would reach it. `Allocated`: somebody has it, and may share it. */
export type CandidateState = 'Ready' | 'Allocated'

/** A server that can be had, at one version. Made anew for every version; maps and lists are those of the object itself. */
export interface Candidate {
  readonly pool: Pool
  readonly namespace: string
  readonly name: string
  readonly uid: string
  readonly resourceVersion: string
  readonly state: CandidateState
  /** Empty when there is none. */
  readonly nodeName: string
  readonly labels: Readonly<Record<string, string>>
  readonly addresses: DeepReadonly<readonly StatusAddress[]>
  readonly counters: DeepReadonly<Record<string, CounterStatus>> | null | undefined
  readonly lists: DeepReadonly<Record<string, ListStatus>> | null | undefined
  /** Of the allocation that has it; see `AllocationExtras.requestId`. */
  readonly requestId: string | undefined
}

/** What a candidate is known by among those of all pools. */
export function candidateKey({ pool, namespace, name }: Pick<Candidate, 'pool' | 'namespace' | 'name'>): string {
  return `${pool}/${namespace}/${name}`
}

/** What is left of the capacity; undefined without such a counter or list. */
export function roomOf({ counters, lists }: Candidate, type: 'Counter' | 'List', key: string): number | undefined {
  if (type === 'Counter') {
    const counter = counters?.[key]
    return counter && (counter.capacity ?? 0) - (counter.count ?? 0)
  }
  const list = lists?.[key]
  return list && (list.capacity ?? 0) - (list.values?.length ?? 0)
}
