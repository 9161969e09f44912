interface Entry<K> {
  readonly at: number
  /** Insertion order, so that equal times leave first in, first out. */
  readonly order: number
  readonly key: K
}

/** Keys ordered by the time at which they are due; each key at most once, the earliest time wins. */
export class DelayHeap<K> {
  readonly #heap: Entry<K>[] = []
  readonly #due = new Map<K, Entry<K>>()
  #order = 0

  get size(): number {
    return this.#due.size
  }

  /** The soonest due time. */
  get nextAt(): number | undefined {
    this.#dropStale()
    return this.#heap[0]?.at
  }

  add(key: K, at: number): void {
    const known = this.#due.get(key)
    if (known !== undefined && known.at <= at) return
    this.#order += 1
    const entry = { at, order: this.#order, key }
    this.#due.set(key, entry)
    this.#heap.push(entry)
    this.#siftUp(this.#heap.length - 1)
  }

  delete(key: K): void {
    this.#due.delete(key)
  }

  /** Takes out the next key that is due at `now`, if any. */
  takeDue(now: number): { readonly key: K } | undefined {
    this.#dropStale()
    const top = this.#heap[0]
    if (top === undefined || top.at > now) return undefined
    this.#pop()
    this.#due.delete(top.key)
    return { key: top.key }
  }

  /** Entries that were replaced or deleted stay in the heap until they come up. */
  #dropStale(): void {
    for (let top = this.#heap[0]; top !== undefined && this.#due.get(top.key) !== top; top = this.#heap[0]) this.#pop()
  }

  #pop(): void {
    const last = this.#heap.pop()
    if (last === undefined || this.#heap.length === 0) return
    this.#heap[0] = last
    this.#siftDown()
  }

  #siftUp(start: number): void {
    let index = start
    while (index > 0) {
      const parent = (index - 1) >> 1
      if (!this.#swapIfEarlier(index, parent)) return
      index = parent
    }
  }

  #siftDown(): void {
    let index = 0
    for (;;) {
      const left = 2 * index + 1
      const right = left + 1
      const child = this.#isEarlier(right, left) ? right : left
      if (!this.#swapIfEarlier(child, index)) return
      index = child
    }
  }

  #isEarlier(first: number, second: number): boolean {
    const one = this.#heap[first]
    const other = this.#heap[second]
    if (one === undefined || other === undefined) return false
    return one.at < other.at || (one.at === other.at && one.order < other.order)
  }

  #swapIfEarlier(child: number, parent: number): boolean {
    const one = this.#heap[child]
    const other = this.#heap[parent]
    if (one === undefined || other === undefined || !this.#isEarlier(child, parent)) return false
    this.#heap[child] = other
    this.#heap[parent] = one
    return true
  }
}
