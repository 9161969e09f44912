import { cloneJson, isJsonObject } from './json.ts'
import { schemaReaches } from './reach.ts'
import type { StructuralSchema } from './structural.ts'

/**
 * Fills in the defaults of a structural schema, in place. A member that is absent gets its default; one that is `null` although its
 * schema is not nullable counts as absent when there is a default. Defaults are applied top down, so a default object gets the defaults
 * of its own members. Parts of a schema without any default are not walked.
 */
export function applyDefaults(schema: StructuralSchema, value: unknown): void {
  if (!hasDefaults(schema)) return
  if (Array.isArray(value)) {
    if (schema.items !== undefined && hasDefaults(schema.items)) for (const item of value) applyDefaults(schema.items, item)
    return
  }
  if (!isJsonObject(value)) return
  const { properties, additionalProperties } = schema
  for (const name in properties) {
    const member = properties[name]
    if (member === undefined || !hasDefaults(member)) continue
    const present = value[name]
    if (member.default !== undefined && (present === undefined || (present === null && member.nullable !== true))) {
      value[name] = cloneJson(member.default)
    }
    if (value[name] !== undefined) applyDefaults(member, value[name])
  }
  if (typeof additionalProperties === 'object' && hasDefaults(additionalProperties)) {
    for (const name in value) {
      if (properties !== undefined && Object.hasOwn(properties, name)) continue
      if (value[name] === null && additionalProperties.nullable !== true && additionalProperties.default !== undefined) {
        value[name] = cloneJson(additionalProperties.default)
      }
      applyDefaults(additionalProperties, value[name])
    }
  }
}

const hasDefaults = schemaReaches(schema => schema.default !== undefined)
