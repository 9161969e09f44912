import { parse } from 'yaml'
import { ApiError } from '../../../kube/api-error.ts'
import { isJsonObject } from '../../../schema/json.ts'
import type { ApiRequest } from '../request.ts'
import { badRequest, unsupportedMediaType } from '../status-errors.ts'
import { bodySummary, duplicateMembers, goJsonType, goSyntaxError } from './go-json.ts'
import { decodeProtobufBody } from './protobuf-body.ts'

const accepted = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf']

/** `application/json; charset=utf-8` → `application/json`. */
export function mediaTypeOf(contentType: string): string {
  const end = contentType.indexOf(';')
  return (end < 0 ? contentType : contentType.slice(0, end)).trim().toLowerCase()
}

/** The media type of the request's body: of a patch, its kind. */
export function bodyTypeOf(request: ApiRequest): string {
  const { body } = request
  if (body !== undefined && 'bytes' in body) return mediaTypeOf(body.contentType)
  return mediaTypeOf(request.headers['content-type'] ?? 'application/json')
}

/** The body as a JSON value of our own; undefined when there is none. Throws 400 and 415. */
export function decodeBody(request: ApiRequest): unknown {
  const { body } = request
  if (body === undefined) return undefined
  if ('value' in body) return body.value
  if (body.bytes.length === 0) return undefined
  const type = bodyTypeOf(request)
  if (type === '' || type === 'application/json' || type.endsWith('+json')) return parseJson(body.bytes.toString('utf8'))
  if (type === 'application/yaml' || type.endsWith('+yaml') || type === 'text/yaml') return parseYaml(body.bytes.toString('utf8'))
  if (type === 'application/vnd.kubernetes.protobuf') return decodeProtobufBody(body.bytes)
  throw unsupportedMediaType(accepted)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new MalformedJson(goSyntaxError(text) ?? String(error))
  }
}

/** A body that is no JSON. By itself it is a 400; who knows what the body was meant to be says it better. */
export class MalformedJson extends ApiError {
  /** What is wrong, in the words of Go's decoder. */
  readonly why: string

  constructor(why: string) {
    super(badRequest(`couldn't get version/kind; json parse error: ${why}`).status)
    this.why = why
  }
}

/** The body of a patch; throws a 400 that says so. */
export function decodePatch(request: ApiRequest, kind: 'json' | 'merge' | 'strategic'): unknown {
  const refusal = (why: string): ApiError => badRequest(`${kind === 'strategic' ? '' : 'error decoding patch: '}${why}`)
  try {
    const body = decodeBody(request)
    if (body === undefined) throw refusal(goSyntaxError('') ?? '')
    return body
  } catch (error) {
    throw error instanceof MalformedJson ? refusal(error.why) : error
  }
}

/** The members that a JSON body has twice, by their paths. */
export function duplicatesIn(request: ApiRequest): readonly string[] {
  const { body } = request
  if (body === undefined || !('bytes' in body) || bodyTypeOf(request) !== 'application/json') return []
  return duplicateMembers(body.bytes.toString('utf8'))
}

const typeMeta = String.raw`struct { APIVersion string "json:\"apiVersion,omitempty\""; Kind string "json:\"kind,omitempty\"" }`

/** The body that is to become an object of a kind: an object, or nothing where the body is `null`. Throws the 400 for anything else. */
export function decodeResource(request: ApiRequest, kind: string): unknown {
  const refusal = (why: string): ApiError => {
    const { body } = request
    const summary = bodySummary(body !== undefined && 'bytes' in body ? body.bytes : Buffer.alloc(0))
    return badRequest(
      `the object provided is unrecognized (must be of type ${kind}): couldn't get version/kind; json parse error: ${why} (${summary})`,
    )
  }
  let decoded: unknown
  try {
    decoded = decodeBody(request)
  } catch (error) {
    throw error instanceof MalformedJson ? refusal(error.why) : error
  }
  if (decoded === undefined) throw refusal(goSyntaxError('') ?? '')
  if (decoded === null) return {}
  if (!isJsonObject(decoded)) throw refusal(`json: cannot unmarshal ${goJsonType(decoded)} into Go value of type ${typeMeta}`)
  return decoded
}

/** Apply bodies are called YAML and are JSON most of the time. */
function parseYaml(text: string): unknown {
  if (text.trimStart().startsWith('{')) {
    try {
      return JSON.parse(text)
    } catch {
      // A YAML flow mapping.
    }
  }
  try {
    return parse(text, { version: '1.1', schema: 'yaml-1.1', merge: true })
  } catch (error) {
    throw badRequest(`error decoding YAML: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** The body as an object; throws a 400 for anything else. */
export function decodeObject(request: ApiRequest): Record<string, unknown> {
  const body = decodeBody(request)
  if (!isJsonObject(body)) throw badRequest('the request body is empty or no JSON object')
  return body
}
