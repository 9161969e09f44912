import type { StructuralSchema } from '../../schema/structural.ts'
import { goText } from '../../schema/go-text.ts'
import { isJsonObject } from '../../schema/json.ts'
import { jsonEqual, setKey } from './json.ts'
import { mergeOrder, orderBy } from './list-order.ts'
import { PatchError } from './patch-error.ts'

const DIRECTIVE = '$patch'
const RETAIN_KEYS = '$retainKeys'
const DELETE_PRIMITIVES = '$deleteFromPrimitiveList/'
const SET_ORDER = '$setElementOrder/'

type Json = Record<string, unknown>

/**
 * Applies a strategic merge patch: maps merge, lists with a patch merge key merge by it, other lists are replaced.
 * Knows `$patch: replace|delete`, `$retainKeys`, `$deleteFromPrimitiveList/…` and `$setElementOrder/…`. The original is not changed.
 * Contract: https://github.com/kubernetes/community/blob/main/contributors/devel/sig-api-machinery/strategic-merge-patch.md
 * @throws PatchError `Malformed` when a directive is unknown or a list item lacks its merge key.
 */
export function applyStrategicPatch(original: unknown, patch: unknown, schema: StructuralSchema): unknown {
  if (!isJsonObject(patch)) throw new PatchError('Malformed', 'invalid JSON document: a strategic merge patch is an object')
  return mergeMap(isJsonObject(original) ? original : {}, patch, schema)
}

function mergeMap(original: Json, patch: Json, schema: StructuralSchema | undefined): Json {
  const directive = patch[DIRECTIVE]
  if (directive === 'replace') return clean(without(patch, DIRECTIVE)) as Json
  if (directive === 'delete') return {}
  if (directive !== undefined && directive !== 'merge')
    throw new PatchError('Malformed', `unknown patch type: ${JSON.stringify(directive)}`)

  const result = retained(original, patch)
  for (const [key, value] of Object.entries(patch)) {
    if (key === DIRECTIVE || key === RETAIN_KEYS || key.startsWith(SET_ORDER)) continue
    if (key.startsWith(DELETE_PRIMITIVES)) {
      const field = key.slice(DELETE_PRIMITIVES.length)
      const list = result[field]
      const gone = listOf(value, key)
      if (Array.isArray(list)) result[field] = list.filter(item => !gone.some(other => jsonEqual(item, other)))
    } else if (value === null) {
      delete result[key]
    } else {
      const field = fieldSchema(schema, key)
      setKey(result, key, mergeValue(Object.hasOwn(result, key) ? result[key] : undefined, value, field))
    }
  }
  for (const [key, order] of Object.entries(patch)) {
    if (!key.startsWith(SET_ORDER)) continue
    const field = key.slice(SET_ORDER.length)
    const list = result[field]
    if (!Array.isArray(list)) continue
    const before = original[field]
    checkOrder(patch[field], listOf(order, key), mergeKeyOf(fieldSchema(schema, field)))
    result[field] = orderBy(list, listOf(order, key), Array.isArray(before) ? before : [], mergeKeyOf(fieldSchema(schema, field)))
  }
  return result
}

/** The items of a patch stand in the order it asks for. */
function checkOrder(items: unknown, order: readonly unknown[], mergeKey: string | undefined): void {
  if (!Array.isArray(items)) return
  const identity = (item: unknown): unknown => (mergeKey !== undefined && isJsonObject(item) ? item[mergeKey] : item)
  const patched = items.filter(item => !isJsonObject(item) || item[DIRECTIVE] === undefined)
  let at = 0
  for (const item of order) if (at < patched.length && jsonEqual(identity(item), identity(patched[at]))) at += 1
  if (at < patched.length) {
    const text = `The order in patch list:\n${goText(patched)}\n doesn't match $setElementOrder list:\n${goText(order)}\n`
    throw new PatchError('Unmergeable', text)
  }
}

