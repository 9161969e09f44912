import { ApiError } from '../../../kube/api-error.ts'
import { apiVersionOf } from '../../../kube/resource.ts'
import { applyDefaults } from '../../../schema/default.ts'
import type { FieldError } from '../../../schema/field-error.ts'
import { goText } from '../../../schema/go-text.ts'
import { isJsonObject } from '../../../schema/json.ts'
import { prune, strictDecodingMessage, unknownFieldMessage } from '../../../schema/prune.ts'
import { invalidStatus } from '../../../schema/status.ts'
import { validate } from '../../../schema/validate.ts'
import type { Draft, StrategyContext } from '../registry.ts'
import type { ServedResource } from '../resources/served-resource.ts'
import { badRequest, noKind } from '../status-errors.ts'
import { publishedErrors } from '../kinds/published-rules.ts'
import { dropAbsentValues } from './absent-values.ts'
import { decodingError } from './go-decoding.ts'
import type { WriteContext } from './write-context.ts'

/** Checks that a decoded body is an object of the resource and fills in what it may leave out. Throws a 400. */
export function asDraft(resource: ServedResource, body: unknown): Draft {
  if (!isJsonObject(body)) throw badRequest('the request body is empty or no JSON object')
  const { type, apiVersion } = resource
  if (resource.custom && textOf(body['kind']) === '') throw missing(resource, 'Kind', body)
  const given = { apiVersion: textOf(body['apiVersion']), kind: textOf(body['kind']) }
  if (resource.custom && given.kind !== type.kind) {
    const metadata = isJsonObject(body['metadata']) ? body['metadata'] : {}
    const error: FieldError = { type: 'FieldValueInvalid', field: 'kind', value: given.kind, detail: `must be ${type.kind}` }
    throw new ApiError(invalidStatus({ ...type, kind: given.kind }, textOf(metadata['name']), [error]))
  }
  const problem = kindProblem(resource, given)
  if (problem !== undefined && !resource.custom) throw badRequest(problem)
  if (given.apiVersion !== '' && given.apiVersion !== apiVersion) {
    throw badRequest(`the API version in the data (${given.apiVersion}) does not match the expected API version (${apiVersionOf(type)})`)
  }
  body['apiVersion'] = apiVersion
  body['kind'] = type.kind
  if (body['metadata'] === undefined || body['metadata'] === null) body['metadata'] = {}
  if (!isJsonObject(body['metadata'])) throw decodeError(resource, 'json: cannot unmarshal metadata into Go value of type v1.ObjectMeta')
  return body as unknown as Draft
}

/** The answer to an object of a custom resource that does not say what it is: nothing fills that in. */
function missing({ type }: ServedResource, what: string, body: unknown): ApiError {
  const text = JSON.stringify(body)
  const shown = text.length > 30 ? `${text.slice(0, 30)} ...` : text
  return badRequest(
    `the object provided is unrecognized (must be of type ${type.kind}): Object '${what}' is missing in '${text}' (${shown})`,
  )
}

/** Why what says to be of a kind and version is no object of a built-in resource; undefined when it is one, or says nothing. */
export function kindProblem(
  { type, apiVersion }: ServedResource,
  given: { readonly apiVersion: string; readonly kind: string },
): string | undefined {
  const kind = given.kind === '' ? type.kind : given.kind
  const subject = `${kind} in version ${JSON.stringify(given.apiVersion)} cannot be handled as a ${type.kind}`
  if (kind !== type.kind)
    return `${subject}: converting (${given.apiVersion}.${kind}) to (${goPackage(type.group)}.${type.kind}): unknown conversion`
  return given.apiVersion === '' || given.apiVersion === apiVersion ? undefined : `${subject}: ${noKind(kind, given.apiVersion)}`
}

