import type { GameServer } from '../apis/agones.dev/game-server.ts'
import type { DeepReadonly, ObjectKey } from '../kube/object.ts'
import { keyOf } from '../kube/object.ts'
import type { Matcher } from './match.ts'
import type { NodeLoad } from './rank.ts'

type Server = DeepReadonly<GameServer>
type State = 'Ready' | 'Allocated'

/** The servers of one namespace in one state. */
interface Bucket {
  readonly byNode: Map<string, Set<Server>>
  readonly byLabel: Map<string, Set<Server>>
}

interface Load extends NodeLoad {
  allocated: number
  ready: number
}

/** Servers that can be had, in an order that makes the choice cheap: what does not match is mostly not looked at. */
export class ServerIndex {
  readonly #servers = new Map<ObjectKey, Server>()
  readonly #buckets = new Map<string, Bucket>()
  readonly #loads = new Map<string, Load>()

  get size(): number {
    return this.#servers.size
  }

  get(key: ObjectKey): Server | undefined {
    return this.#servers.get(key)
  }

  /** As it is now. Servers that cannot be had are left out. */
  put(server: Server): void {
    const key = keyOf(server)
    this.remove(key)
    const state = stateOf(server)
    if (state === undefined) return
    this.#servers.set(key, server)
    const node = nodeOf(server)
    const { byNode, byLabel } = this.#bucket(bucketKey(server, state))
    addTo(byNode, node, server)
    for (const label of labelsOf(server)) addTo(byLabel, label, server)
    this.#count(node, state, 1)
  }

  remove(key: ObjectKey): void {
    const server = this.#servers.get(key)
    const state = server && stateOf(server)
    if (server === undefined || state === undefined) return
    this.#servers.delete(key)
    const node = nodeOf(server)
    const { byNode, byLabel } = this.#bucket(bucketKey(server, state))
    removeFrom(byNode, node, server)
    for (const label of labelsOf(server)) removeFrom(byLabel, label, server)
    this.#count(node, state, -1)
  }

  /** The nodes that have servers of this state in the namespace, with all that they carry. */
  nodes(namespace: string, state: State): { readonly load: NodeLoad; readonly servers: ReadonlySet<Server> }[] {
    const bucket = this.#buckets.get(`${namespace}\n${state}`)
    if (bucket === undefined) return []
    return [...bucket.byNode].map(([name, servers]) => ({ load: this.loadOf(name), servers }))
  }

  loadOf(node: string): NodeLoad {
    return this.#loads.get(node) ?? { name: node, allocated: 0, ready: 0 }
  }

  /** Servers among which all that match are: the smallest set an index has of them. Undefined: no label narrows it. */
  narrowed(namespace: string, { state, equalities }: Matcher): ReadonlySet<Server> | undefined {
    const bucket = this.#buckets.get(`${namespace}\n${state}`)
    if (bucket === undefined) return none
    let smallest: ReadonlySet<Server> | undefined
    for (const [key, value] of equalities) {
      const found = bucket.byLabel.get(`${key}=${value}`) ?? none
      if (smallest === undefined || found.size < smallest.size) smallest = found
    }
    return smallest
  }

  #bucket(key: string): Bucket {
    let bucket = this.#buckets.get(key)
    if (bucket === undefined) this.#buckets.set(key, (bucket = { byNode: new Map(), byLabel: new Map() }))
    return bucket
  }

  #count(node: string, state: State, by: number): void {
    let load = this.#loads.get(node)
    if (load === undefined) this.#loads.set(node, (load = { name: node, allocated: 0, ready: 0 }))
    if (state === 'Allocated') load.allocated += by
    else load.ready += by
    if (load.allocated === 0 && load.ready === 0) this.#loads.delete(node)
  }
}

const none: ReadonlySet<Server> = new Set()

function stateOf({ metadata, status }: Server): State | undefined {
  if (metadata.deletionTimestamp !== undefined) return undefined
  return status?.state === 'Ready' || status?.state === 'Allocated' ? status.state : undefined
}

function bucketKey({ metadata }: Server, state: State): string {
  return `${metadata.namespace ?? ''}\n${state}`
}

function nodeOf({ status }: Server): string {
  return status?.nodeName ?? ''
}

function labelsOf({ metadata }: Server): string[] {
  return Object.entries(metadata.labels ?? {}).map(([key, value]) => `${key}=${value}`)
}

function addTo(sets: Map<string, Set<Server>>, key: string, server: Server): void {
  const set = sets.get(key)
  if (set === undefined) sets.set(key, new Set([server]))
  else set.add(server)
}

function removeFrom(sets: Map<string, Set<Server>>, key: string, server: Server): void {
  const set = sets.get(key)
  set?.delete(server)
  if (set?.size === 0) sets.delete(key)
}
