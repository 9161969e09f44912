/** `allocation.agones.dev/v1` as an aggregated API: what the API server asks of it, and what it answers. */
import { parse as parseYaml } from 'yaml'
import { ApiError } from '../kube/api-error.ts'
import type { Allocator } from './allocator.ts'
import { answerAllocation, gameServerAllocations } from './answer.ts'

interface Request {
  readonly method: string
  readonly path: string
  readonly body: string
  readonly contentType: string
}

interface Answer {
  readonly status: number
  readonly body: object
}

const { group, version, plural, kind } = gameServerAllocations
const groupVersion = `${group}/${version}`
/** The APIService by which the API server knows of it. */
export const apiServiceName = `${version}.${group}`

const resources = {
  kind: 'APIResourceList',
  apiVersion: 'v1',
  groupVersion,
  resources: [{ name: plural, singularName: kind.toLowerCase(), namespaced: true, kind, verbs: ['create'], shortNames: ['gsa'] }],
}
const versions = [{ groupVersion, version }]
const apiGroup = { kind: 'APIGroup', apiVersion: 'v1', name: group, versions, preferredVersion: versions[0] }

/** What is asked by everybody and never changes. The API server collects schemas from all; nothing here has one beside its own validation. */
const documents: Readonly<Record<string, object>> = {
  '/apis': { kind: 'APIGroupList', apiVersion: 'v1', groups: [apiGroup] },
  [`/apis/${group}`]: apiGroup,
  [`/apis/${groupVersion}`]: resources,
  '/openapi/v2': { swagger: '2.0', info: { title: 'Berth', version }, paths: {} },
  '/openapi/v3': { paths: {} },
}

const collection = new RegExp(`^/apis/${group}/${version}/namespaces/([^/]+)/${plural}$`)

export async function answerApiRequest(
  allocator: Allocator,
  { method, path, body, contentType }: Request,
  signal: AbortSignal,
): Promise<Answer> {
  const document = documents[path.replace(/\/$/, '')]
  if (document !== undefined && method === 'GET') return { status: 200, body: document }
  const [, namespace] = collection.exec(path) ?? []
  try {
    if (namespace === undefined) throw problem(404, 'NotFound', 'the server could not find the requested resource')
    if (method !== 'POST') throw problem(405, 'MethodNotAllowed', `${plural} are created, and not kept: ${method} is not possible`)
    return {
      status: 201,
      body: await answerAllocation(allocator, { namespace: decodeURIComponent(namespace), object: parse(body, contentType), signal }),
    }
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    // No answer of the API server is none of ours either.
    return {
      status: error.code === 0 ? 503 : error.code,
      body: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', ...error.status },
    }
  }
}

/** JSON unless something else is said. */
function parse(body: string, contentType: string): Record<string, unknown> {
  const isYaml = contentType === 'application/yaml'
  if (!isYaml && contentType !== 'application/json' && contentType !== '')
    throw problem(
      415,
      'UnsupportedMediaType',
      `the body of the request was in an unknown format - accepted media types include: application/json, application/yaml`,
    )
  let object: unknown
  try {
    object = isYaml ? parseYaml(body) : JSON.parse(body)
  } catch {
    throw problem(400, 'BadRequest', `the body is no ${isYaml ? 'YAML' : 'JSON'}`)
  }
  const { apiVersion, kind: given } = (object ?? {}) as { apiVersion?: unknown; kind?: unknown }
  if (apiVersion === groupVersion && given === kind) return object as Record<string, unknown>
  throw problem(400, 'BadRequest', `the body is no ${kind} of ${groupVersion}`)
}

function problem(code: number, reason: string, message: string): ApiError {
  return new ApiError({ message, reason, code })
}
