/** Hands out addresses to pods: the lowest free number, remembered by the pod's uid. */
export class PodAddresses {
  readonly #ip: (n: number) => string
  readonly #byUid = new Map<string, string>()
  readonly #taken = new Set<string>()
  readonly #released: string[] = []
  #next = 0

  constructor(ip: (n: number) => string) {
    this.#ip = ip
  }

  /** The pod's address; `known` is one that it has already, from before a restart. */
  of(uid: string, known?: string): string {
    const mine = this.#byUid.get(uid)
    if (mine !== undefined) return mine
    const address = known ?? this.#free()
    this.#byUid.set(uid, address)
    this.#taken.add(address)
    return address
  }

  release(uid: string): void {
    const address = this.#byUid.get(uid)
    if (address === undefined) return
    this.#byUid.delete(uid)
    this.#taken.delete(address)
    this.#released.push(address)
  }

  #free(): string {
    for (let address = this.#released.shift(); address !== undefined; address = this.#released.shift()) {
      if (!this.#taken.has(address)) return address
    }
    for (;;) {
      const address = this.#ip(this.#next)
      this.#next += 1
      if (!this.#taken.has(address)) return address
    }
  }
}
