import { correlate, hasRules, ruleErrors } from './cel/rules.ts'
import type { FieldError } from './field-error.ts'
import { childPath, indexPath } from './field-path.ts'
import { formatError } from './format.ts'
import { canonicalJson, equalJson, isJsonObject } from './json.ts'
import { resourceProperties } from './object-meta.ts'
import { parseQuantity } from './quantity.ts'
import type { StructuralSchema } from './structural.ts'

export interface ValidateOptions {
  /**
   * Whether equal keys in lists of type `map` and `set` are errors; default true. Built-in kinds decide that themselves: a pod may
   * name one container port twice although server-side apply treats the list as a map.
   */
  readonly duplicates?: boolean
}

/**
 * Validates a whole object (defaulted and pruned) against its schema and returns what Kubernetes' API server would complain about, with its
 * field paths and texts. With `old`, transition rules (`oldSelf`) are evaluated too, and what did not change since is not refused.
 * Does not look at `metadata` beyond its types.
 */
export function validate(schema: StructuralSchema, object: unknown, old?: unknown, options: ValidateOptions = {}): FieldError[] {
  const duplicates = options.duplicates ?? true
  let walk: Walk = { errors: [], duplicates, ratchets: false, keys: [] }
  visit(schema, object, '', true, walk, undefined)
  if (walk.errors.length > 0 && old !== undefined) {
    walk = { errors: [], duplicates, ratchets: true, keys: [] }
    visit(schema, object, '', true, walk, old)
  }
  // Kubernetes evaluates rules only when the value has the shape they were written for.
  if (!walk.errors.some(({ type }) => blocking.has(type))) ruleErrors(schema, object, old, '', walk.errors)
  else if (hasRules(schema)) walk.errors.push(unchecked)
  return walk.errors
}

const blocking: ReadonlySet<FieldError['type']> = new Set([
  'FieldValueNotSupported',
  'FieldValueRequired',
  'FieldValueTooLong',
  'FieldValueTooMany',
  'FieldValueTypeInvalid',
])

const unchecked: FieldError = {
  type: 'FieldValueInvalid',
  field: '',
  value: null,
  detail: 'some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
}

interface Walk {
  readonly errors: FieldError[]
  readonly duplicates: boolean
  /** What an update leaves as it was is not looked at: it was stored under other rules and does not stand in the way of the rest. */
  readonly ratchets: boolean
  /** Which members of the path are keys of maps, and where in it they begin. */
  readonly keys: { readonly at: number; readonly name: string }[]
}

/** The name kube-openapi has for the JSON type of a value. */
function typeOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number'
  return typeof value
}

function isOfType(type: NonNullable<StructuralSchema['type']>, actual: string): boolean {
  return actual === type || (type === 'number' && actual === 'integer')
}

const invalid = (field: string, value: unknown, text: string): FieldError => ({
  type: 'FieldValueInvalid',
  field,
  value,
  detail: `${field} in body ${text}`,
})

/** The names kube-openapi has for what a value is, where the schema has a format. */
const formatNames: Readonly<Record<string, string>> = { integer: 'int64', number: 'float64' }

function typeInvalid(field: string, expected: string, actual: string): FieldError {
  return {
    type: 'FieldValueTypeInvalid',
    field,
    value: actual,
    detail: `${field} in body must be of type ${expected}: ${JSON.stringify(actual)}`,
  }
}

/** An error that kube-openapi reports without a field: the path is part of the sentence. */
function unplaced(path: string, text: string): FieldError {
  return { type: 'FieldValueInvalid', field: '', value: '', detail: `${JSON.stringify(path)} ${text}` }
}

function typeError(schema: StructuralSchema, value: unknown, path: string): FieldError | undefined {
  const actual = typeOf(value)
  if (schema['x-kubernetes-int-or-string'] === true) {
    const isQuantity = schema.format === 'quantity' && actual === 'number'
    return actual === 'string' || actual === 'integer' || isQuantity ? undefined : typeInvalid(path, 'integer,string', actual)
  }
  const { type, format } = schema
  if (type === undefined || isOfType(type, actual)) return undefined
  const byFormat = type === 'string' && format !== undefined && actual !== 'array' && actual !== 'null'
  return byFormat ? typeInvalid(path, format, formatNames[actual] ?? '') : typeInvalid(path, type, actual)
}

