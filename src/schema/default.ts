import { cloneJson, isJsonObject } from './json.ts'
import { dropNulls } from './nulls.ts'
import { schemaReaches } from './reach.ts'
import type { StructuralSchema } from './structural.ts'

/**
 * Fills in the defaults of a structural schema, in place. As in Kubernetes, members that are `null` although their schema is not nullable are
 * dropped first, so they count as absent. Defaults are applied top down: a default object gets the defaults of its own members.
 */
export function applyDefaults(schema: StructuralSchema, value: unknown): void {
  dropNulls(schema, value)
  if (hasDefaults(schema)) fill(schema, value)
}

function fill(schema: StructuralSchema, value: unknown): void {
  if (Array.isArray(value)) {
    if (schema.items !== undefined && hasDefaults(schema.items)) for (const item of value) fill(schema.items, item)
    return
  }
  if (!isJsonObject(value)) return
  const { properties, additionalProperties } = schema
  for (const name in properties) {
    const member = properties[name]
    if (member === undefined || !hasDefaults(member)) continue
    if (member.default !== undefined && value[name] === undefined) value[name] = cloneJson(member.default)
    if (value[name] !== undefined) fill(member, value[name])
  }
  if (typeof additionalProperties === 'object' && hasDefaults(additionalProperties)) {
    for (const name in value) {
      if (properties !== undefined && Object.hasOwn(properties, name)) continue
      fill(additionalProperties, value[name])
    }
  }
}

const hasDefaults = schemaReaches(schema => schema.default !== undefined)
