import { isJsonObject } from '../../schema/json.ts'
import { jsonEqual, setKey } from './json.ts'

/**
 * Applies a JSON merge patch (RFC 7386). The target is not changed; whatever the patch leaves alone is shared with the result.
 */
export function applyMergePatch(target: unknown, patch: unknown): unknown {
  if (!isJsonObject(patch)) return patch
  const result: Record<string, unknown> = isJsonObject(target) ? { ...target } : {}
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key]
    else if (value !== undefined) setKey(result, key, applyMergePatch(Object.hasOwn(result, key) ? result[key] : undefined, value))
  }
  return result
}

/**
 * The smallest merge patch that turns `from` into `to`; undefined when they are equal. Lists are replaced whole.
 * Neither value may hold a `null` below `to`'s objects: a merge patch cannot express it, and Kubernetes drops such keys.
 */
export function createMergePatch(from: unknown, to: unknown): Record<string, unknown> | undefined {
  if (!isJsonObject(from) || !isJsonObject(to)) throw new TypeError('merge patches are made between objects')
  return difference(from, to)
}

function difference(from: Record<string, unknown>, to: Record<string, unknown>): Record<string, unknown> | undefined {
  let patch: Record<string, unknown> | undefined
  const put = (key: string, value: unknown) => {
    patch ??= {}
    setKey(patch, key, value)
  }
  for (const key of Object.keys(from)) {
    if (from[key] !== undefined && (!Object.hasOwn(to, key) || to[key] === undefined)) put(key, null)
  }
  for (const [key, value] of Object.entries(to)) {
    if (value === undefined) continue
    const before = Object.hasOwn(from, key) ? from[key] : undefined
    if (before === value) continue
    if (isJsonObject(before) && isJsonObject(value)) {
      const inner = difference(before, value)
      if (inner !== undefined) put(key, inner)
    } else if (before === undefined || !jsonEqual(before, value)) {
      put(key, value)
    }
  }
  return patch
}
