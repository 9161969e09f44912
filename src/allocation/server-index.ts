import { type Candidate, candidateKey, type CandidateState, type Pool } from './candidate.ts'
import { type Demand, type Matcher, type Trait, traitsOf } from './match.ts'
import type { NodeLoad } from './rank.ts'

/** Servers that have something in common, by their node. */
export interface ServersByNode {
  readonly size: number
  readonly nodes: ReadonlyMap<NodeLoad, ReadonlySet<Candidate>>
}

/** The servers of one pool and namespace in one state. */
interface Bucket {
  readonly all: Group
  readonly byTrait: Map<string, Values>
}

/** The servers that have a trait of one key, by its value. */
interface Values {
  size: number
  readonly groups: Map<string, Group>
}

/** Beyond so many values that a demand leaves, they are not put together one by one. */
const mostValues = 64

interface Load extends NodeLoad {
  allocated: number
  ready: number
}

/** Servers that can be had, so that a choice looks at hardly any that do not match: found by what they are demanded to have, node by node. */
export class ServerIndex {
  readonly #candidates = new Map<string, { readonly candidate: Candidate; readonly load: Load; readonly traits: readonly Trait[] }>()
  readonly #buckets = new Map<string, Bucket>()
  readonly #loads = new Map<string, Load>()

  get size(): number {
    return this.#candidates.size
  }

  get(key: string): Candidate | undefined {
    return this.#candidates.get(key)?.candidate
  }

  /** As it is now. */
  put(candidate: Candidate): void {
    const key = candidateKey(candidate)
    this.remove(key)
    const load = this.#loadOf(candidate)
    const traits = traitsOf(candidate)
    this.#candidates.set(key, { candidate, load, traits })
    const { all, byTrait } = this.#bucket(candidate)
    all.add(load, candidate)
    for (const [trait, value] of traits) {
      let values = byTrait.get(trait)
      if (values === undefined) byTrait.set(trait, (values = { size: 0, groups: new Map() }))
      let group = values.groups.get(value)
      if (group === undefined) values.groups.set(value, (group = new Group()))
      group.add(load, candidate)
      values.size += 1
    }
    if (candidate.state === 'Allocated') load.allocated += 1
    else load.ready += 1
  }

  remove(key: string): void {
    const known = this.#candidates.get(key)
    if (known === undefined) return
    const { candidate, load, traits } = known
    this.#candidates.delete(key)
    const { all, byTrait } = this.#bucket(candidate)
    all.remove(load, candidate)
    for (const [trait, value] of traits) {
      const values = byTrait.get(trait)
      const group = values?.groups.get(value)
      if (values === undefined || group === undefined) continue
      group.remove(load, candidate)
      values.size -= 1
      if (group.size === 0) values.groups.delete(value)
      if (values.size === 0) byTrait.delete(trait)
    }
    if (candidate.state === 'Allocated') load.allocated -= 1
    else load.ready -= 1
    if (load.allocated === 0 && load.ready === 0) this.#loads.delete(loadKey(candidate))
  }

  /** Servers among which all that match are, each in one of the groups: the fewest that the index has of them. */
  narrowed(namespace: string, { pool, state, demands }: Matcher): readonly ServersByNode[] {
    const bucket = this.#buckets.get(bucketKey(pool, namespace, state))
    if (bucket === undefined) return []
    let [fewest, size]: [readonly Group[], number] = [[bucket.all], bucket.all.size]
    for (const demand of demands) {
      const groups = groupsOf(bucket, demand)
      if (groups === undefined) continue
      const together = groups.reduce((sum, group) => sum + group.size, 0)
      if (together < size) [fewest, size] = [groups, together]
    }
    return fewest
  }

  #bucket({ pool, namespace, state }: Candidate): Bucket {
    const key = bucketKey(pool, namespace, state)
    let bucket = this.#buckets.get(key)
    if (bucket === undefined) this.#buckets.set(key, (bucket = { all: new Group(), byTrait: new Map() }))
    return bucket
  }

  /** What a node carries in all namespaces, of one pool. */
  #loadOf(candidate: Candidate): Load {
    const key = loadKey(candidate)
    let load = this.#loads.get(key)
    if (load === undefined) this.#loads.set(key, (load = { name: candidate.nodeName, allocated: 0, ready: 0 }))
    return load
  }
}

class Group implements ServersByNode {
  readonly nodes = new Map<NodeLoad, Set<Candidate>>()
  size = 0

  add(load: NodeLoad, candidate: Candidate): void {
    const there = this.nodes.get(load)
    if (there === undefined) this.nodes.set(load, new Set([candidate]))
    else there.add(candidate)
    this.size += 1
  }

  remove(load: NodeLoad, candidate: Candidate): void {
    const there = this.nodes.get(load)
    if (there?.delete(candidate) !== true) return
    this.size -= 1
    if (there.size === 0) this.nodes.delete(load)
  }
}

/** Undefined: others may do as well. */
function groupsOf({ all, byTrait }: Bucket, demand: Demand): readonly Group[] | undefined {
  const known = byTrait.get(demand.key)
  if ('values' in demand) return [...new Set(demand.values)].flatMap(value => known?.groups.get(value) ?? [])
  if (demand.mayLack && (known?.size ?? 0) < all.size) return undefined
  if (known === undefined) return []
  if (known.groups.size > mostValues) return undefined
  return [...known.groups].flatMap(([value, group]) => (demand.allBut.includes(value) ? [] : [group]))
}

function bucketKey(pool: Pool, namespace: string, state: CandidateState): string {
  return `${pool}\n${namespace}\n${state}`
}

function loadKey({ pool, nodeName }: Candidate): string {
  return `${pool}\n${nodeName}`
}
