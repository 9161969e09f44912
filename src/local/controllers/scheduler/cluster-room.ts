import type { Node, Pod } from '../../../apis/core/types.generated.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import type { Store } from '../../../kube/store.ts'
import { isPodFinished } from '../pod-endpoint.ts'
import { NodeRoom } from './node-room.ts'
import { hasPodAffinity } from './pod-affinity.ts'
import { type Placement, schedule } from './schedule.ts'

/**
 * All nodes with their pods, kept up to date from the stores and ahead of them: a pod that was given to a node counts there
 * at once, so a lagging watch never lets a node be filled twice.
 */
export class ClusterRoom implements Disposable {
  readonly #rooms = new Map<string, NodeRoom>()
  /** The node each pod is on, by the pod's uid. */
  readonly #places = new Map<string, string>()
  /** Pods that the store does not show on their node yet. */
  readonly #assumed = new Set<string>()
  /** Placed pods with affinity rules of their own. */
  readonly #guards = new Set<string>()
  readonly #subscriptions: Disposable[]
  readonly #onRoom: () => void

  /** `onRoom` is called when a pod that did not fit may fit now. */
  constructor(pods: Store<Pod>, nodes: Store<Node>, onRoom: () => void) {
    this.#onRoom = onRoom
    this.#subscriptions = [
      nodes.subscribe({
        added: node => this.#setNode(node),
        updated: (node, old) => {
          if (!sameForScheduling(node, old)) this.#setNode(node)
        },
        deleted: node => this.#rooms.get(node.metadata.name)?.setNode(undefined),
      }),
      pods.subscribe({
        added: pod => this.#see(pod),
        updated: pod => this.#see(pod),
        deleted: pod => {
          this.#assumed.delete(pod.metadata.uid)
          if (this.#remove(pod.metadata.uid)) onRoom()
        },
      }),
    ]
  }

  place(pod: DeepReadonly<Pod>): Placement {
    return schedule(pod, [...this.#rooms.values()], this.#guards.size > 0)
  }

  isAssumed(pod: DeepReadonly<Pod>): boolean {
    return this.#assumed.has(pod.metadata.uid)
  }

  /** The pod is about to be bound to the node. */
  assume(pod: DeepReadonly<Pod>, node: string): void {
    this.#assumed.add(pod.metadata.uid)
    this.#add(pod, node)
  }

  /** The binding failed. */
  forget(pod: DeepReadonly<Pod>): void {
    if (this.#assumed.delete(pod.metadata.uid) && this.#remove(pod.metadata.uid)) this.#onRoom()
  }

  [Symbol.dispose](): void {
    for (const subscription of this.#subscriptions) subscription[Symbol.dispose]()
  }

  #setNode(node: DeepReadonly<Node>): void {
    this.#room(node.metadata.name).setNode(node)
    this.#onRoom()
  }

  #see(pod: DeepReadonly<Pod>): void {
    const { uid } = pod.metadata
    if (isPodFinished(pod)) {
      this.#assumed.delete(uid)
      if (this.#remove(uid)) this.#onRoom()
      return
    }
    const node = pod.spec?.nodeName
    if (node === undefined || node === '') return
    this.#assumed.delete(uid)
    if (this.#places.get(uid) === node) this.#room(node).refresh(pod)
    else this.#add(pod, node)
  }

  #add(pod: DeepReadonly<Pod>, node: string): void {
    const { uid } = pod.metadata
    this.#remove(uid)
    this.#room(node).add(pod)
    this.#places.set(uid, node)
    if (hasPodAffinity(pod)) this.#guards.add(uid)
  }

  #remove(uid: string): boolean {
    const node = this.#places.get(uid)
    if (node === undefined) return false
    this.#places.delete(uid)
    this.#guards.delete(uid)
    const room = this.#rooms.get(node)
    const removed = room?.remove(uid) ?? false
    if (room?.node === undefined && room?.podCount === 0) this.#rooms.delete(node)
    return removed
  }

  #room(node: string): NodeRoom {
    let room = this.#rooms.get(node)
    if (room === undefined) this.#rooms.set(node, (room = new NodeRoom()))
    return room
  }
}

/** Heartbeats change nodes all the time, but nothing the scheduler asks for. */
function sameForScheduling(node: DeepReadonly<Node>, old: DeepReadonly<Node>): boolean {
  const ready = (one: DeepReadonly<Node>) => one.status?.conditions?.find(condition => condition.type === 'Ready')?.status
  const facts = (one: DeepReadonly<Node>) => JSON.stringify([one.metadata.labels, one.spec, one.status?.allocatable, ready(one)])
  return node.metadata.uid === old.metadata.uid && facts(node) === facts(old)
}
