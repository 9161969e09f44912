import { isJsonObject } from '../../../schema/json.ts'
import type { StructuralSchema } from '../../../schema/structural.ts'

/** Texts beside enumerations that are plain strings in Go, where empty means absent, and that defaults or rules look at. */
const plainTexts: ReadonlySet<string> = new Set([
  'clusterIP',
  'nodeName',
  'priorityClassName',
  'schedulerName',
  'serviceAccount',
  'serviceAccountName',
  'terminationMessagePath',
])

/**
 * Removes, in place, members of a built-in kind that mean the same as their absence once they are in a Go type: nulls the schema does not
 * allow, optional lists and maps without members, and empty texts where only certain words stand (`imagePullPolicy: ""`, as templates like
 * to write it).
 */
export function dropAbsentValues(schema: StructuralSchema, value: unknown): void {
  if (mayHold(value)) drop(schema, value)
}

/** Few objects have any, and to know that needs no schema. */
function mayHold(value: unknown): boolean {
  if (typeof value !== 'object') return value === ''
  if (value === null) return true
  if (Array.isArray(value)) return value.length === 0 || value.some(mayHold)
  let some = false
  for (const key in value) {
    if (mayHold((value as Record<string, unknown>)[key])) return true
    some = true
  }
  return !some
}

function drop(schema: StructuralSchema, value: unknown): void {
  if (Array.isArray(value)) {
    if (schema.items !== undefined) for (const item of value) drop(schema.items, item)
    return
  }
  if (!isJsonObject(value)) return
  const { properties, additionalProperties } = schema
  for (const name in value) {
    const member = value[name]
    const known = properties !== undefined && Object.hasOwn(properties, name) ? properties[name] : undefined
    const next = known ?? (typeof additionalProperties === 'object' ? additionalProperties : undefined)
    if (next === undefined) continue
    if (member === null ? next.nullable !== true : known !== undefined && isAbsent(schema, name, known, member)) delete value[name]
    else drop(next, member)
  }
}

function isAbsent(parent: StructuralSchema, name: string, schema: StructuralSchema, value: unknown): boolean {
  if (parent.required?.includes(name) === true) return false
  if (value === '') return isAbsentText(name, schema)
  if (Array.isArray(value)) return value.length === 0
  return schema.properties === undefined && typeof schema.additionalProperties === 'object' && isJsonObject(value) && isEmpty(value)
}

function isEmpty(object: Readonly<Record<string, unknown>>): boolean {
  for (const _ in object) return false
  return true
}

function isAbsentText(name: string, { type, enum: words }: StructuralSchema): boolean {
  if (type !== 'string') return false
  return plainTexts.has(name) || (words !== undefined && !words.includes(''))
}