function mergeValue(original: unknown, value: unknown, schema: StructuralSchema | undefined): unknown {
  const replace = strategies(schema).includes('replace')
  if (isJsonObject(value)) {
    // A directive for something that is not there leaves nothing.
    if (!isJsonObject(original)) return value[DIRECTIVE] === undefined ? clean(value) : {}
    return replace ? clean(value) : mergeMap(original, value, schema)
  }
  if (!Array.isArray(value)) return value
  if (!strategies(schema).includes('merge') || replace) return clean(value)
  return mergeList(Array.isArray(original) ? original : [], value, schema)
}

function mergeList(original: readonly unknown[], patch: readonly unknown[], schema: StructuralSchema | undefined): unknown[] {
  const key = mergeKeyOf(schema)
  if (key === undefined) {
    const added = patch.filter((item, index) => patch.findIndex(other => jsonEqual(item, other)) === index)
    const kept = original.filter(item => !added.some(other => jsonEqual(item, other)))
    return mergeOrder(kept, added, original, undefined)
  }
  let base = [...original]
  const items: Json[] = []
  for (const item of patch) {
    if (!isJsonObject(item)) throw new PatchError('Malformed', `a list merged by ${key} holds an item that is no object`)
    const directive = item[DIRECTIVE]
    if (directive === 'replace') {
      return patch.filter(other => isJsonObject(other) && other[DIRECTIVE] === undefined).map(clean)
    }
    if (directive !== undefined && directive !== 'delete' && directive !== 'merge') {
      throw new PatchError('Malformed', `unknown patch type: ${JSON.stringify(directive)}`)
    }
    if (item[key] === undefined) throw new PatchError('Unmergeable', `map: ${goText(item)} does not contain declared merge key: ${key}`)
    if (directive === 'delete') base = base.filter(other => !isJsonObject(other) || !jsonEqual(other[key], item[key]))
    else items.push(item)
  }
  for (const item of items) {
    const at = base.findIndex(other => isJsonObject(other) && jsonEqual(other[key], item[key]))
    const before = base[at]
    if (at < 0) base.push(clean(item))
    else if (isJsonObject(before)) base[at] = mergeMap(before, item, schema?.items)
  }
  const named = (item: unknown) => isJsonObject(item) && items.some(other => jsonEqual(other[key], item[key]))
  const ordered = items.flatMap(item => base.filter(other => isJsonObject(other) && jsonEqual(other[key], item[key])))
  return mergeOrder(
    base.filter(item => !named(item)),
    ordered.filter((item, index) => ordered.indexOf(item) === index),
    original,
    key,
  )
}

/** A copy of the original without the keys that a `$retainKeys` list leaves out. */
function retained(original: Json, patch: Json): Json {
  const retain = patch[RETAIN_KEYS]
  if (retain === undefined) return { ...original }
  const keep = listOf(retain, RETAIN_KEYS)
  return Object.fromEntries(Object.entries(original).filter(([key]) => keep.includes(key)))
}

/** What a patch means where nothing was before: the value without directives and nulls. */
function clean(value: unknown): unknown {
  if (Array.isArray(value)) return value.filter(item => !isJsonObject(item) || item[DIRECTIVE] !== 'delete').map(clean)
  if (!isJsonObject(value)) return value
  const result: Json = {}
  for (const [key, item] of Object.entries(value)) {
    if (item === null || key === DIRECTIVE || key === RETAIN_KEYS || key.startsWith(SET_ORDER) || key.startsWith(DELETE_PRIMITIVES))
      continue
    setKey(result, key, clean(item))
  }
  return result
}

function without(value: Json, key: string): Json {
  const { [key]: _, ...rest } = value
  return rest
}

function listOf(value: unknown, directive: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new PatchError('Malformed', `the value of ${directive} must be a list`)
  return value
}

function fieldSchema(schema: StructuralSchema | undefined, key: string): StructuralSchema | undefined {
  const field = schema?.properties?.[key]
  if (field !== undefined) return field
  return typeof schema?.additionalProperties === 'object' ? schema.additionalProperties : undefined
}

const strategies = (schema: StructuralSchema | undefined) => schema?.['x-kubernetes-patch-strategy']?.split(',') ?? []
const mergeKeyOf = (schema: StructuralSchema | undefined) => schema?.['x-kubernetes-patch-merge-key']
