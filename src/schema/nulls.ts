import { isJsonObject } from './json.ts'
import type { StructuralSchema } from './structural.ts'

/**
 * Removes `null` members that the schema does not allow, in place: what decoding into a Go type does with them for built-in kinds, and
 * defaulting for custom resources.
 */
export function dropNulls(schema: StructuralSchema, value: unknown): void {
  if (Array.isArray(value)) {
    if (schema.items !== undefined) for (const item of value) dropNulls(schema.items, item)
    return
  }
  if (!isJsonObject(value)) return
  const { properties, additionalProperties } = schema
  for (const name in value) {
    const member = value[name]
    if (typeof member !== 'object') continue
    const known = properties !== undefined && Object.hasOwn(properties, name) ? properties[name] : undefined
    const next = known ?? (typeof additionalProperties === 'object' ? additionalProperties : undefined)
    if (next === undefined) continue
    if (member !== null) dropNulls(next, member)
    else if (next.nullable !== true) delete value[name]
  }
}
