import type { Clock } from '../../../kube/clock.ts'
import { formatTime } from '../../../kube/clock.ts'
import { isNotFound } from '../../../kube/api-error.ts'
import { cloneJson, isJsonObject } from '../../../schema/json.ts'
import type { Draft } from '../registry.ts'
import type { ApiRequest, ApiResponse } from '../request.ts'
import type { ServedResource } from '../resources/served-resource.ts'
import { served } from '../resources/served-resource.ts'
import { badRequest, conflict, methodNotAllowed, notFound, tooLargeResourceVersion } from '../status-errors.ts'
import type { Storage } from '../storage/storage.ts'
import { openWatch } from '../watch/open-watch.ts'
import { selectionOf } from '../watch/selection.ts'
import type { WatchHub } from '../watch/watch-hub.ts'
import { bodyTypeOf, decodeBody, decodePatch, decodeResource, duplicatesIn } from './body.ts'
import { deleteOptionsOf } from './delete-options.ts'
import { integerOf, isTrue, listPage, versionOf } from './list.ts'
import type { ObjectRemover, RemoveOptions } from './object-remover.ts'
import type { ObjectWriter } from './object-writer.ts'
import { applied, checkConfiguration, checkPatchOptions, patched, patchKindOf } from './patch.ts'
import { listOptionErrors, refuseOptions } from './options-errors.ts'
import { asDraft } from './prepare.ts'
import { listResponse, objectResponse, viewOf, viewStream, type View } from './representation.ts'
import type { Target } from './target.ts'
import { writeContextOf, type WriteContext } from './write-context.ts'

export interface ResourceApiOptions {
  readonly storage: Storage
  readonly hub: WatchHub
  readonly writer: ObjectWriter
  readonly remover: ObjectRemover
  readonly clock: Clock
}

/** An object of the resource API: namespace (empty when cluster-scoped) and name. */
export interface ObjectTarget {
  readonly resource: ServedResource
  readonly namespace: string
  readonly name: string
  readonly subresource: string | undefined
}

/** Time after which a watch without `timeoutSeconds` ends, so that clients come back now and then. */
const defaultWatchSeconds = 3600

/** The verbs on collections, on objects and on their `status`. */
export class ResourceApi {
  readonly #storage: Storage
  readonly #hub: WatchHub
  readonly #writer: ObjectWriter
  readonly #remover: ObjectRemover
  readonly #clock: Clock

  constructor(options: ResourceApiOptions) {
    this.#storage = options.storage
    this.#hub = options.hub
    this.#writer = options.writer
    this.#remover = options.remover
    this.#clock = options.clock
  }

