import { ApiError } from '../../kube/api-error.ts'
import type { Clock } from '../../kube/clock.ts'
import type { Logger } from '../../kube/logger.ts'
import type { Rbac, Action } from './auth/rbac.ts'
import type { Reviews } from './auth/reviews.ts'
import { discoveryReply } from './discovery/discovery.ts'
import { healthReply } from './health.ts'
import type { RequestMetrics } from './metrics.ts'
import type { OpenApiPublisher } from './openapi/publisher.ts'
import { isStreamed } from './pod-streams.ts'
import type { RegisteredResource } from './registry.ts'
import type { ApiRequest, ApiResponse, RequestRecord } from './request.ts'
import type { ResourceTable } from './resources/resource-table.ts'
import { decodeObject } from './rest/body.ts'
import { isTrue } from './rest/list.ts'
import { type ObjectTarget, type ResourceApi, withWarnings } from './rest/resource-api.ts'
import type { SubresourceApi } from './rest/subresource-api.ts'
import { warningsOf } from './rest/write-context.ts'
import { PageNotFound, targetOf, type Target } from './rest/target.ts'
import { forbiddenPath, forbiddenUser, internalError, methodNotAllowed, methodNotSupported, unknownResource } from './status-errors.ts'
import type { Storage } from './storage/storage.ts'
import { nameIn } from './watch/selection.ts'
import type { WatchHub } from './watch/watch-hub.ts'

export interface ApiOptions {
  readonly storage: Storage
  readonly resources: ResourceTable
  readonly objects: ResourceApi
  readonly subresources: SubresourceApi
  readonly reviews: Reviews
  readonly rbac: Rbac
  readonly openapi: OpenApiPublisher
  readonly metrics: RequestMetrics
  readonly hub: WatchHub
  readonly clock: Clock
  readonly logger: Logger
  readonly onRequest: ((record: RequestRecord) => void) | undefined
  /** Says why `pods/exec` and its like cannot be answered without an upgraded connection. */
  readonly refuseStream: (namespace: string, pod: string, query: URLSearchParams) => never
  /** Answers `pods/log`. */
  readonly podLogs: (namespace: string, pod: string, query: URLSearchParams, signal: AbortSignal) => Promise<ApiResponse>
}

const endpointsWarning = 'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice'

const pageNotFound: ApiResponse = { status: 404, kind: 'text', text: '404 page not found\n', contentType: 'text/plain; charset=utf-8' }

/** The verb RBAC and the verbs of a resource know. */
type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete' | 'deletecollection'

const metricVerbs: Readonly<Record<Verb, string>> = {
  get: 'GET',
  list: 'LIST',
  watch: 'WATCH',
  create: 'POST',
  update: 'PUT',
  patch: 'PATCH',
  delete: 'DELETE',
  deletecollection: 'DELETECOLLECTION',
}

const methods: ReadonlySet<string> = new Set(['GET', 'POST', 'PUT', 'PATCH', 'DELETE'])

/** Answers every request but upgrades: finds what the path is about, asks whether the user may, and lets the right part answer. */
export class Api {
  readonly #options: ApiOptions

  constructor(options: ApiOptions) {
    this.#options = options
  }

