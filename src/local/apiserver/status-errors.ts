import { ApiError, type Status } from '../../kube/api-error.ts'
import type { ResourceType } from '../../kube/resource.ts'

/** The answers of an API server that refuses, with Kubernetes' own reasons and sentences: clients decide by them. */
type GroupResource = Pick<ResourceType, 'group' | 'plural'>

type Details = NonNullable<Status['details']>

function failure(code: number, reason: string, message: string, details?: Details): ApiError {
  return new ApiError({
    kind: 'Status',
    apiVersion: 'v1',
    status: 'Failure',
    message,
    reason,
    code,
    ...(details === undefined ? {} : { details }),
  })
}

/** `deployments.apps`, as error texts name a resource. */
export function groupResourceName({ group, plural }: GroupResource): string {
  return group === '' ? plural : `${plural}.${group}`
}

function detailsOf({ group, plural }: GroupResource, name: string, more: Partial<Details> = {}): Details {
  return { ...(name === '' ? {} : { name }), ...(group === '' ? {} : { group }), kind: plural, ...more }
}

export function notFound(resource: GroupResource, name: string): ApiError {
  return failure(404, 'NotFound', `${groupResourceName(resource)} "${name}" not found`, detailsOf(resource, name))
}

/** A path that names no resource at all. */
export function unknownResource(): ApiError {
  return failure(404, 'NotFound', 'the server could not find the requested resource', {})
}

export function alreadyExists(resource: GroupResource, name: string, isGoing: boolean): ApiError {
  const message = `${isGoing ? 'object is being deleted: ' : ''}${groupResourceName(resource)} "${name}" already exists`
  return failure(409, 'AlreadyExists', message, detailsOf(resource, name))
}

export function conflict(resource: GroupResource, name: string, why: string): ApiError {
  const message = `Operation cannot be fulfilled on ${groupResourceName(resource)} "${name}": ${why}`
  return failure(409, 'Conflict', message, detailsOf(resource, name))
}

/** The answer to a write that is based on an old version. */
export function modifiedConflict(resource: GroupResource, name: string): ApiError {
  return conflict(resource, name, 'the object has been modified; please apply your changes to the latest version and try again')
}

export function forbidden(resource: GroupResource, name: string, why: string, causes?: Details['causes']): ApiError {
  const subject = name === '' ? groupResourceName(resource) : `${groupResourceName(resource)} "${name}"`
  const more = causes === undefined ? {} : { causes }
  return failure(403, 'Forbidden', `${subject} is forbidden: ${why}`, detailsOf(resource, name, more))
}

/** The answer to a user whom no rule allows what was asked. */
export function forbiddenUser(
  user: string,
  verb: string,
  resource: string,
  group: string,
  namespace: string | undefined,
  name: string,
): ApiError {
  const scope = namespace === undefined || namespace === '' ? 'at the cluster scope' : `in the namespace ${JSON.stringify(namespace)}`
  const why = `User ${JSON.stringify(user)} cannot ${verb} resource ${JSON.stringify(resource)} in API group ${JSON.stringify(group)} ${scope}`
  const [plural = resource] = resource.split('/')
  return forbidden({ group, plural }, name, why)
}

export function forbiddenPath(user: string, verb: string, path: string): ApiError {
  return failure(403, 'Forbidden', `forbidden: User ${JSON.stringify(user)} cannot ${verb} path ${JSON.stringify(path)}`, {})
}

export function badRequest(message: string): ApiError {
  return failure(400, 'BadRequest', message)
}

/** A 500 without a reason: what the real server answers where it passes on an error of its own parts. */
export function unreasoned(message: string): ApiError {
  return new ApiError({ kind: 'Status', apiVersion: 'v1', status: 'Failure', message, code: 500 })
}

/** The text for a version or kind that the decoder does not know. */
export function noKind(kind: string, apiVersion: string): string {
  return `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)} in scheme "pkg/runtime/scheme.go:110"`
}

export function unauthorized(): ApiError {
  return failure(401, 'Unauthorized', 'Unauthorized')
}

export function methodNotAllowed(): ApiError {
  return failure(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource', {})
}

export function methodNotSupported(resource: GroupResource, action: string): ApiError {
  const message = `${action} is not supported on resources of kind "${groupResourceName(resource)}"`
  return failure(405, 'MethodNotAllowed', message, detailsOf(resource, ''))
}

/** The answer to creates of a kind whose definition is being deleted. */
export function kindTerminating(): ApiError {
  return failure(405, 'MethodNotAllowed', 'create not allowed while custom resource definition is terminating', {})
}

export function notAcceptable(accepted: readonly string[]): ApiError {
  return failure(406, 'NotAcceptable', `only the following media types are accepted: ${accepted.join(', ')}`)
}

/** The 406 of a route that has none of the types that are asked for. */
export function nothingAcceptable(served: readonly string[]): ApiError {
  return failure(406, 'NotAcceptable', `406: Not Acceptable\n\nAvailable representations: ${served.join(', ')}`, {})
}

/** One object instead of a list, or a list instead of one. */
export function noList(message: string): ApiError {
  return failure(406, 'NotAcceptable', message)
}

export function unsupportedMediaType(accepted: readonly string[]): ApiError {
  return failure(
    415,
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`,
  )
}

/** The 415 of a route that does not take this kind of patch at all. */
export function unsupportedPatch(): ApiError {
  return failure(415, 'UnsupportedMediaType', '415: Unsupported Media Type', {})
}

export function tooLargeRequest(limit: number): ApiError {
  return failure(413, 'RequestEntityTooLarge', `Request entity too large: limit is ${limit}`)
}

/** The version asked for is no longer remembered: list again. */
export function expired(message: string): ApiError {
  return failure(410, 'Expired', message)
}

/** The version asked for has not happened yet. */
export function tooLargeResourceVersion(asked: number, current: number): ApiError {
  return failure(504, 'Timeout', `Timeout: Too large resource version: ${asked}, current: ${current}`, {
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    retryAfterSeconds: 1,
  })
}

export function tooManyRequests(message: string, details: Details): ApiError {
  return failure(429, 'TooManyRequests', message, details)
}

export function internalError(message: string): ApiError {
  return failure(500, 'InternalError', `Internal error occurred: ${message}`, { causes: [{ message }] })
}

export function serviceUnavailable(message: string): ApiError {
  return failure(503, 'ServiceUnavailable', message)
}
