/** Ports that may be allocated; both ends inclusive. */
export interface PortRange {
  readonly min: number
  readonly max: number
  /** Ports inside the range that must not be used. */
  readonly blocked: readonly number[]
}

/** How many ports of a range can be used. */
export function capacityOf(range: PortRange): number {
  const blocked = new Set(range.blocked.filter(port => port >= range.min && port <= range.max))
  return Math.max(0, range.max - range.min + 1 - blocked.size)
}

/** `550-599 (without 593)`. */
export function describeRange(range: PortRange): string {
  return `${range.min}-${range.max}${range.blocked.length === 0 ? '' : ` (without ${range.blocked.join(', ')})`}`
}