function visit(schema: StructuralSchema, value: unknown, path: string, isResource: boolean, walk: Walk, old: unknown): void {
  if (value === undefined) return
  if (walk.ratchets && old !== undefined && equalJson(value, old)) return
  if (value === null && schema.nullable === true) return
  const wrong = typeError(schema, value, path)
  if (wrong !== undefined) walk.errors.push(wrong)
  if (schema.enum !== undefined && !schema.enum.some(allowed => equalJson(allowed, value))) {
    walk.errors.push({
      type: 'FieldValueNotSupported',
      field: path,
      value,
      detail: `supported values: ${schema.enum.map(allowed => JSON.stringify(String(allowed))).join(', ')}`,
    })
  }
  if (typeof value === 'string') visitString(schema, value, path, walk)
  else if (typeof value === 'number') visitNumber(schema, value, path, walk)
  else if (Array.isArray(value)) visitArray(schema, value, path, walk, old)
  else if (isJsonObject(value)) visitObject(schema, value, path, isResource, walk, old)
  visitCombinations(schema, value, path, walk)
}

function visitString(schema: StructuralSchema, value: string, path: string, walk: Walk): void {
  const { minLength, maxLength, pattern, format } = schema
  if (minLength !== undefined || maxLength !== undefined) {
    const length = countCharacters(value)
    if (minLength !== undefined && length < minLength) walk.errors.push(invalid(path, value, `should be at least ${minLength} chars long`))
    if (maxLength !== undefined && length > maxLength) {
      walk.errors.push({
        type: 'FieldValueTooLong',
        field: path,
        value: '',
        detail: `may not be more than ${maxLength} byte${maxLength === 1 ? '' : 's'}`,
      })
    }
  }
  if (pattern !== undefined && !regularExpression(pattern).test(value)) walk.errors.push(invalid(path, value, `should match '${pattern}'`))
  if (format === undefined) return
  if (format === 'quantity') {
    if (parseQuantity(value) === undefined)
      walk.errors.push({
        type: 'FieldValueInvalid',
        field: path,
        value,
        detail: "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
      })
  } else if (formatError(format, value))
    walk.errors.push({ ...invalid(path, value, `must be of type ${format}: ${JSON.stringify(value)}`), type: 'FieldValueTypeInvalid' })
}

/** Characters as Kubernetes counts them: code points. */
function countCharacters(value: string): number {
  let surrogatePairs = 0
  for (let at = 0; at < value.length; at++) if ((value.charCodeAt(at) & 0xfc00) === 0xd800) surrogatePairs++
  return value.length - surrogatePairs
}

function visitNumber(schema: StructuralSchema, value: number, path: string, walk: Walk): void {
  const { minimum, maximum, multipleOf } = schema
  if (minimum !== undefined && (schema.exclusiveMinimum === true ? value <= minimum : value < minimum)) {
    walk.errors.push(invalid(path, value, `should be greater than ${schema.exclusiveMinimum === true ? '' : 'or equal to '}${minimum}`))
  }
  if (maximum !== undefined && (schema.exclusiveMaximum === true ? value >= maximum : value > maximum)) {
    walk.errors.push(invalid(path, value, `should be less than ${schema.exclusiveMaximum === true ? '' : 'or equal to '}${maximum}`))
  }
  if (multipleOf !== undefined && !Number.isInteger(value / multipleOf))
    walk.errors.push(invalid(path, value, `should be a multiple of ${multipleOf}`))
}

function visitArray(schema: StructuralSchema, value: readonly unknown[], path: string, walk: Walk, old: unknown): void {
  const { minItems, maxItems, items } = schema
  if (minItems !== undefined && value.length < minItems)
    walk.errors.push(invalid(path, value.length, `should have at least ${minItems} items`))
  if (maxItems !== undefined && value.length > maxItems) {
    walk.errors.push({ type: 'FieldValueTooMany', field: path, value: value.length, detail: atMost(maxItems) })
  }
  if (schema.uniqueItems === true && new Set(value.map(canonicalJson)).size < value.length) {
    walk.errors.push(invalid(path, value, "shouldn't contain duplicates"))
  }
  if (items !== undefined) {
    const isResource = items['x-kubernetes-embedded-resource'] === true
    const before = walk.ratchets ? correlate(schema, old) : undefined
    for (let at = 0; at < value.length; at++) visit(items, value[at], indexPath(path, at), isResource, walk, before?.(value[at]))
  }
  const listType = schema['x-kubernetes-list-type']
  if (walk.duplicates && value.length > 1 && (listType === 'set' || listType === 'map')) visitDuplicates(schema, value, path, walk)
}

const atMost = (count: number): string => `must have at most ${count} item${count === 1 ? '' : 's'}`

