import type { StoredObject } from './stored-object.ts'

/** One committed write. */
export interface Change {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  readonly revision: number
  /** The new state; of a deletion the last one, with the version of the deletion. */
  readonly object: StoredObject
  readonly previous: StoredObject | undefined
}

/**
 * The latest changes of one kind, oldest first, for watches that resume and lists that go on at an older version.
 * Bounded by number; what falls out makes the versions before it unavailable.
 */
export class History {
  readonly #limit: number
  #changes: Change[] = []
  #start = 0
  #compacted: number

  /** `compacted` is the last version about which nothing is known any more. */
  constructor(limit: number, compacted: number) {
    this.#limit = limit
    this.#compacted = compacted
  }

  add(change: Change): void {
    this.#changes.push(change)
    if (this.#changes.length - this.#start <= this.#limit) return
    const dropped = this.#changes[this.#start]
    if (dropped !== undefined) this.#compacted = dropped.revision
    this.#start += 1
    if (this.#start < this.#limit) return
    this.#changes = this.#changes.slice(this.#start)
    this.#start = 0
  }

  /** Whether everything that happened after `revision` is still known. */
  reaches(revision: number): boolean {
    return revision >= this.#compacted
  }

  /** Changes after `revision`, oldest first. */
  since(revision: number): readonly Change[] {
    let low = this.#start
    let high = this.#changes.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#changes[middle]?.revision ?? 0) <= revision) low = middle + 1
      else high = middle
    }
    return this.#changes.slice(low)
  }
}
