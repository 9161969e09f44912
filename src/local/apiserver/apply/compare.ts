import { equalJson } from '../../../schema/json.ts'
import type { StructuralSchema } from '../../../schema/structural.ts'
import { EMPTY, type FieldSet, isEmpty, itemElement } from './field-set.ts'
import { isUnowned, nodeOf } from './fields-of.ts'
import { granularityOf, isThereFromStart, memberSchema } from './granularity.ts'

/** The fields in which two versions of an object differ. */
export interface FieldChanges {
  readonly added: FieldSet
  readonly modified: FieldSet
  readonly removed: FieldSet
}

type Nodes = { added: FieldSet | undefined; modified: FieldSet | undefined; removed: FieldSet | undefined }

/** Compares two versions of an object; undefined when ownership could not have changed. Subtrees that both share cost nothing. */
export function changesBetween(from: unknown, to: unknown, schema: StructuralSchema): FieldChanges | undefined {
  const nodes = compare(from, to, schema, 0, '')
  if (nodes === undefined) return undefined
  return { added: nodes.added ?? EMPTY, modified: nodes.modified ?? EMPTY, removed: nodes.removed ?? EMPTY }
}

const modifiedLeaf: Nodes = { added: undefined, modified: EMPTY, removed: undefined }

function compare(from: unknown, to: unknown, schema: StructuralSchema | undefined, depth: number, name: string): Nodes | undefined {
  if (from === to) return undefined
  const granularity = granularityOf(to, schema)
  if (granularity === 'leaf' || granularityOf(from, schema) !== granularity) return equalJson(from, to) ? undefined : modifiedLeaf
  const fromEmpty = isEmpty(from as FieldSet)
  const toEmpty = isEmpty(to as FieldSet)
  if (fromEmpty && toEmpty) return undefined
  const nodes = collector()
  if (granularity === 'map') {
    const left = from as Readonly<Record<string, unknown>>
    const right = to as Readonly<Record<string, unknown>>
    for (const key in right) {
      if (depth < 2 && isUnowned(depth, name, key)) continue
      const field = memberSchema(schema, key)
      const value = right[key]
      if (value === undefined) continue
      if (left[key] === undefined)
        nodes.add('added', `f:${key}`, ownedNode(value, field, depth + 1, key, isThereFromStart(schema, key, depth)))
      else nodes.merge(`f:${key}`, compare(left[key], value, field, depth + 1, key))
    }
    for (const key in left) {
      if (left[key] === undefined || right[key] !== undefined || (depth < 2 && isUnowned(depth, name, key))) continue
      nodes.add('removed', `f:${key}`, ownedNode(left[key], memberSchema(schema, key), depth + 1, key, false))
    }
    return nodes.result()
  }
  const left = byElement(from as readonly unknown[], schema)
  const right = byElement(to as readonly unknown[], schema)
  if (left === undefined || right === undefined) return equalJson(from, to) ? undefined : modifiedLeaf
  for (const [element, item] of right) {
    const before = left.get(element)
    if (before === undefined) nodes.add('added', element, ownedNode(item, schema?.items, depth + 1, '', false))
    else nodes.merge(element, compare(before, item, schema?.items, depth + 1, ''))
  }
  for (const [element, item] of left)
    if (!right.has(element)) nodes.add('removed', element, ownedNode(item, schema?.items, depth + 1, '', false))
  return nodes.result()
}

/** A value that came or went: itself and all it holds. */
function ownedNode(value: unknown, schema: StructuralSchema | undefined, depth: number, name: string, fromStart: boolean): FieldSet {
  const inner = nodeOf(value, schema, 'update', depth, name, fromStart)
  return isEmpty(inner) || fromStart ? inner : { '.': EMPTY, ...inner }
}

/** The items of a list by their path elements; undefined when one has none or shares it. */
export function byElement(list: readonly unknown[], schema: StructuralSchema | undefined): Map<string, unknown> | undefined {
  const result = new Map<string, unknown>()
  for (const item of list) {
    const element = schema === undefined ? undefined : itemElement(item, schema)
    if (element === undefined || result.has(element)) return undefined
    result.set(element, item)
  }
  return result
}

function collector() {
  const sets: Record<keyof Nodes, Record<string, FieldSet> | undefined> = { added: undefined, modified: undefined, removed: undefined }
  const add = (kind: keyof Nodes, element: string, node: FieldSet) => {
    const set = (sets[kind] ??= {})
    set[element] = node
  }
  return {
    add,
    merge(element: string, nodes: Nodes | undefined) {
      if (nodes?.added !== undefined) add('added', element, nodes.added)
      if (nodes?.modified !== undefined) add('modified', element, nodes.modified)
      if (nodes?.removed !== undefined) add('removed', element, nodes.removed)
    },
    result: (): Nodes | undefined =>
      sets.added === undefined && sets.modified === undefined && sets.removed === undefined ? undefined : sets,
  }
}
