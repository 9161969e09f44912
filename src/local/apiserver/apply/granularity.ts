import { goTypeName } from '../../../apis/core/schemas.ts'
import { objectMetaSchema, resourceProperties } from '../../../schema/object-meta.ts'
import type { StructuralSchema } from '../../../schema/structural.ts'

/** How ownership of a value is split: by its keys, by its items, or not at all. */
export type Granularity = 'map' | 'list' | 'leaf'

/** How a schema splits a value; a value without a schema splits as custom resources with unknown fields do: maps by key, lists not. */
export function granularityOf(value: unknown, schema: StructuralSchema | undefined): Granularity {
  if (typeof value !== 'object' || value === null) return 'leaf'
  if (Array.isArray(value)) {
    const type = schema?.['x-kubernetes-list-type']
    return type === 'map' || type === 'set' ? 'list' : 'leaf'
  }
  return schema?.['x-kubernetes-map-type'] === 'atomic' ? 'leaf' : 'map'
}

/** The schema of an object's root: like the kind's own, with metadata always described. */
export function rootSchema(schema: StructuralSchema): StructuralSchema {
  const known = roots.get(schema)
  if (known !== undefined) return known
  const metadata = schema.properties?.['metadata']
  const root =
    metadata?.properties?.['ownerReferences'] === undefined
      ? { ...schema, properties: { ...resourceProperties(schema), metadata: objectMetaSchema } }
      : schema
  roots.set(schema, root)
  return root
}

const roots = new WeakMap<StructuralSchema, StructuralSchema>()

/** The schema of a member of an object, by its key. */
export function memberSchema(schema: StructuralSchema | undefined, key: string): StructuralSchema | undefined {
  const properties = schema?.properties
  if (properties !== undefined && Object.hasOwn(properties, key)) return properties[key]
  return typeof schema?.additionalProperties === 'object' ? schema.additionalProperties : undefined
}

/** Go fields that hold a struct itself, not a pointer to one, though OpenAPI calls them optional: an object has them from its beginning. */
const embeddedStructs: ReadonlySet<string> = new Set([
  'jobTemplate',
  'loadBalancer',
  'metadata',
  'source',
  'spec',
  'status',
  'strategy',
  'template',
  'updateStrategy',
])

/** Whether a member exists, empty, in an object to which nobody has written: `metadata` always, of built-in kinds also structs and required lists. */
export function isThereFromStart(schema: StructuralSchema | undefined, key: string, depth: number): boolean {
  if (depth === 0 && key === 'metadata') return true
  if (schema === undefined || goTypeName(schema) === undefined) return false
  return embeddedStructs.has(key) || schema.required?.includes(key) === true
}

/** Whether the key is a field of a struct, as opposed to a key that a user chose. */
export function isNamedField(schema: StructuralSchema | undefined, key: string): boolean {
  return schema?.properties !== undefined && Object.hasOwn(schema.properties, key)
}
