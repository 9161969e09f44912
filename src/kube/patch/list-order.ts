import { isJsonObject } from '../../schema/json.ts'
import { jsonEqual } from './json.ts'

const same = (a: unknown, b: unknown, key: string | undefined) =>
  key === undefined ? jsonEqual(a, b) : isJsonObject(a) && isJsonObject(b) && jsonEqual(a[key], b[key])

/**
 * Interleaves two lists without common items: both keep their own order, and an item of `rest` goes before one of `patched`
 * only when it did so in `before`. This is how Kubernetes orders a merged list.
 */
export function mergeOrder(
  rest: readonly unknown[],
  patched: readonly unknown[],
  before: readonly unknown[],
  key: string | undefined,
): unknown[] {
  const indexOf = (item: unknown) => before.findIndex(other => same(item, other, key))
  const result: unknown[] = []
  let r = 0
  let p = 0
  while (r < rest.length || p < patched.length) {
    if (p >= patched.length) result.push(rest[r++])
    else if (r >= rest.length) result.push(patched[p++])
    else {
      const left = indexOf(rest[r])
      const right = indexOf(patched[p])
      result.push(left >= 0 && right >= 0 && left < right ? rest[r++] : patched[p++])
    }
  }
  return result
}

/** Orders a list as `$setElementOrder` asks; items it does not name keep their place relative to `before`. */
export function orderBy(
  list: readonly unknown[],
  order: readonly unknown[],
  before: readonly unknown[],
  key: string | undefined,
): unknown[] {
  const position = (item: unknown) => order.findIndex(other => same(item, other, key))
  const named = list.filter(item => position(item) >= 0).toSorted((a, b) => position(a) - position(b))
  return mergeOrder(
    list.filter(item => position(item) < 0),
    named,
    before,
    key,
  )
}
