import { childPath, indexPath } from './field-path.ts'
import { isJsonObject } from './json.ts'
import { resourceProperties } from './object-meta.ts'
import type { StructuralSchema } from './structural.ts'

/**
 * Removes the members an object's schema does not know, in place, and returns their paths in the form of Kubernetes' strict decoding
 * (`spec.template.spec.containers[0].foo`). `schema` describes a whole object: apiVersion, kind and metadata are always known.
 */
export function prune(schema: StructuralSchema, object: unknown): string[] {
  const pruned: string[] = []
  walk(schema, object, '', true, pruned)
  return pruned
}

/** The text of a 400 (or of a warning, per path) for members that `prune` found under `fieldValidation=Strict`. */
export function strictDecodingMessage(paths: readonly string[]): string {
  return `strict decoding error: ${paths.map(unknownFieldMessage).join(', ')}`
}

/** `unknown field "spec.foo"`. */
export function unknownFieldMessage(path: string): string {
  return `unknown field ${JSON.stringify(path)}`
}

const nothing: StructuralSchema = {}

function walk(schema: StructuralSchema, value: unknown, path: string, isResource: boolean, pruned: string[]): void {
  if (Array.isArray(value)) {
    // Where no list belongs, whatever is in it is unknown.
    const items = schema.items ?? (schema['x-kubernetes-preserve-unknown-fields'] === true ? undefined : nothing)
    if (items === undefined) return
    for (let at = 0; at < value.length; at++) {
      if (typeof value[at] === 'object')
        walk(items, value[at], indexPath(path, at), items['x-kubernetes-embedded-resource'] === true, pruned)
    }
    return
  }
  if (!isJsonObject(value)) return
  const { additionalProperties } = schema
  const properties = isResource ? resourceProperties(schema) : schema.properties
  const keepsUnknown = schema['x-kubernetes-preserve-unknown-fields'] === true || additionalProperties === true
  for (const name in value) {
    const known = properties !== undefined && Object.hasOwn(properties, name) ? properties[name] : undefined
    const next = known ?? (typeof additionalProperties === 'object' ? additionalProperties : undefined)
    if (next === undefined) {
      if (keepsUnknown) continue
      delete value[name]
      pruned.push(childPath(path, name))
      continue
    }
    const member = value[name]
    if (typeof member === 'object') walk(next, member, childPath(path, name), next['x-kubernetes-embedded-resource'] === true, pruned)
  }
}