  /** Never rejects: a refusal is an answer with a `Status`. */
  async handle(request: ApiRequest): Promise<ApiResponse> {
    const started = performance.now()
    let target: Target | undefined
    let response: ApiResponse
    try {
      target = targetOf(request.path, this.#options.resources)
      response = target === undefined ? this.#path(request) : await this.#resource(target, request)
    } catch (error) {
      response = this.failure(error)
    }
    response = withWarnings(response, { warnings: warningsOf(request) })
    this.#record(request, target, response.status, (performance.now() - started) / 1000)
    return response
  }

  /** The answer to an error: its own `Status`, or a 500 for what nobody foresaw. */
  failure(error: unknown): ApiResponse {
    if (error instanceof PageNotFound) return pageNotFound
    if (!(error instanceof ApiError)) {
      this.#options.logger.error('request failed unexpectedly', { error })
      return this.failure(internalError(error instanceof Error ? error.message : String(error)))
    }
    const object = { metadata: {}, ...error.status, kind: 'Status', apiVersion: 'v1', status: 'Failure' }
    const seconds = error.status.details?.retryAfterSeconds
    const headers = seconds === undefined ? {} : { 'retry-after': String(seconds) }
    return { status: error.code === 0 ? 500 : error.code, kind: 'object', object, headers }
  }

  /** Counts what did not come as a request of its own but would on a real cluster: upgraded connections, deletions of the garbage collector. */
  count({ type }: RegisteredResource, subresource: string, verb: string, user: string, code: number): void {
    const { group, version, plural } = type
    const record: RequestRecord = { verb, group, version, resource: plural, subresource, scope: 'resource', code, user }
    this.#options.metrics.observe(record, 0)
    this.#options.onRequest?.(record)
  }

  /** Throws a 403 unless the user may do this. */
  authorize(target: Target, verb: string, request: Pick<ApiRequest, 'user'>): void {
    const { resource, namespace = '', name = '', subresource = '' } = target
    const { group, plural } = resource.type
    const action: Action = { kind: 'resource', verb, group, resource: plural, subresource, namespace, name }
    if (this.#options.rbac.allows(request.user, action)) return
    throw forbiddenUser(
      request.user.name,
      verb,
      subresource === '' ? plural : `${plural}/${subresource}`,
      group,
      resource.type.namespaced ? namespace : undefined,
      name,
    )
  }

  #path(request: ApiRequest): ApiResponse {
    const { method, path } = request
    const { rbac, openapi, metrics, resources, storage, hub } = this.#options
    const verb = method === 'GET' ? 'get' : method.toLowerCase()
    if (!rbac.allows(request.user, { kind: 'path', verb, path })) throw forbiddenPath(request.user.name, verb, path)
    if (method !== 'GET' && path === '/version') throw methodNotAllowed()
    const health = healthReply(path, request.query)
    if (health !== undefined) return health
    if (method !== 'GET') throw methodNotAllowed()
    const discovery = discoveryReply(path, request.headers['accept'], resources.all())
    if (discovery !== undefined)
      return { status: 200, kind: 'object', object: discovery.body as object, contentType: discovery.contentType }
    const document = openapi.reply(path, request.headers['accept'])
    if (document !== undefined) {
      return { status: document.status, kind: 'text', text: document.body, contentType: document.contentType, headers: document.headers }
    }
    if (path === '/metrics') {
      const counts = storage.collectionNames().map(name => [name, storage.collection(name).size] as const)
      return { status: 200, kind: 'text', text: metrics.text(counts, hub.size), contentType: 'text/plain; version=0.0.4; charset=utf-8' }
    }
    // Below the groups of Kubernetes itself also what is not there is a Status.
    const [, root, group] = path.split('/')
    if (root === 'apis' && resources.all().some(({ type, custom }) => type.group === group && !custom)) throw unknownResource()
    return pageNotFound
  }

  async #resource(target: Target, request: ApiRequest): Promise<ApiResponse> {
    const { objects, subresources, reviews, resources } = this.#options
    const { resource } = target
    const verb = verbOf(target, request)
    // A list or watch of one object by its name needs no right to see the others.
    this.authorize({ ...target, name: target.name ?? nameIn(request.query) }, verb, request)
    if (reviews.answers(resource)) {
      if (verb !== 'create') throw methodNotAllowed()
      const now = this.#options.clock.now()
      return { status: 201, kind: 'object', object: reviews.review(resource, target.namespace, decodeObject(request), request.user, now) }
    }
    if (resource.answer !== undefined) {
      if (verb !== 'create') throw methodNotAllowed()
      const question = { namespace: target.namespace ?? '', object: decodeObject(request), signal: request.signal }
      return { status: 201, kind: 'object', object: (await resource.answer(question)) as Record<string, unknown> }
    }
    if (resource.collection === 'bindings') {
      const pods = resources.find('', 'v1', 'pods')
      if (verb !== 'create' || pods === undefined) throw methodNotAllowed()
      return subresources.bindByName(target.namespace ?? '', pods, request)
    }
    if (resource.collection === 'endpoints') warningsOf(request).push(endpointsWarning)
    if (target.subresource !== undefined) return this.#subresource(objectTarget(target), request)
    if (!resource.verbs.includes(verb)) throw verb === 'deletecollection' ? methodNotAllowed() : methodNotSupported(resource.type, verb)
    // Across namespaces there is only reading.
    if (resource.type.namespaced && target.namespace === undefined && request.method !== 'GET') throw methodNotAllowed()
    switch (verb) {
      case 'get':
        return objects.get(objectTarget(target), request)
      case 'list':
        return objects.list(target, request)
      case 'watch':
        return objects.watch(target, request)
      case 'create':
        return objects.create(target, request)
      case 'update':
        return objects.update(objectTarget(target), request)
      case 'patch':
        return objects.patch(objectTarget(target), request)
      case 'delete':
        return objects.delete(objectTarget(target), request)
      case 'deletecollection':
        return objects.deleteCollection(target, request)
    }
  }

  #subresource(target: ObjectTarget, request: ApiRequest): Promise<ApiResponse> {
    if (target.resource.collection === 'pods' && target.subresource === 'log' && request.method === 'GET') {
      return this.#options.podLogs(target.namespace, target.name, request.query, request.signal)
    }
    if (target.resource.collection === 'pods' && isStreamed(target.subresource))
      this.#options.refuseStream(target.namespace, target.name, request.query)
    return this.#options.subresources.handle(target, request)
  }

  #record(request: ApiRequest, target: Target | undefined, code: number, seconds: number): void {
    const { metrics, onRequest } = this.#options
    const base = { code, user: request.user.name }
    let record: RequestRecord
    if (target === undefined || !methods.has(request.method)) {
      record = {
        verb: request.method,
        group: '',
        version: '',
        resource: '',
        subresource: request.path.replace(/^\//, ''),
        scope: '',
        ...base,
      }
    } else {
      const { type } = target.resource
      const verb = verbOf(target, request)
      const isApply = verb === 'patch' && request.headers['content-type']?.startsWith('application/apply-patch') === true
      record = {
        verb: isApply ? 'APPLY' : metricVerbs[verb],
        group: type.group,
        version: type.version,
        resource: type.plural,
        subresource: target.subresource ?? '',
        scope: target.name !== undefined || verb === 'create' ? 'resource' : target.namespace === undefined ? 'cluster' : 'namespace',
        ...base,
      }
    }
    metrics.observe(record, seconds)
    onRequest?.(record)
  }
}

function objectTarget({ resource, namespace, name, subresource }: Target): ObjectTarget {
  if (name === undefined) throw methodNotAllowed()
  return { resource, namespace: namespace ?? '', name, subresource }
}

/** What a method means on a collection or on an object. */
export function verbOf(target: Target, request: Pick<ApiRequest, 'method' | 'query'>): Verb {
  switch (request.method) {
    case 'GET':
      if (target.name !== undefined) return 'get'
      return isTrue(request.query, 'watch') ? 'watch' : 'list'
    case 'POST':
      return 'create'
    case 'PUT':
      return 'update'
    case 'PATCH':
      return 'patch'
    case 'DELETE':
      return target.name === undefined ? 'deletecollection' : 'delete'
    default:
      throw methodNotAllowed()
  }
}
