import { goTypeName } from '../../../apis/core/schemas.ts'
import { isJsonObject } from '../../../schema/json.ts'
import { resourceProperties } from '../../../schema/object-meta.ts'
import { parseQuantity } from '../../../schema/quantity.ts'
import type { StructuralSchema } from '../../../schema/structural.ts'

const quantityText = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"

/** Where the decoder stands: the struct it fills, and the fields that led there. Lists and maps leave no trace, as in Go. */
interface Place {
  readonly struct: string
  readonly fields: string
}

/**
 * Why Kubernetes' JSON decoder would not take an object of a built-in kind: the first value, in the object's order, whose JSON type is not
 * the one of its Go field. Undefined when all fit; unknown members are not looked at.
 */
export function decodingError(schema: StructuralSchema, object: unknown): string | undefined {
  return visit(schema, object, { struct: '', fields: '' }, true)
}

function visit(schema: StructuralSchema, value: unknown, place: Place, isResource: boolean): string | undefined {
  if (value === null || value === undefined) return undefined
  if (schema['x-kubernetes-int-or-string'] === true) return schema.format === 'quantity' ? quantity(value) : intOrString(value, place)
  switch (schema.type) {
    case 'string':
      return typeof value === 'string' ? text(schema, value, place) : mismatch(value, schema, place)
    case 'boolean':
      return typeof value === 'boolean' ? undefined : mismatch(value, schema, place)
    case 'integer':
      return typeof value === 'number' && Number.isSafeInteger(value) ? integerRange(schema, value, place) : mismatch(value, schema, place)
    case 'number':
      return typeof value === 'number' ? undefined : mismatch(value, schema, place)
    case 'array':
      return Array.isArray(value) ? visitItems(schema, value, place) : mismatch(value, schema, place)
    case 'object':
      return isJsonObject(value) ? visitMembers(schema, value, place, isResource) : mismatch(value, schema, place)
    default:
      return undefined
  }
}

function visitItems({ items }: StructuralSchema, value: readonly unknown[], place: Place): string | undefined {
  if (items === undefined) return undefined
  for (const item of value) {
    const error = visit(items, item, place, false)
    if (error !== undefined) return error
  }
  return undefined
}

function visitMembers(
  schema: StructuralSchema,
  value: Readonly<Record<string, unknown>>,
  place: Place,
  isResource: boolean,
): string | undefined {
  const { additionalProperties } = schema
  const properties = isResource ? resourceProperties(schema) : schema.properties
  const struct = goTypeName(schema)?.split('.')[1] ?? place.struct
  for (const name in value) {
    const known = properties !== undefined && Object.hasOwn(properties, name) ? properties[name] : undefined
    const error =
      known !== undefined
        ? visit(known, value[name], { struct, fields: place.fields === '' ? name : `${place.fields}.${name}` }, false)
        : typeof additionalProperties === 'object'
          ? visit(additionalProperties, value[name], place, false)
          : undefined
    if (error !== undefined) return error
  }
  return undefined
}

function intOrString(value: unknown, place: Place): string | undefined {
  if (typeof value === 'string' || (typeof value === 'number' && Number.isInteger(value))) return undefined
  return mismatch(value, { type: 'integer', format: 'int32' }, place)
}

function quantity(value: unknown): string | undefined {
  if ((typeof value === 'string' || typeof value === 'number') && parseQuantity(String(value).trim()) !== undefined) return undefined
  return quantityText
}

const int32 = { min: -(2 ** 31), max: 2 ** 31 - 1 }

function integerRange(schema: StructuralSchema, value: number, place: Place): string | undefined {
  return schema.format === 'int32' && (value < int32.min || value > int32.max) ? mismatch(value, schema, place) : undefined
}

/** Text whose format the Go type reads while decoding. */
function text({ format }: StructuralSchema, value: string, { fields }: Place): string | undefined {
  if (format === 'date-time' && isMicroTime(fields)) return microTimeError(value)
  if (format === 'date-time' && (!dateTime.test(value) || Number.isNaN(Date.parse(value)))) {
    const quoted = JSON.stringify(value)
    return `parsing time ${quoted} as "2006-01-02T15:04:05Z07:00": cannot parse ${quoted} as "2006"`
  }
  if (format !== 'byte') return undefined
  const bad = corruptBase64At(value)
  return bad === undefined ? undefined : `illegal base64 data at input byte ${bad}`
}

/** OpenAPI has one format for both kinds of times; these fields of Leases and Events have the one with microseconds. */
const isMicroTime = (fields: string): boolean => /(^|\.)(acquireTime|renewTime|eventTime|lastObservedTime)$/.test(fields)

function microTimeError(value: string): string | undefined {
  const layout = '2006-01-02T15:04:05.000000Z07:00'
  const match = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(.*)$/.exec(value)
  const failed = (rest: string, part: string): string =>
    `parsing time ${JSON.stringify(value)} as "${layout}": cannot parse ${JSON.stringify(rest)} as "${part}"`
  if (match === null) return failed(value, '2006')
  const [, rest = ''] = match
  if (!/^\.\d{6}/.test(rest)) return failed(rest, '.000000')
  return dateTime.test(value) && !Number.isNaN(Date.parse(value)) ? undefined : failed(rest.slice('.000000'.length), 'Z07:00')
}

const dateTime = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/

/** Where base64 stops being base64; undefined when it is sound. */
function corruptBase64At(value: string): number | undefined {
  const bare = value.replaceAll(/[\r\n]/g, '')
  const length = /^[A-Za-z0-9+/]*/.exec(bare)?.[0].length ?? 0
  const padding = bare.slice(length)
  const missing = (4 - (length % 4)) % 4
  if (missing !== 3 && padding === '='.repeat(missing)) return undefined
  if (padding === '') return length - (length % 4)
  return length
}

function mismatch(value: unknown, schema: StructuralSchema, { struct, fields }: Place): string {
  const into = fields === '' ? 'Go value' : `Go struct field ${struct}.${fields}`
  return `json: cannot unmarshal ${jsonType(value, schema)} into ${into} of type ${goType(schema)}`
}

/** The name Go's decoder has for what it met; numbers that do not fit a number's type are quoted. */
function jsonType(value: unknown, schema: StructuralSchema): string {
  if (Array.isArray(value)) return 'array'
  if (typeof value === 'boolean') return 'bool'
  if (typeof value === 'number') return schema.type === 'integer' ? `number ${value}` : 'number'
  return typeof value
}

/** The Go type behind a schema, as far as OpenAPI tells it: named strings (`v1.RestartPolicy`) are published as plain ones. */
function goType(schema: StructuralSchema): string {
  const named = goTypeName(schema)
  if (named !== undefined && schema.type === 'object') return named
  if (schema['x-kubernetes-int-or-string'] === true) return schema.format === 'quantity' ? 'resource.Quantity' : 'intstr.IntOrString'
  switch (schema.type) {
    case 'integer':
      return schema.format ?? 'int'
    case 'number':
      return 'float64'
    case 'boolean':
      return 'bool'
    case 'string':
      return schema.format === 'byte' ? '[]uint8' : 'string'
    case 'array':
      return `[]${schema.items === undefined ? 'interface {}' : goType(schema.items)}`
    default: {
      const { additionalProperties } = schema
      if (typeof additionalProperties !== 'object') return 'map[string]interface {}'
      const values = goType(additionalProperties)
      return values === 'resource.Quantity' ? 'v1.ResourceList' : `map[string]${values}`
    }
  }
}
