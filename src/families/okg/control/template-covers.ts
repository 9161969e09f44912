import { annotations } from '../../../apis/game.kruise.io/annotations.ts'
import { parseQuantity } from '../../../schema/quantity.ts'
import { canonicalJson } from '../../../servers/revision/hash.ts'

/**
 * The path of the first thing in `wanted` that `stored` does not have the same; undefined when `stored` covers all of it. More in
 * `stored` is fine: defaults, and what others add. Empty parts of `wanted` ask for nothing.
 */
export function firstDifference(wanted: unknown, stored: unknown, path = ''): string | undefined {
  if (wanted === null || wanted === undefined) return undefined
  if (Array.isArray(wanted)) {
    if (wanted.length === 0) return undefined
    if (!Array.isArray(stored) || stored.length < wanted.length) return path
    return firstOf(wanted.map((item, index) => [item, (stored as readonly unknown[])[index], `${path}[${index}]`]))
  }
  if (typeof wanted === 'object') {
    const entries = Object.entries(wanted)
    if (typeof stored !== 'object' || stored === null) return entries.some(([, value]) => value !== undefined) ? path : undefined
    return firstOf(entries.map(([key, value]) => [value, (stored as Record<string, unknown>)[key], path === '' ? key : `${path}.${key}`]))
  }
  return wanted === stored || sameQuantity(wanted, stored, path) || sameNetwork(wanted, stored, path) ? undefined : path
}

function firstOf(pairs: readonly (readonly [unknown, unknown, string])[]): string | undefined {
  for (const [wanted, stored, path] of pairs) {
    const found = firstDifference(wanted, stored, path)
    if (found !== undefined) return found
  }
  return undefined
}

/** OpenKruise stores quantities in their shortest form. */
function sameQuantity(wanted: unknown, stored: unknown, path: string): boolean {
  if (!/\.(limits|requests)\./.test(path)) return false
  const [one, other] = [wanted, stored].map(value =>
    typeof value === 'string' || typeof value === 'number' ? parseQuantity(value)?.nano : undefined,
  )
  return one !== undefined && one === other
}

/** The network's parameters are JSON within a text. */
function sameNetwork(wanted: unknown, stored: unknown, path: string): boolean {
  if (!path.endsWith(annotations.networkConf) || typeof wanted !== 'string' || typeof stored !== 'string') return false
  try {
    return canonicalJson(JSON.parse(wanted) ?? []) === canonicalJson(JSON.parse(stored) ?? [])
  } catch {
    return false
  }
}
