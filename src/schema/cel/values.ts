import { isJsonObject } from '../json.ts'
import type { StructuralSchema } from '../structural.ts'

/** Collects how large the collections of a value are: rules are refused when their cost could explode. */
export interface SizeProbe {
  largest: number
}

const hidden = Symbol('hidden')

/**
 * A JSON value as CEL sees it through its schema: integers become 64-bit ints, numbers doubles, and what the schema does not describe
 * (preserved unknown fields) is invisible to rules.
 */
export function toCel(schema: StructuralSchema, value: unknown, probe: SizeProbe): unknown {
  const converted = convert(schema, value, probe)
  return converted === hidden ? null : converted
}

function convert(schema: StructuralSchema, value: unknown, probe: SizeProbe): unknown {
  if (typeof value === 'number') return schema.type !== 'number' && Number.isInteger(value) ? BigInt(value) : value
  if (Array.isArray(value)) {
    const { items } = schema
    if (items === undefined) return hidden
    if (value.length > probe.largest) probe.largest = value.length
    return value.map(item => toCel(items, item, probe))
  }
  if (!isJsonObject(value)) return value
  const { properties, additionalProperties } = schema
  const converted: Record<string, unknown> = {}
  let size = 0
  for (const name in value) {
    const member =
      (properties !== undefined && Object.hasOwn(properties, name) ? properties[name] : undefined) ??
      (typeof additionalProperties === 'object' ? additionalProperties : undefined)
    if (member === undefined) continue
    const inner = convert(member, value[name], probe)
    if (inner === hidden) continue
    converted[name] = inner
    size++
  }
  if (size > probe.largest) probe.largest = size
  return converted
}

/** Equality of CEL values, numbers of different types included. */
export function celEquals(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if ((typeof a === 'bigint' || typeof a === 'number') && (typeof b === 'bigint' || typeof b === 'number')) return Number(a) === Number(b)
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, at) => celEquals(item, b[at]))
  if (!isJsonObject(a) || !isJsonObject(b)) return false
  const keys = Object.keys(a)
  return keys.length === Object.keys(b).length && keys.every(key => Object.hasOwn(b, key) && celEquals(a[key], b[key]))
}

/** A JSON value without a schema as CEL sees it: whole numbers are ints, others doubles. */
export function untypedToCel(value: unknown): unknown {
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : value
  if (Array.isArray(value)) return value.map(untypedToCel)
  if (!isJsonObject(value)) return value ?? null
  const converted: Record<string, unknown> = {}
  for (const name in value) if (value[name] !== undefined) converted[name] = untypedToCel(value[name])
  return converted
}
