import { isJsonObject } from '../../../schema/json.ts'
import type { StructuralSchema } from '../../../schema/structural.ts'
import { byElement } from './compare.ts'
import type { FieldSet } from './field-set.ts'
import { itemElement } from './field-set.ts'
import { granularityOf, isNamedField, memberSchema } from './granularity.ts'

/**
 * Lays an applied configuration over a live value: maps by key, lists by their map keys or values, all else whole.
 * Neither is changed; what stays is shared.
 */
export function mergeConfiguration(live: unknown, config: unknown, schema: StructuralSchema | undefined): unknown {
  const granularity = granularityOf(config, schema)
  if (granularity === 'leaf' || granularityOf(live, schema) !== granularity) return config
  if (granularity === 'map') {
    const result: Record<string, unknown> = { ...(live as Record<string, unknown>) }
    for (const [key, value] of Object.entries(config as Record<string, unknown>)) {
      const before = Object.hasOwn(result, key) ? result[key] : undefined
      result[key] = before === undefined ? value : mergeConfiguration(before, value, memberSchema(schema, key))
    }
    return result
  }
  return mergeLists(live as readonly unknown[], config as readonly unknown[], schema)
}

/** Live items keep their order; applied ones that are new, or stand elsewhere, come when the next live item is one that is applied, too. */
function mergeLists(live: readonly unknown[], config: readonly unknown[], schema: StructuralSchema | undefined): unknown {
  const before = byElement(live, schema)
  const wanted = byElement(config, schema)
  if (schema === undefined || before === undefined || wanted === undefined) return config
  const result: unknown[] = []
  const taken = new Set<string>()
  const applied = [...wanted.keys()]
  let next = 0
  const takeNext = (): string | undefined => {
    const element = applied[next]
    next += 1
    if (element === undefined) return undefined
    taken.add(element)
    const item = wanted.get(element)
    result.push(before.has(element) ? mergeConfiguration(before.get(element), item, schema.items) : item)
    return element
  }
  for (const [element, item] of before) {
    if (!wanted.has(element)) result.push(item)
    else while (!taken.has(element)) takeNext()
  }
  while (next < applied.length) takeNext()
  return result
}

/**
 * Removes what an applier owned before and no longer applies, unless somebody owns it or something below it.
 * A removed list item, or a struct of which nothing is owned any more, goes with all it holds; an item that stays keeps its keys.
 */
export function removeAbandoned(
  value: unknown,
  last: FieldSet,
  owned: FieldSet,
  schema: StructuralSchema | undefined,
  itemKeys: readonly string[] = noKeys,
): unknown {
  const granularity = granularityOf(value, schema)
  if (granularity === 'map') {
    const object = value as Record<string, unknown>
    let result: Record<string, unknown> | undefined
    for (const element in last) {
      const lastNode = last[element]
      const key = element.slice(2)
      if (!element.startsWith('f:') || lastNode === undefined || !Object.hasOwn(object, key) || itemKeys.includes(key)) continue
      const ownedNode = owned[element]
      if (ownedNode === undefined && (isLeafOrMember(lastNode) || isNamedField(schema, key))) {
        result ??= { ...object }
        delete result[key]
        continue
      }
      const before = object[key]
      const after = removeAbandoned(before, lastNode, ownedNode ?? {}, memberSchema(schema, key))
      if (after !== before) {
        result ??= { ...object }
        result[key] = after
      }
    }
    return result ?? value
  }
  if (granularity !== 'list' || schema === undefined) return value
  const list = value as readonly unknown[]
  let changed = false
  const result = list.flatMap(item => {
    const element = itemElement(item, schema)
    const lastNode = element === undefined ? undefined : last[element]
    if (element === undefined || lastNode === undefined) return [item]
    const ownedNode = owned[element]
    if (ownedNode === undefined && isLeafOrMember(lastNode)) {
      changed = true
      return []
    }
    const after = removeAbandoned(item, lastNode, ownedNode ?? {}, schema.items, schema['x-kubernetes-list-map-keys'])
    changed ||= after !== item
    return [after]
  })
  return changed ? result : value
}

const noKeys: readonly string[] = []

const isLeafOrMember = (node: FieldSet) => '.' in node || (isJsonObject(node) && Object.keys(node).length === 0)