  view(request: ApiRequest): View {
    return viewOf(request.headers['accept'], request.query, new Date(this.#clock.now()))
  }

  get(target: ObjectTarget, request: ApiRequest): ApiResponse {
    const asked = versionOf(request.query)
    if (asked !== undefined && asked > this.#storage.revision) throw tooLargeResourceVersion(asked, this.#storage.revision)
    const object = this.#storage.get(target.resource.collection, target.namespace, target.name)
    if (object === undefined) throw notFound(target.resource.type, target.name)
    return objectResponse(this.view(request), target.resource, served(target.resource, object))
  }

  list({ resource, namespace }: Target, request: ApiRequest): ApiResponse {
    refuseOptions('ListOptions', listOptionErrors(request.query, false))
    const selection = selectionOf(resource, request.query, namespace)
    return listResponse(this.view(request), resource, listPage(this.#storage, resource, selection, request.query))
  }

  watch({ resource, namespace, name }: Target, request: ApiRequest): ApiResponse {
    const { query } = request
    refuseOptions('ListOptions', listOptionErrors(query, true))
    const view = this.view(request)
    const stream = openWatch(this.#storage, this.#hub, resource, selectionOf(resource, query, namespace, name), query)
    const seconds = integerOf(query, 'timeoutSeconds') ?? 0
    const timer = this.#clock.after((seconds > 0 ? seconds : defaultWatchSeconds) * 1000, () => stream.close())
    const shown = viewStream(stream, view, resource, () => new Date(this.#clock.now()))
    return {
      status: 200,
      kind: 'watch',
      stream: {
        get ended() {
          return shown.ended
        },
        wait: () => shown.wait(),
        take: () => shown.take(),
        [Symbol.dispose]: () => {
          timer[Symbol.dispose]()
          shown[Symbol.dispose]()
        },
      },
    }
  }

  async create({ resource, namespace, name }: Target, request: ApiRequest): Promise<ApiResponse> {
    if (name !== undefined) throw methodNotAllowed()
    const view = this.view(request)
    const context = writeContextOf(request, undefined)
    const draft = asDraft(resource, decodeResource(request, resource.type.kind))
    noteDuplicates(resource, request, context)
    const space = resource.type.namespaced ? (namespace ?? draft.metadata.namespace ?? '') : ''
    if (resource.type.namespaced && space === '') throw badRequest('an empty namespace may not be set during creation')
    const object = await this.#writer.create(resource, space, draft, context)
    return withWarnings(objectResponse(view, resource, object, 201), context)
  }

  async update(target: ObjectTarget, request: ApiRequest): Promise<ApiResponse> {
    const { resource, namespace, name, subresource } = target
    const view = this.view(request)
    const context = writeContextOf(request, subresource)
    const draft = asDraft(resource, decodeResource(request, resource.type.kind))
    noteDuplicates(resource, request, context)
    if ((draft.metadata.name ?? '') === '') {
      throw badRequest(`the name of the object (${name} based on URL) was undeterminable: name must be provided`)
    }
    let first: Draft | undefined = draft
    const object = await this.#writer.update(
      resource,
      namespace,
      name,
      () => {
        // A second round is rare; the draft was changed in the first.
        const use = first ?? asDraft(resource, decodeBody(request))
        first = undefined
        return use
      },
      context,
    )
    return withWarnings(objectResponse(view, resource, object), context)
  }

  async patch(target: ObjectTarget, request: ApiRequest): Promise<ApiResponse> {
    const { resource, namespace, name, subresource } = target
    const view = this.view(request)
    const context = writeContextOf(request, subresource)
    const kind = patchKindOf(resource, bodyTypeOf(request))
    checkPatchOptions(kind, request.query)
    if (kind === 'apply') return this.#apply(target, request, view, context)
    const patch = decodePatch(request, kind)
    const object = await this.#writer.update(resource, namespace, name, current => patched(kind, resource, current, patch), context, {
      retries: true,
      patch: { kind, body: patch },
    })
    return withWarnings(objectResponse(view, resource, object), context)
  }

  async #apply(target: ObjectTarget, request: ApiRequest, view: View, context: WriteContext): Promise<ApiResponse> {
    const { resource, namespace, name, subresource } = target
    const config = configurationOf(resource, decodeBody(request))
    if (config.metadata.managedFields !== undefined) throw badRequest('metadata.managedFields must be nil')
    checkName(config, namespace, name)
    checkConfiguration(resource, config)
    const options = {
      manager: context.fieldManager,
      apiVersion: resource.apiVersion,
      subresource,
      time: formatTime(this.#clock.now()),
      force: isTrue(request.query, 'force'),
      hasStatus: resource.hasStatus,
    }
    const exists = (): boolean => this.#storage.get(resource.collection, namespace, name) !== undefined
    if (!exists()) {
      if (subresource !== undefined) throw notFound(resource.type, name)
      const { uid } = config.metadata
      if (uid !== undefined && uid !== '')
        throw conflict(resource.type, name, `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`)
      const draft = applied(resource, undefined, cloneJson(config), options)
      draft.metadata.name = name
      const object = await this.#writer.create(resource, namespace, draft, context, { ownsManagedFields: true })
      return withWarnings(objectResponse(view, resource, object, 201), context)
    }
    const produce = (current: Readonly<Draft>): Draft => applied(resource, current, config, options)
    const object = await this.#writer.update(resource, namespace, name, produce, context, { ownsManagedFields: true, retries: true })
    return withWarnings(objectResponse(view, resource, object), context)
  }

  async delete(target: ObjectTarget, request: ApiRequest): Promise<ApiResponse> {
    const { resource, namespace, name } = target
    const view = this.view(request)
    const { options: asked, context } = deleteOptionsOf(request, writeContextOf(request, undefined))
    const options = asked.propagationPolicy === undefined ? { ...asked, ...defaultOptionsOf(resource, context) } : asked
    const { object, gone } = await this.#remover.remove(resource, namespace, name, options, context)
    const returnsObject = !gone || resource.collection === 'pods' || resource.collection === 'services'
    if (returnsObject) return withWarnings(objectResponse(view, resource, object), context)
    const { group, plural } = resource.type
    const details = { name, ...(group === '' ? {} : { group }), kind: plural, uid: object.metadata.uid }
    return withWarnings(
      { status: 200, kind: 'object', object: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details } },
      context,
    )
  }

  async deleteCollection({ resource, namespace }: Target, request: ApiRequest): Promise<ApiResponse> {
    const view = this.view(request)
    const { options, context } = deleteOptionsOf(request, writeContextOf(request, undefined))
    const page = listPage(this.#storage, resource, selectionOf(resource, request.query, namespace), request.query)
    for (const { metadata } of page.items) {
      try {
        await this.#remover.remove(resource, metadata.namespace ?? '', metadata.name, options, context)
      } catch (error) {
        // Gone meanwhile: what was wanted.
        if (!isNotFound(error)) throw error
      }
    }
    return withWarnings(listResponse(view, resource, page), context)
  }
}

/** Jobs leave their pods behind, as they always did, unless the request says something else. */
function defaultOptionsOf({ collection }: ServedResource, { warnings }: WriteContext): RemoveOptions {
  if (collection !== 'jobs.batch') return {}
  warnings.push(orphansWarning)
  return { propagationPolicy: 'Orphan' }
}

const orphansWarning =
  'child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning'

/** Warns of members that a body has twice, or refuses it. */
function noteDuplicates({ type }: ServedResource, request: ApiRequest, { fieldValidation, warnings }: WriteContext): void {
  if (fieldValidation === 'Ignore') return
  const texts = duplicatesIn(request).map(path => `duplicate field ${JSON.stringify(path)}`)
  if (texts.length === 0) return
  if (fieldValidation === 'Warn') warnings.push(...texts)
  else
    throw badRequest(
      `${type.kind} in version ${JSON.stringify(type.version)} cannot be handled as a ${type.kind}: strict decoding error: ${texts.join(', ')}`,
    )
}

/** What is applied has to say what it is. Throws a 400. */
function configurationOf(resource: ServedResource, body: unknown): Draft {
  const { apiVersion = '', kind = '' } = isJsonObject(body) ? (body as { apiVersion?: string; kind?: string }) : {}
  if (apiVersion !== resource.apiVersion || kind !== resource.type.kind) {
    throw badRequest(`invalid object type: ${apiVersion.includes('/') ? '' : '/'}${apiVersion}, Kind=${kind}`)
  }
  return asDraft(resource, body)
}

function checkName({ metadata }: Draft, namespace: string, name: string): void {
  if (metadata.name !== undefined && metadata.name !== '' && metadata.name !== name) {
    throw badRequest(`the name of the object (${metadata.name}) does not match the name on the URL (${name})`)
  }
  metadata.name = name
  if (metadata.namespace !== undefined && metadata.namespace !== '' && metadata.namespace !== namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request')
  }
}

/** An answer with the warnings its write collected. */
export function withWarnings(response: ApiResponse, { warnings }: Pick<WriteContext, 'warnings'>): ApiResponse {
  if (warnings.length === 0) return response
  // Each warning once. Headers are Latin text; names of unknown fields may be anything.
  const header = [...new Set(warnings)].map(text => `299 - ${JSON.stringify(text.replaceAll(/[^\x20-\x7e]/g, '?'))}`).join(', ')
  return { ...response, headers: { ...response.headers, warning: header } }
}