function visitDuplicates(schema: StructuralSchema, value: readonly unknown[], path: string, walk: Walk): void {
  const keys = schema['x-kubernetes-list-type'] === 'map' ? (schema['x-kubernetes-list-map-keys'] ?? []) : undefined
  const seen = new Set<string>()
  for (const [at, item] of value.entries()) {
    if (keys !== undefined && !isJsonObject(item)) {
      walk.errors.push({
        type: 'FieldValueInvalid',
        field: indexPath(listPath(path, walk), at),
        value: item,
        detail: 'must be an object for an array of list-type map',
      })
      return
    }
    const identity =
      keys === undefined || !isJsonObject(item)
        ? item
        : Object.fromEntries(keys.map(key => [key, item[key] ?? schema.items?.properties?.[key]?.default]))
    const text = canonicalJson(identity)
    if (seen.has(text))
      walk.errors.push({ type: 'FieldValueDuplicate', field: indexPath(listPath(path, walk), at), value: identity, detail: '' })
    seen.add(text)
  }
}

/** Kubernetes looks at what lists hold by code of its own, which writes keys of maps in brackets. */
function listPath(path: string, { keys }: Walk): string {
  let [text, from] = ['', 0]
  for (const { at, name } of keys) {
    text += `${path.slice(from, at)}[${name}]`
    from = childPath(path.slice(0, at), name).length
  }
  return text + path.slice(from)
}

function visitObject(
  schema: StructuralSchema,
  value: Readonly<Record<string, unknown>>,
  path: string,
  isResource: boolean,
  walk: Walk,
  old: unknown,
): void {
  const before = isJsonObject(old) ? old : undefined
  const { required, additionalProperties, minProperties, maxProperties } = schema
  const properties = isResource ? resourceProperties(schema) : schema.properties
  if (minProperties !== undefined || maxProperties !== undefined) {
    const count = Object.keys(value).length
    if (minProperties !== undefined && count < minProperties)
      walk.errors.push(invalid(path, count, `should have at least ${minProperties} properties`))
    if (maxProperties !== undefined && count > maxProperties) {
      walk.errors.push({ type: 'FieldValueTooMany', field: path, value: count, detail: atMost(maxProperties) })
    }
  }
  if (required !== undefined) {
    for (const name of required) {
      if (value[name] === undefined) walk.errors.push({ type: 'FieldValueRequired', field: childPath(path, name), detail: '' })
    }
  }
  const values = typeof additionalProperties === 'object' ? additionalProperties : undefined
  for (const name in value) {
    const member = (properties !== undefined && Object.hasOwn(properties, name) ? properties[name] : undefined) ?? values
    if (member === undefined) continue
    if (member === values) walk.keys.push({ at: path.length, name })
    visit(member, value[name], childPath(path, name), member['x-kubernetes-embedded-resource'] === true, walk, before?.[name])
    if (member === values) walk.keys.pop()
  }
}

function matches(schema: StructuralSchema, value: unknown, path: string): FieldError[] {
  const walk: Walk = { errors: [], duplicates: false, ratchets: false, keys: [] }
  visit(schema, value, path, false, walk, undefined)
  return walk.errors
}

function visitCombinations(schema: StructuralSchema, value: unknown, path: string, walk: Walk): void {
  const { allOf, anyOf, oneOf, not } = schema
  if (anyOf !== undefined) {
    const results = anyOf.map(part => matches(part, value, path))
    if (results.every(errors => errors.length > 0))
      walk.errors.push(unplaced(path, 'must validate at least one schema (anyOf)'), ...(results[0] ?? []))
  }
  if (oneOf !== undefined) {
    const results = oneOf.map(part => matches(part, value, path))
    const valid = results.filter(errors => errors.length === 0).length
    const found = valid === 0 ? 'Found none valid' : `Found ${valid} valid alternatives`
    if (valid !== 1) walk.errors.push(unplaced(path, `must validate one and only one schema (oneOf). ${found}`))
    if (valid === 0) walk.errors.push(...(results[0] ?? []))
  }
  if (allOf !== undefined) {
    const results = allOf.map(part => matches(part, value, path))
    const valid = results.filter(errors => errors.length === 0).length
    walk.errors.push(...results.flat())
    if (valid < results.length)
      walk.errors.push(unplaced(path, `must validate all the schemas (allOf)${valid === 0 ? '. None validated' : ''}`))
  }
  if (not !== undefined && matches(not, value, path).length === 0) walk.errors.push(unplaced(path, 'must not validate the schema (not)'))
}

const expressions = new Map<string, RegExp>()

/** Compiled once. Go's RE2 syntax that JavaScript has not (inline flags at the start, `\z`, POSIX classes) is translated. */
function regularExpression(pattern: string): RegExp {
  let compiled = expressions.get(pattern)
  if (compiled === undefined) {
    const flags = /^\(\?([ims]+)\)/.exec(pattern)
    compiled = new RegExp(
      pattern
        .slice(flags?.[0].length ?? 0)
        .replaceAll('\\z', '$')
        .replaceAll('\\A', '^')
        .replaceAll('[[:alnum:]]', '[0-9A-Za-z]'),
      flags?.[1] ?? '',
    )
    expressions.set(pattern, compiled)
  }
  return compiled
}
