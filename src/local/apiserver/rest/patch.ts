import { ApiError } from '../../../kube/api-error.ts'
import { applyJsonPatch } from '../../../kube/patch/json-patch.ts'
import { applyMergePatch } from '../../../kube/patch/merge-patch.ts'
import { PatchError } from '../../../kube/patch/patch-error.ts'
import { applyStrategicPatch } from '../../../kube/patch/strategic-patch.ts'
import { goText } from '../../../schema/go-text.ts'
import { cloneJson, isJsonObject } from '../../../schema/json.ts'
import { invalidStatus } from '../../../schema/status.ts'
import { applyConfiguration, conflictStatus, type ApplyOptions } from '../apply/server-side-apply.ts'
import { typedErrors } from '../apply/typed-value.ts'
import type { Draft } from '../registry.ts'
import type { ServedResource } from '../resources/served-resource.ts'
import { goJsonType } from './go-json.ts'
import { kindProblem, patchError } from './prepare.ts'
import { badRequest, unreasoned, unsupportedMediaType, unsupportedPatch } from '../status-errors.ts'
import type { StoredObject } from '../storage/stored-object.ts'

export type PatchKind = 'json' | 'merge' | 'strategic' | 'apply'

const kinds: Readonly<Record<string, PatchKind>> = {
  'application/json-patch+json': 'json',
  'application/merge-patch+json': 'merge',
  'application/strategic-merge-patch+json': 'strategic',
  'application/apply-patch+yaml': 'apply',
  'application/apply-patch+cbor': 'apply',
}

/** The kind of patch a content type names; 415 for one that the resource does not take. */
export function patchKindOf(resource: ServedResource, contentType: string): PatchKind {
  const kind = kinds[contentType]
  const usable = resource.custom ? ['json', 'merge', 'apply'] : ['json', 'merge', 'strategic', 'apply']
  if (kind === undefined || !usable.includes(kind)) {
    throw kind === undefined
      ? unsupportedPatch()
      : unsupportedMediaType(
          Object.entries(kinds).flatMap(([type, known]) => (usable.includes(known) && !type.endsWith('cbor') ? [type] : [])),
        )
  }
  return kind
}

/** The patched object, free to be changed. Throws 400 for a broken patch and 422 for one that does not fit. */
export function patched(kind: Exclude<PatchKind, 'apply'>, resource: ServedResource, current: StoredObject, patch: unknown): Draft {
  const result = cloneJson(run(kind, resource, current, patch))
  if (!isJsonObject(result) || !isJsonObject(result['metadata'])) throw badRequest('the patched object is no object with metadata')
  const { apiVersion, kind: patchedKind } = result
  if (!resource.custom && current.kind === resource.type.kind && (apiVersion !== current.apiVersion || patchedKind !== current.kind)) {
    throw patchError(JSON.stringify(result), kindProblem(resource, { apiVersion: goText(apiVersion), kind: goText(patchedKind) }) ?? '')
  }
  return result as unknown as Draft
}

function run(kind: Exclude<PatchKind, 'apply'>, resource: ServedResource, current: StoredObject, patch: unknown): unknown {
  try {
    switch (kind) {
      case 'json':
        return applyJsonPatch(current, patch)
      case 'merge':
        if (patch === null) throw badRequest('Invalid JSON Patch')
        if (!isJsonObject(patch)) throw badRequest(`error decoding patch: ${noMap(patch)}`)
        return applyMergePatch(current, patch)
      case 'strategic':
        if (!isJsonObject(patch)) throw badRequest(noMap(patch))
        return applyStrategicPatch(current, patch, resource.schema)
    }
  } catch (error) {
    if (!(error instanceof PatchError)) throw error
    if (error.code === 'Malformed') throw badRequest(error.message)
    // What cannot be merged the real server calls its own failure.
    if (error.code === 'Unmergeable') throw unreasoned(error.message)
    throw new ApiError({
      kind: 'Status',
      apiVersion: 'v1',
      status: 'Failure',
      message: 'the server rejected our request due to an error in our request',
      reason: 'Invalid',
      // Kubernetes keeps what failed to itself.
      details: {},
      code: 422,
    })
  }
}

const noMap = (value: unknown): string => `json: cannot unmarshal ${goJsonType(value)} into Go value of type map[string]interface {}`

/** The object after a server-side apply, with its managed fields; free to be changed. Throws a 409 with every contested field. */
export function applied(resource: ServedResource, current: StoredObject | undefined, config: Draft, options: ApplyOptions): Draft {
  const result = applyConfiguration(resource.schema, current, config, options)
  if (result.outcome === 'conflict') throw new ApiError(conflictStatus(result.conflicts))
  const { managedFields, ...metadata } = result.object.metadata
  const draft = cloneJson({ ...result.object, metadata }) as Draft
  if (managedFields !== undefined && managedFields.length > 0) draft.metadata.managedFields = managedFields
  return draft
}

/** Refuses a configuration that does not fit the schema, as the typed values of Kubernetes' server-side apply do: with a 500. */
export function checkConfiguration(resource: ServedResource, config: Readonly<Draft>): void {
  const errors = typedErrors(resource.schema, config)
  if (errors.length === 0) return
  const { apiVersion, type } = resource
  const subject = `${config.metadata.namespace ?? ''}/${config.metadata.name ?? ''}; ${type.group === '' ? '/' : ''}${apiVersion}, Kind=${type.kind}`
  const text = errors.length === 1 ? (errors[0] ?? '') : ['errors:', ...errors.map(error => `  ${error}`)].join('\n')
  throw new ApiError({
    kind: 'Status',
    apiVersion: 'v1',
    status: 'Failure',
    message: `failed to create typed patch object (${subject}): ${text}`,
    code: 500,
  })
}

/** The rules for the options of an apply that the query must keep. */
export function checkPatchOptions(kind: PatchKind, query: URLSearchParams): void {
  if (kind === 'apply' && (query.get('fieldManager') ?? '') === '') {
    throw new ApiError(
      invalidStatus({ group: 'meta.k8s.io', kind: 'PatchOptions' }, '', [
        { type: 'FieldValueRequired', field: 'fieldManager', detail: 'is required for apply patch' },
      ]),
    )
  }
  if (kind !== 'apply' && query.has('force')) {
    throw new ApiError(
      invalidStatus({ group: 'meta.k8s.io', kind: 'PatchOptions' }, '', [
        { type: 'FieldValueForbidden', field: 'force', detail: 'may not be specified for non-apply patch' },
      ]),
    )
  }
}