/** The package of the form that is stored: Kubernetes names a type by it. */
export function goPackage(group: string): string {
  return group === '' || group === 'events.k8s.io' ? 'core' : (group.split('.')[0] ?? '')
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/** The patch a draft was made by: Kubernetes refuses what it cannot decode with other words then. */
export interface AppliedPatch {
  readonly kind: 'json' | 'merge' | 'strategic'
  readonly body: unknown
}

/**
 * What decoding does with a draft: refuses values that do not fit their Go field (custom resources say the same when they are validated),
 * removes, warns of or refuses members the kind does not know, and drops nulls. Throws a 400, of a patch a 422.
 */
export function decodeDraft(
  resource: ServedResource,
  draft: Draft,
  context: Pick<WriteContext, 'fieldValidation' | 'warnings'>,
  patch?: AppliedPatch,
): void {
  const shown = (): string => (patch?.kind === 'strategic' ? goText(patch.body) : JSON.stringify(draft))
  const refusal = (why: string, text: string): ApiError => (patch === undefined ? decodeError(resource, why) : patchError(text, why))
  const wrong = resource.custom ? undefined : decodingError(resource.schema, draft)
  if (wrong !== undefined) throw refusal(wrong, shown())
  const before = patch !== undefined && context.fieldValidation === 'Strict' ? shown() : ''
  const found = prune(resource.schema, draft)
  const unknown = resource.custom ? found.toSorted() : found
  if (unknown.length > 0 && context.fieldValidation === 'Strict') throw refusal(strictDecodingMessage(unknown), before)
  if (unknown.length > 0 && context.fieldValidation === 'Warn') context.warnings.push(...unknown.map(unknownFieldMessage))
  if (!resource.custom) dropAbsentValues(resource.schema, draft)
}

/** The 422 for a patch that makes of an object what cannot be read as one. */
export function patchError(value: string, detail: string): ApiError {
  return new ApiError(invalidStatus({ group: '', kind: '' }, '', [{ type: 'FieldValueInvalid', field: 'patch', value, detail }]))
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
  resource.strategy.applyStatusDefaults?.(draft)
}

/** What the schema of a custom resource and the rules of the kind refuse. */
export function kindErrors(
  resource: ServedResource,
  draft: Draft,
  old: Readonly<Draft> | undefined,
  context: StrategyContext,
): FieldError[] {
  const errors = resource.custom ? validate(resource.schema, draft, old) : []
  // A status is looked at by itself.
  if (context.subresource === 'status') for (const [at, error] of errors.entries()) errors[at] = ofStatus(error)
  const more = resource.strategy.validate?.(draft, old, context)
  if (more !== undefined && more.length > 0) errors.push(...more)
  // What a definition says of its schema is judged by rules of its own.
  const isPublished = !resource.custom && resource.conversion === undefined && resource.type.kind !== 'CustomResourceDefinition'
  if (isPublished && context.subresource === undefined) {
    // What the rules of the kind say of a field is said better.
    for (const error of publishedErrors(resource.schema, draft)) if (!errors.some(known => saysTheSame(known, error))) errors.push(error)
  }
  return errors
}

/** Also Kubernetes calls some places otherwise than their schema: `metadata.taints`. */
function saysTheSame(known: FieldError, error: FieldError): boolean {
  const tail = ({ field }: FieldError): string => field.slice(field.indexOf('.') + 1)
  if (known.field === error.field || isBelow(error.field, known.field)) return true
  return known.type === error.type && known.value === error.value && tail(known) === tail(error)
}

const isBelow = (field: string, parent: string): boolean => field.startsWith(`${parent}.`) || field.startsWith(`${parent}[`)

function ofStatus(error: FieldError): FieldError {
  if (!error.field.startsWith('status.') || !error.detail.startsWith(`${error.field} in body`)) return error
  return { ...error, detail: error.detail.slice('status.'.length) }
}

/** Throws the 422 for refused fields. */
export function refuse(resource: ServedResource, name: string, errors: readonly FieldError[]): void {
  if (errors.length > 0) throw new ApiError(invalidStatus(resource.type, name, errors))
}
