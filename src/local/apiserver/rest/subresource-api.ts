import { ApiError } from '../../../kube/api-error.ts'
import type { Clock } from '../../../kube/clock.ts'
import { formatTime } from '../../../kube/clock.ts'
import { isJsonObject } from '../../../schema/json.ts'
import { invalidStatus } from '../../../schema/status.ts'
import { invalid } from '../kinds/field-errors.ts'
import { issuer, type TokenSigner } from '../auth/tokens.ts'
import type { ApiRequest, ApiResponse } from '../request.ts'
import { badRequest, forbidden, methodNotAllowed, notFound, unknownResource } from '../status-errors.ts'
import type { Storage } from '../storage/storage.ts'
import type { StoredObject } from '../storage/stored-object.ts'
import { bodyTypeOf, decodeBody, decodeObject, decodePatch } from './body.ts'
import { deleteOptionsOf } from './delete-options.ts'
import { isTrue } from './list.ts'
import type { ObjectRemover } from './object-remover.ts'
import type { ObjectWriter } from './object-writer.ts'
import { applied, checkPatchOptions, patched, patchKindOf } from './patch.ts'
import { asDraft, refuse } from './prepare.ts'
import type { ObjectTarget, ResourceApi } from './resource-api.ts'
import { withWarnings } from './resource-api.ts'
import { bound } from './subresources/binding.ts'
import { checkEviction } from './subresources/eviction.ts'
import { scaleConfiguration, scaleOf, withScale } from './subresources/scale.ts'
import { writeContextOf } from './write-context.ts'

export interface SubresourceApiOptions {
  readonly storage: Storage
  readonly writer: ObjectWriter
  readonly remover: ObjectRemover
  readonly objects: ResourceApi
  readonly signer: TokenSigner
  readonly clock: Clock
}

const success = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 }

/** Subresources other than the streams of a pod. */
export class SubresourceApi {
  readonly #options: SubresourceApiOptions

  constructor(options: SubresourceApiOptions) {
    this.#options = options
  }

  async handle(target: ObjectTarget, request: ApiRequest): Promise<ApiResponse> {
    const key = `${request.method} ${target.subresource ?? ''}`
    switch (key) {
      case 'GET status':
      case 'GET resize':
      case 'GET ephemeralcontainers':
        return this.#options.objects.get(target, request)
      case 'PUT status':
        return this.#options.objects.update(target, request)
      case 'PATCH status':
        return this.#options.objects.patch(target, request)
      case 'GET scale':
        return { status: 200, kind: 'object', object: scaleOf(this.#scalePaths(target), this.#stored(target)) }
      case 'PUT scale':
        return this.#scale(target, request, () => decodeBody(request))
      case 'PATCH scale':
        return this.#patchScale(target, request)
      case 'POST binding':
        return this.#bind(target, request)
      case 'POST eviction':
        return this.#evict(target, request)
      case 'PUT finalize':
        return this.#finalize(target, request)
      case 'POST token':
        return this.#token(target, request)
      case 'PUT resize':
      case 'PATCH resize':
      case 'PATCH ephemeralcontainers':
      case 'PUT ephemeralcontainers':
        throw forbidden(target.resource.type, target.name, `${target.subresource ?? ''} is not supported by the embedded cluster`)
      default:
        if (target.resource.subresources.some(({ name }) => name === target.subresource)) throw methodNotAllowed()
        throw unknownResource()
    }
  }

  /** POST /bindings: the same without a pod in the path. */
  async bindByName(namespace: string, pods: ObjectTarget['resource'], request: ApiRequest): Promise<ApiResponse> {
    const body = decodeObject(request)
    const metadata = isJsonObject(body['metadata']) ? body['metadata'] : {}
    return this.#bind({ resource: pods, namespace, name: textAt(metadata, 'name'), subresource: 'binding' }, request)
  }

  #stored({ resource, namespace, name }: ObjectTarget): StoredObject {
    const object = this.#options.storage.get(resource.collection, namespace, name)
    if (object === undefined) throw notFound(resource.type, name)
    return object
  }

  #scalePaths({ resource }: ObjectTarget) {
    if (resource.scale === undefined) throw unknownResource()
    return resource.scale
  }

