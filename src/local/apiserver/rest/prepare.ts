import { ApiError } from '../../../kube/api-error.ts'
import { apiVersionOf } from '../../../kube/resource.ts'
import { applyDefaults } from '../../../schema/default.ts'
import type { FieldError } from '../../../schema/field-error.ts'
import { isJsonObject } from '../../../schema/json.ts'
import { dropNulls } from '../../../schema/nulls.ts'
import { prune } from '../../../schema/prune.ts'
import { invalidStatus } from '../../../schema/status.ts'
import { validate } from '../../../schema/validate.ts'
import type { Draft, StrategyContext } from '../registry.ts'
import type { ServedResource } from '../resources/served-resource.ts'
import { badRequest } from '../status-errors.ts'
import type { WriteContext } from './write-context.ts'

/** Checks that a decoded body is an object of the resource and fills in what it may leave out. Throws a 400. */
export function asDraft(resource: ServedResource, body: unknown): Draft {
  if (!isJsonObject(body)) throw badRequest('the request body is empty or no JSON object')
  const { type, apiVersion } = resource
  const given = { apiVersion: textOf(body['apiVersion']), kind: textOf(body['kind']) }
  if (given.kind !== '' && given.kind !== type.kind) {
    throw badRequest(
      `${given.kind} in version ${JSON.stringify(given.apiVersion)} cannot be handled as a ${type.kind}: converting (${given.apiVersion}.${given.kind}) to (${apiVersion}.${type.kind}): unknown conversion`,
    )
  }
  if (given.apiVersion !== '' && given.apiVersion !== apiVersion) {
    throw badRequest(`the API version in the data (${given.apiVersion}) does not match the expected API version (${apiVersionOf(type)})`)
  }
  body['apiVersion'] = apiVersion
  body['kind'] = type.kind
  if (body['metadata'] === undefined || body['metadata'] === null) body['metadata'] = {}
  if (!isJsonObject(body['metadata'])) throw decodeError(resource, 'json: cannot unmarshal metadata into Go value of type v1.ObjectMeta')
  return body as unknown as Draft
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/** Removes or refuses members the kind does not know. */
export function checkUnknownFields(
  resource: ServedResource,
  draft: Draft,
  context: Pick<WriteContext, 'fieldValidation' | 'warnings'>,
): void {
  const unknown = prune(resource.schema, draft)
  if (unknown.length === 0 || context.fieldValidation === 'Ignore') return
  const texts = unknown.map(path => `unknown field ${JSON.stringify(path)}`)
  if (context.fieldValidation === 'Strict') throw decodeError(resource, `strict decoding error: ${texts.join(', ')}`)
  context.warnings.push(...texts)
}

/** Values of built-in kinds that Kubernetes could not even decode. Custom resources say the same as a validation error. */
export function checkTypes(resource: ServedResource, draft: Draft): void {
  if (resource.custom) return
  if (holdsNull(draft)) dropNulls(resource.schema, draft)
  const wrong = validate(resource.schema, draft, undefined, { duplicates: false }).find(({ type }) => type === 'FieldValueTypeInvalid')
  if (wrong === undefined) return
  const expected = /must be of type (\w+)/.exec(wrong.detail)?.[1] ?? 'another type'
  throw decodeError(resource, `json: cannot unmarshal ${jsonTypeOf(wrong.value)} into field ${wrong.field} of type ${expected}`)
}

/** Few objects have nulls anywhere, and to know that needs no schema. */
function holdsNull(value: unknown): boolean {
  if (typeof value !== 'object') return false
  if (value === null) return true
  if (Array.isArray(value)) return value.some(holdsNull)
  for (const key in value) {
    const member = (value as Record<string, unknown>)[key]
    if (typeof member === 'object' && holdsNull(member)) return true
  }
  return false
}

function jsonTypeOf(value: unknown): string {
  return Array.isArray(value) ? 'array' : value === null ? 'null' : typeof value
}

function decodeError({ type }: ServedResource, why: string): ApiError {
  return badRequest(`${type.kind} in version ${JSON.stringify(type.version)} cannot be handled as a ${type.kind}: ${why}`)
}

/** The defaults of the schema and of the kind. */
export function fillDefaults(resource: ServedResource, draft: Draft): void {
  if (resource.custom) applyDefaults(resource.schema, draft)
  resource.strategy.applyDefaults?.(draft)
}

/** The defaults of the status alone: the rest is stored state and stays as it is. */
export function fillStatusDefaults(resource: ServedResource, draft: Draft): void {
  const schema = resource.custom ? resource.schema.properties?.['status'] : undefined
  if (schema !== undefined && draft['status'] !== undefined) applyDefaults(schema, draft['status'])
}

/** What the schema of a custom resource and the rules of the kind refuse. */
export function kindErrors(
  resource: ServedResource,
  draft: Draft,
  old: Readonly<Draft> | undefined,
  context: StrategyContext,
): FieldError[] {
  const errors = resource.custom ? validate(resource.schema, draft, old) : []
  const more = resource.strategy.validate?.(draft, old, context)
  if (more !== undefined && more.length > 0) errors.push(...more)
  return errors
}

/** Throws the 422 for refused fields. */
export function refuse(resource: ServedResource, name: string, errors: readonly FieldError[]): void {
  if (errors.length > 0) throw new ApiError(invalidStatus(resource.type, name, errors))
}
