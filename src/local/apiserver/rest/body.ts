import { parse } from 'yaml'
import { isJsonObject } from '../../../schema/json.ts'
import type { ApiRequest } from '../request.ts'
import { badRequest, unsupportedMediaType } from '../status-errors.ts'
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
    throw badRequest(`couldn't get version/kind; json parse error: ${error instanceof Error ? error.message : String(error)}`)
  }
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
