export interface ListenerPort {
  readonly protocol: string
  readonly port: number
}

/** `retry`: Services that waited for room which this has made. */
export type TakeResult = { readonly retry: readonly string[] } & (
  | { readonly ok: true; readonly ip: string }
  | { readonly ok: false; readonly reason: 'conflict'; readonly port: ListenerPort; readonly holder: string }
  | { readonly ok: false; readonly reason: 'quota'; readonly quota: number }
  | { readonly ok: false; readonly reason: 'no-address' }
)

interface LoadBalancer {
  readonly ip: string
  readonly index: number | undefined
  /** Belongs to the Service it was made for, and goes with it. */
  readonly own: boolean
  readonly listeners: Map<string, string>
}

const portKey = ({ protocol, port }: ListenerPort) => `${protocol}/${port}`

/** Which load balancer has which address, and which Service holds which of its listeners. A view of the Services; nothing is stored elsewhere. */
export class LoadBalancerLedger {
  readonly #balancers = new Map<string, LoadBalancer>()
  /** Addresses in use, and the load balancer each belongs to. */
  readonly #addresses = new Map<string, string>()
  readonly #held = new Map<string, string>()
  readonly #waiting = new Map<string, Set<string>>()
  readonly #addressOf: (n: number) => string
  readonly #capacity: number
  readonly #quota: number
  #next = 0

  constructor(options: { addressOf: (n: number) => string; capacity: number; quota?: number }) {
    this.#addressOf = options.addressOf
    this.#capacity = options.capacity
    this.#quota = options.quota ?? Number.POSITIVE_INFINITY
  }

  /** At start: the load balancer has this address already, as a Service's status says. The first one to say so is believed. */
  restore(id: string, ip: string, own: boolean): void {
    if (this.#balancers.has(id) || this.#addresses.has(ip)) return
    this.#balancers.set(id, { ip, index: undefined, own, listeners: new Map() })
    this.#addresses.set(ip, id)
  }

  /**
   * Gives the Service exactly these listeners on the load balancer, or nothing new: what it held on it before stays then, what
   * it held on another one is given back in any case. `own` load balancers go when their Service lets go.
   */
  take(service: string, id: string, ports: readonly ListenerPort[], own: boolean): TakeResult {
    const before = this.#held.get(service)
    const retry = before !== undefined && before !== id ? this.release(service) : []
    const balancer = this.#balancers.get(id) ?? this.#open(id, own)
    if (balancer === undefined) return { ok: false, reason: 'no-address', retry }
    const { listeners } = balancer
    for (const port of ports) {
      const holder = listeners.get(portKey(port))
      if (holder === undefined || holder === service) continue
      this.#wait(service, id)
      return { ok: false, reason: 'conflict', port, holder, retry }
    }
    const wanted = new Set(ports.map(portKey))
    const others = [...listeners.values()].filter(holder => holder !== service).length
    if (others + wanted.size > this.#quota) {
      this.#wait(service, id)
      return { ok: false, reason: 'quota', quota: this.#quota, retry }
    }
    const given = [...listeners].filter(([key, holder]) => holder === service && !wanted.has(key))
    for (const [key] of given) listeners.delete(key)
    for (const key of wanted) listeners.set(key, service)
    this.#held.set(service, id)
    this.#waiting.get(id)?.delete(service)
    return { ok: true, ip: balancer.ip, retry: given.length === 0 ? retry : [...retry, ...(this.#waiting.get(id) ?? [])] }
  }

  holds(service: string): boolean {
    return this.#held.has(service)
  }

  /** The Service lets go of everything. Returns the Services that waited for room on its load balancer. */
  release(service: string): readonly string[] {
    for (const waiting of this.#waiting.values()) waiting.delete(service)
    const id = this.#held.get(service)
    const balancer = id === undefined ? undefined : this.#balancers.get(id)
    if (id === undefined || balancer === undefined) return []
    this.#held.delete(service)
    for (const [key, holder] of balancer.listeners) if (holder === service) balancer.listeners.delete(key)
    if (balancer.own && balancer.listeners.size === 0) {
      this.#balancers.delete(id)
      this.#addresses.delete(balancer.ip)
      this.#next = Math.min(this.#next, balancer.index ?? 0)
    }
    return [...(this.#waiting.get(id) ?? [])]
  }

  #wait(service: string, id: string): void {
    const waiting = this.#waiting.get(id)
    if (waiting === undefined) this.#waiting.set(id, new Set([service]))
    else waiting.add(service)
  }

  #open(id: string, own: boolean): LoadBalancer | undefined {
    for (let index = this.#next; index < this.#capacity; index++) {
      const ip = this.#addressOf(index)
      if (this.#addresses.has(ip)) continue
      const balancer = { ip, index, own, listeners: new Map<string, string>() }
      this.#balancers.set(id, balancer)
      this.#addresses.set(ip, id)
      this.#next = index + 1
      return balancer
    }
    return undefined
  }
}
