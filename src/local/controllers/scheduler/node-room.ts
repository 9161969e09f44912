import type { Node, Pod, Taint } from '../../../apis/core/types.generated.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import { amountOf, type HostPort, podDemand, type PodDemand } from './pod-demand.ts'

/** Pods without requests count as so much when nodes are compared, so that they spread too. Kubernetes' values. */
const assumedCpu = 100
const assumedMemory = 200 * 1024 * 1024

interface Placed {
  pod: DeepReadonly<Pod>
  readonly demand: PodDemand
}

/** A node, the pods on it, and what is left. */
export class NodeRoom {
  readonly #pods = new Map<string, Placed>()
  readonly #requested = new Map<string, number>()
  readonly #ports = new Map<string, number>()
  #allocatable = new Map<string, number>()
  #weight = { cpu: 0, memory: 0 }
  #node: DeepReadonly<Node> | undefined

  /** Undefined for a node that pods are on though it is not registered (any more). */
  get node(): DeepReadonly<Node> | undefined {
    return this.#node
  }

  get podCount(): number {
    return this.#pods.size
  }

  get taints(): readonly DeepReadonly<Taint>[] {
    return this.#node?.spec?.taints ?? []
  }

  pods(): Iterable<DeepReadonly<Pod>> {
    return [...this.#pods.values()].map(({ pod }) => pod)
  }

  setNode(node: DeepReadonly<Node> | undefined): void {
    this.#node = node
    const allocatable = node?.status?.allocatable ?? node?.status?.capacity ?? {}
    this.#allocatable = new Map(Object.entries(allocatable).map(([resource, quantity]) => [resource, amountOf(resource, quantity)]))
  }

  add(pod: DeepReadonly<Pod>): void {
    this.remove(pod.metadata.uid)
    const placed = { pod, demand: podDemand(pod) }
    this.#pods.set(pod.metadata.uid, placed)
    this.#count(placed, 1)
  }

  remove(uid: string): boolean {
    const placed = this.#pods.get(uid)
    if (placed === undefined) return false
    this.#pods.delete(uid)
    this.#count(placed, -1)
    return true
  }

  /** A newer version of a pod that is here: what it demands does not change while it runs, but its labels may. */
  refresh(pod: DeepReadonly<Pod>): void {
    const placed = this.#pods.get(pod.metadata.uid)
    if (placed !== undefined) placed.pod = pod
  }

  /** What the demand lacks here, in Kubernetes' words. */
  shortages({ requests }: PodDemand): string[] {
    const missing: string[] = []
    const podLimit = this.#allocatable.get('pods')
    if (podLimit !== undefined && this.#pods.size + 1 > podLimit) missing.push('Too many pods')
    for (const [resource, amount] of requests) {
      if (amount === 0) continue
      const left = (this.#allocatable.get(resource) ?? 0) - (this.#requested.get(resource) ?? 0)
      if (amount > left) missing.push(`Insufficient ${resource}`)
    }
    return missing
  }

  hasFreePorts({ hostPorts }: PodDemand): boolean {
    return hostPorts.every(wanted => {
      const anywhere = wanted.ip === '0.0.0.0'
      const taken = (ip: string): boolean => this.#ports.has(portKey({ ...wanted, ip }))
      if (!anywhere) return !taken(wanted.ip) && !taken('0.0.0.0')
      return !this.#ports.has(`any ${wanted.protocol} ${wanted.port}`)
    })
  }

  /** 0 to 100: how much of CPU and memory would be left on average, as Kubernetes' LeastAllocated has it. */
  leftOver({ requests }: PodDemand): number {
    const score = (resource: 'cpu' | 'memory', assumed: number): number => {
      const allocatable = this.#allocatable.get(resource) ?? 0
      const used = this.#weight[resource] + (requests.get(resource) ?? assumed)
      return allocatable === 0 || used > allocatable ? 0 : ((allocatable - used) / allocatable) * 100
    }
    return (score('cpu', assumedCpu) + score('memory', assumedMemory)) / 2
  }

  #count({ demand }: Placed, sign: 1 | -1): void {
    for (const [resource, amount] of demand.requests) this.#requested.set(resource, (this.#requested.get(resource) ?? 0) + sign * amount)
    this.#weight.cpu += sign * (demand.requests.get('cpu') ?? assumedCpu)
    this.#weight.memory += sign * (demand.requests.get('memory') ?? assumedMemory)
    for (const port of demand.hostPorts) {
      for (const key of [portKey(port), `any ${port.protocol} ${port.port}`]) {
        const users = (this.#ports.get(key) ?? 0) + sign
        if (users <= 0) this.#ports.delete(key)
        else this.#ports.set(key, users)
      }
    }
  }
}

const portKey = ({ protocol, ip, port }: HostPort) => `${protocol} ${ip}:${port}`
