import type { FieldError } from '../../../schema/field-error.ts'
import { goText } from '../../../schema/go-text.ts'
import { isJsonObject } from '../../../schema/json.ts'
import type { Draft, ScalePaths } from '../registry.ts'

const largestInt32 = 2 ** 31 - 1

/** What the scale subresource cannot work with: replicas that are no count. Beside what the schema says of the same fields. */
export function scaleErrors(object: Readonly<Draft>, { specReplicas, statusReplicas, labelSelector }: ScalePaths): FieldError[] {
  return [
    ...replicasErrors(object, specReplicas),
    ...replicasErrors(object, statusReplicas),
    ...(labelSelector === undefined ? [] : textErrors(object, labelSelector)),
  ]
}

function replicasErrors(object: Readonly<Draft>, path: string): FieldError[] {
  const found = valueAt(object, path)
  if (found.error !== undefined) return [accessorError(path, 0, found.error)]
  const { value } = found
  if (value === undefined) return []
  if (typeof value !== 'number' || !Number.isInteger(value)) return [accessorError(path, 0, wrongType(value, 'int64'))]
  if (value < 0) return [{ type: 'FieldValueInvalid', field: path, value, detail: 'should be a non-negative integer' }]
  if (value <= largestInt32) return []
  return [{ type: 'FieldValueInvalid', field: path, value, detail: `should be less than or equal to ${largestInt32}` }]
}

function textErrors(object: Readonly<Draft>, path: string): FieldError[] {
  const { value, error } = valueAt(object, path)
  if (error !== undefined) return [accessorError(path, '', error)]
  return value === undefined || typeof value === 'string' ? [] : [accessorError(path, '', wrongType(value, 'string'))]
}

function accessorError(path: string, value: unknown, why: string): FieldError {
  return { type: 'FieldValueInvalid', field: path, value, detail: `${path} accessor error: ${why}` }
}

const wrongType = (value: unknown, expected: string): string => `${goText(value)} is of the type ${goTypeName(value)}, expected ${expected}`

function goTypeName(value: unknown): string {
  if (value === null) return '<nil>'
  if (Array.isArray(value)) return '[]interface {}'
  switch (typeof value) {
    case 'number':
      return Number.isInteger(value) ? 'int64' : 'float64'
    case 'boolean':
      return 'bool'
    case 'string':
      return 'string'
    default:
      return 'map[string]interface {}'
  }
}

function valueAt(object: unknown, path: string): { value?: unknown; error?: string } {
  let value = object
  for (const member of path.split('.').filter(part => part !== '')) {
    if (value === undefined) return {}
    if (!isJsonObject(value)) return { error: wrongType(value, 'map[string]interface{}') }
    value = value[member]
  }
  return { value }
}
