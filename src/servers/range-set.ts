/** An immutable set of non-negative integers, kept as sorted disjoint ranges: ids may start at 100,000 and cost nothing. */
export class RangeSet implements Iterable<number> {
  static readonly empty = new RangeSet([])
  /** Inclusive, sorted, neither overlapping nor touching. */
  readonly ranges: readonly (readonly [from: number, to: number])[]

  private constructor(ranges: readonly (readonly [number, number])[]) {
    this.ranges = ranges
  }

  static ofRanges(ranges: Iterable<readonly [number, number]>): RangeSet {
    const merged: [number, number][] = []
    for (const [from, to] of [...ranges].filter(([from, to]) => from <= to).sort((a, b) => a[0] - b[0])) {
      const last = merged.at(-1)
      if (last !== undefined && from <= last[1] + 1) last[1] = Math.max(last[1], to)
      else merged.push([from, to])
    }
    return merged.length === 0 ? RangeSet.empty : new RangeSet(merged)
  }

  static of(...numbers: readonly number[]): RangeSet {
    return RangeSet.ofRanges(numbers.map(n => [n, n] as const))
  }

  /**
   * Reads items such as `3`, `"3"` and `"5-7"` (inclusive). Items that are neither, negative or reversed are left out and
   * handed to `onInvalid`.
   */
  static parse(items: Iterable<string | number>, onInvalid?: (item: string | number) => void): RangeSet {
    const ranges: (readonly [number, number])[] = []
    for (const item of items) {
      const range = parseRange(item)
      if (range === undefined) onInvalid?.(item)
      else ranges.push(range)
    }
    return RangeSet.ofRanges(ranges)
  }

  has(n: number): boolean {
    return this.#rangeAt(n) !== undefined
  }

  get size(): number {
    return this.ranges.reduce((sum, [from, to]) => sum + to - from + 1, 0)
  }

  union(other: RangeSet): RangeSet {
    return RangeSet.ofRanges([...this.ranges, ...other.ranges])
  }

  equals(other: RangeSet): boolean {
    return (
      this.ranges.length === other.ranges.length &&
      this.ranges.every(([from, to], i) => from === other.ranges[i]?.[0] && to === other.ranges[i]?.[1])
    )
  }

  /** The lowest number ≥ `from` that is not in the set. */
  nextAbsent(from: number): number {
    const range = this.#rangeAt(from)
    return range === undefined ? from : range[1] + 1
  }

  /** All numbers below `limit` that are not in the set. */
  absentBelow(limit: number): RangeSet {
    const gaps: [number, number][] = []
    let next = 0
    for (const [from, to] of this.ranges) {
      if (from >= limit) break
      if (from > next) gaps.push([next, from - 1])
      next = to + 1
    }
    if (next < limit) gaps.push([next, limit - 1])
    return RangeSet.ofRanges(gaps)
  }

  *[Symbol.iterator](): Generator<number> {
    for (const [from, to] of this.ranges) for (let n = from; n <= to; n++) yield n
  }

  /** Numbers, and runs of three or more as `"a-b"`. */
  toItems(): (number | string)[] {
    return this.ranges.flatMap<number | string>(([from, to]) =>
      to - from >= 2 ? [`${from}-${to}`] : Array.from({ length: to - from + 1 }, (_, i) => from + i),
    )
  }

  /** `1,2,5-7`. */
  toString(): string {
    return this.toItems().join(',')
  }

  #rangeAt(n: number): readonly [number, number] | undefined {
    let low = 0
    let high = this.ranges.length - 1
    while (low <= high) {
      const middle = (low + high) >> 1
      const range = this.ranges[middle]
      if (range === undefined) return undefined
      if (n < range[0]) high = middle - 1
      else if (n > range[1]) low = middle + 1
      else return range
    }
    return undefined
  }
}

function parseRange(item: string | number): readonly [number, number] | undefined {
  if (typeof item === 'number') return Number.isSafeInteger(item) && item >= 0 ? [item, item] : undefined
  const match = /^\s*(\d{1,15})\s*(?:-\s*(\d{1,15})\s*)?$/.exec(item)
  if (match === null) return undefined
  const from = Number(match[1])
  const to = match[2] === undefined ? from : Number(match[2])
  return from <= to ? [from, to] : undefined
}
