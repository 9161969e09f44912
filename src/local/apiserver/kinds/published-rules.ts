import type { FieldError } from '../../../schema/field-error.ts'
import { childPath, indexPath } from '../../../schema/field-path.ts'
import { isJsonObject } from '../../../schema/json.ts'
import type { StructuralSchema } from '../../../schema/structural.ts'
import type { Draft } from '../registry.ts'
import { required, unsupported } from './field-errors.ts'

/** Checked elsewhere, or not the user's. */
const notSpecified: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'metadata', 'status'])

/**
 * What the published schema of a built-in kind alone says against an object: words outside an enumeration, and required texts that are
 * missing. Structs and lists that are required may be empty in Go and stay to the rules of the kind.
 */
export function publishedErrors(schema: StructuralSchema, object: Readonly<Draft>): FieldError[] {
  const errors: FieldError[] = []
  for (const name in object) {
    const member = notSpecified.has(name) ? undefined : schema.properties?.[name]
    if (member !== undefined) visit(member, object[name], name, errors)
  }
  return errors
}

function visit(schema: StructuralSchema, value: unknown, path: string, errors: FieldError[]): void {
  if (typeof value === 'string') {
    if (schema.enum !== undefined && value !== '' && !schema.enum.includes(value)) {
      errors.push(unsupported(path, value, schema.enum.map(String)))
    }
  } else if (Array.isArray(value)) {
    if (schema.items !== undefined) for (const [index, item] of value.entries()) visit(schema.items, item, indexPath(path, index), errors)
  } else if (isJsonObject(value)) visitMembers(schema, value, path, errors)
}

function visitMembers(schema: StructuralSchema, value: Readonly<Record<string, unknown>>, path: string, errors: FieldError[]): void {
  const { properties, additionalProperties } = schema
  for (const name of schema.required ?? []) {
    const isText = properties?.[name]?.type === 'string' && properties[name].format === undefined
    if (isText && (value[name] ?? '') === '') errors.push(required(childPath(path, name)))
  }
  for (const name in value) {
    const known = properties !== undefined && Object.hasOwn(properties, name) ? properties[name] : undefined
    const member = known ?? (typeof additionalProperties === 'object' ? additionalProperties : undefined)
    if (member !== undefined) visit(member, value[name], childPath(path, name), errors)
  }
}