  async #patchScale(target: ObjectTarget, request: ApiRequest): Promise<ApiResponse> {
    const paths = this.#scalePaths(target)
    // Scale has no lists, so a strategic patch of it is a merge patch.
    const asked = bodyTypeOf(request)
    const kind = patchKindOf({ ...target.resource, custom: false }, asked)
    checkPatchOptions(kind, request.query)
    if (kind === 'apply') return this.#applyScale(target, request)
    const patch = decodePatch(request, kind)
    return this.#scale(target, request, current =>
      patched(kind === 'json' ? 'json' : 'merge', target.resource, scaleOf(paths, current), patch),
    )
  }

  /** An apply of a Scale is one of the object that has nothing but replicas. */
  async #applyScale(target: ObjectTarget, request: ApiRequest): Promise<ApiResponse> {
    const { resource, namespace, name } = target
    const paths = this.#scalePaths(target)
    const scale = decodeObject(request)
    const context = writeContextOf(request, 'scale')
    const options = {
      manager: context.fieldManager,
      apiVersion: resource.apiVersion,
      subresource: 'scale',
      time: formatTime(this.#options.clock.now()),
      force: isTrue(request.query, 'force'),
      hasStatus: resource.hasStatus,
    }
    const produce = (current: StoredObject) => applied(resource, current, scaleConfiguration(resource, paths, current, scale), options)
    const flags = { ownsManagedFields: true, retries: true }
    const object = await this.#options.writer.update(resource, namespace, name, produce, context, flags)
    return withWarnings({ status: 200, kind: 'object', object: scaleOf(paths, object) }, context)
  }

  async #scale(target: ObjectTarget, request: ApiRequest, scaleFor: (current: StoredObject) => unknown): Promise<ApiResponse> {
    const { resource, namespace, name } = target
    const paths = this.#scalePaths(target)
    const context = { ...writeContextOf(request, 'scale') }
    const produce = (current: StoredObject) => withScale(resource, paths, current, scaleFor(current))
    const object = await this.#options.writer.update(resource, namespace, name, produce, context, { retries: request.method === 'PATCH' })
    return withWarnings({ status: 200, kind: 'object', object: scaleOf(paths, object) }, context)
  }

  #bind({ resource, namespace, name }: ObjectTarget, request: ApiRequest): ApiResponse {
    const body = decodeObject(request)
    const now = this.#options.clock.now()
    this.#options.writer.overwrite(resource, namespace, name, pod => bound(pod, body, now), writeContextOf(request, 'binding'))
    return { status: 201, kind: 'object', object: success }
  }

  async #evict(target: ObjectTarget, request: ApiRequest): Promise<ApiResponse> {
    const { resource, namespace, name } = target
    const body = decodeObject(request)
    const { kind } = body
    if (typeof kind === 'string' && kind !== '' && kind !== 'Eviction') {
      const { type } = resource
      const from = `${textAt(body, 'apiVersion')}.${kind}`
      throw badRequest(
        `${kind} in version ${JSON.stringify(type.version)} cannot be handled as a Eviction: converting (${from}) to (policy.Eviction): unknown conversion`,
      )
    }
    const named = isJsonObject(body['metadata']) ? textAt(body['metadata'], 'name') : ''
    if (named !== '' && named !== name) throw badRequest('name in URL does not match name in Eviction object')
    const deleteOptions = isJsonObject(body['deleteOptions']) ? body['deleteOptions'] : {}
    checkEviction(this.#options.storage, this.#stored(target))
    const inner: ApiRequest = { ...request, body: { value: deleteOptions } }
    const { options, context } = deleteOptionsOf(inner, writeContextOf(request, 'eviction'))
    await this.#options.remover.remove(resource, namespace, name, options, context)
    return { status: 201, kind: 'object', object: success }
  }

  #finalize({ resource, namespace, name }: ObjectTarget, request: ApiRequest): ApiResponse {
    const draft = asDraft(resource, decodeBody(request))
    const spec = isJsonObject(draft['spec']) ? draft['spec'] : {}
    const finalizers = Array.isArray(spec['finalizers']) ? spec['finalizers'].map(String) : []
    refuse(
      resource,
      name,
      finalizers.flatMap((finalizer, index) =>
        finalizer === 'kubernetes' || finalizer.includes('/')
          ? []
          : [invalid(`spec.finalizers[${index}]`, finalizer, 'name is neither a standard finalizer name nor is it fully qualified')],
      ),
    )
    const object = this.#options.writer.overwrite(
      resource,
      namespace,
      name,
      current => ({ ...current, spec: { ...(current['spec'] as object | undefined), finalizers } }),
      writeContextOf(request, 'finalize'),
      { tracked: true },
    )
    return { status: 200, kind: 'object', object }
  }

  #token(target: ObjectTarget, request: ApiRequest): ApiResponse {
    const { storage, signer, clock } = this.#options
    const body = decodeObject(request)
    const account = this.#stored(target)
    const spec = isJsonObject(body['spec']) ? body['spec'] : {}
    const seconds = typeof spec['expirationSeconds'] === 'number' ? spec['expirationSeconds'] : 3600
    if (seconds < 600) {
      const error = invalid('spec.expirationSeconds', seconds, 'may not specify a duration less than 10 minutes')
      throw new ApiError(invalidStatus({ group: 'authentication.k8s.io', kind: 'TokenRequest' }, '', [error]))
    }
    const audiences = Array.isArray(spec['audiences']) && spec['audiences'].length > 0 ? spec['audiences'].map(String) : [issuer]
    const bound = isJsonObject(spec['boundObjectRef']) ? spec['boundObjectRef'] : undefined
    const boundName = textAt(bound ?? {}, 'name')
    if (bound !== undefined && !['Pod', 'Node', 'Secret'].includes(textAt(bound, 'kind'))) {
      const version = textAt(bound, 'apiVersion')
      throw badRequest(`cannot bind token to object of type ${version.includes('/') ? '' : '/'}${version}, Kind=${textAt(bound, 'kind')}`)
    }
    const boundObject = bound?.['kind'] === 'Pod' ? storage.get('pods', target.namespace, boundName) : undefined
    if (bound?.['kind'] === 'Pod' && boundObject === undefined) throw notFound({ group: '', plural: 'pods' }, boundName)
    const now = Math.floor(clock.now() / 1000)
    const claims = {
      namespace: target.namespace,
      name: target.name,
      uid: account.metadata.uid,
      issuedAt: now,
      expiresAt: now + seconds,
      audiences,
      ...(boundObject === undefined ? {} : { boundTo: { kind: 'Pod', name: boundName, uid: boundObject.metadata.uid } }),
    }
    return {
      status: 201,
      kind: 'object',
      object: {
        kind: 'TokenRequest',
        apiVersion: 'authentication.k8s.io/v1',
        metadata: { name: target.name, namespace: target.namespace, creationTimestamp: formatTime(now * 1000) },
        spec: { audiences, expirationSeconds: seconds, boundObjectRef: bound ?? null },
        status: { token: signer.sign(claims), expirationTimestamp: formatTime((now + seconds) * 1000) },
      },
    }
  }
}

function textAt(object: Readonly<Record<string, unknown>>, key: string): string {
  const value = object[key]
  return typeof value === 'string' ? value : ''
}
