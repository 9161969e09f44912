/**
 * Equality of two JSON values; the order of keys does not matter, that of list items does.
 * A key whose value is `undefined` counts as absent.
 */
export function jsonEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return Number.isNaN(a) && Number.isNaN(b)
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, index) => jsonEqual(item, b[index]))
  }
  if (Array.isArray(b)) return false
  const left = a as Record<string, unknown>
  const right = b as Record<string, unknown>
  let present = 0
  for (const key in left) {
    if (left[key] === undefined) continue
    if (right[key] === undefined || !jsonEqual(left[key], right[key])) return false
    present++
  }
  for (const key in right) if (right[key] !== undefined) present--
  return present === 0
}

/** Sets an own property whatever its name is; a plain assignment of `__proto__` would be lost. */
export function setKey(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__') Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true })
  else target[key] = value
}
