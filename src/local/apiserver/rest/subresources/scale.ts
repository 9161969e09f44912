import { ApiError } from '../../../../kube/api-error.ts'
import { formatLabelSelector, labelSelectorOf, type LabelSelectorObject } from '../../../../kube/selector.ts'
import { cloneJson, isJsonObject } from '../../../../schema/json.ts'
import { invalidStatus } from '../../../../schema/status.ts'
import type { Draft, ScalePaths } from '../../registry.ts'
import type { ServedResource } from '../../resources/served-resource.ts'
import { badRequest, noKind } from '../../status-errors.ts'
import { patchError } from '../prepare.ts'
import { deepFreeze, type StoredObject } from '../../storage/stored-object.ts'

/** The `autoscaling/v1` Scale of an object. */
export function scaleOf(paths: ScalePaths, object: StoredObject): StoredObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata
  const selector = selectorText(paths, object)
  const replicas = numberAt(object, paths.specReplicas)
  return deepFreeze({
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, ...(namespace === undefined ? {} : { namespace }), uid, resourceVersion, creationTimestamp },
    // Zero is not written, as Go leaves it out.
    spec: replicas === 0 ? {} : { replicas },
    status: { replicas: numberAt(object, paths.statusReplicas), ...(selector === undefined ? {} : { selector }) },
  }) as StoredObject
}

/** The object with the replicas of a Scale. Throws a 422 for a number that is none. */
export function withScale(resource: ServedResource, paths: ScalePaths, object: StoredObject, scale: unknown): Draft {
  if (!isJsonObject(scale)) throw badRequest('the request body is empty or no Scale')
  const { kind, apiVersion } = scale
  if (typeof kind === 'string' && kind !== '' && kind !== 'Scale') {
    throw patchError(JSON.stringify(scale), noKind(kind, typeof apiVersion === 'string' ? apiVersion : ''))
  }
  const spec = isJsonObject(scale['spec']) ? scale['spec'] : {}
  const metadata = isJsonObject(scale['metadata']) ? scale['metadata'] : {}
  const replicas = spec['replicas'] ?? 0
  const { name } = object.metadata
  if (typeof replicas !== 'number' || !Number.isInteger(replicas))
    throw badRequest('Scale in version "v1" cannot be handled as a Scale: spec.replicas must be an integer')
  // What a custom resource says of its own count is said by its rules.
  if (replicas < 0 && !resource.custom) {
    const errors = [
      { type: 'FieldValueInvalid' as const, field: 'spec.replicas', value: replicas, detail: 'must be greater than or equal to 0' },
    ]
    throw new ApiError(invalidStatus({ group: 'autoscaling', kind: 'Scale' }, name, errors))
  }
  if (typeof metadata['name'] === 'string' && metadata['name'] !== '' && metadata['name'] !== name) {
    throw badRequest(`the name of the object (${metadata['name']}) does not match the name on the URL (${name})`)
  }
  const draft = cloneJson(object) as Draft
  const version = metadata['resourceVersion']
  draft.metadata.resourceVersion = typeof version === 'string' ? version : ''
  setAt(draft, paths.specReplicas, replicas)
  return draft
}

/** What an applied Scale says of the object it scales. */
export function scaleConfiguration(resource: ServedResource, paths: ScalePaths, object: StoredObject, scale: unknown): Draft {
  // Checks the number and the name.
  const scaled = withScale(resource, paths, object, scale)
  const { name, namespace } = object.metadata
  const metadata = { name, ...(namespace === undefined ? {} : { namespace }) }
  const configuration = { apiVersion: resource.apiVersion, kind: resource.type.kind, metadata } as Draft
  setAt(configuration, paths.specReplicas, numberAt(scaled, paths.specReplicas))
  return configuration
}

function membersOf(path: string): string[] {
  return path.split('.').filter(part => part !== '')
}

function valueAt(object: unknown, path: string): unknown {
  let value = object
  for (const member of membersOf(path)) value = isJsonObject(value) ? value[member] : undefined
  return value
}

function numberAt(object: unknown, path: string): number {
  const value = valueAt(object, path)
  return typeof value === 'number' ? value : 0
}

function setAt(object: Draft, path: string, value: unknown): void {
  const members = membersOf(path)
  const last = members.pop()
  let target: Record<string, unknown> = object
  for (const member of members) {
    if (!isJsonObject(target[member])) target[member] = {}
    target = target[member] as Record<string, unknown>
  }
  if (last !== undefined) target[last] = value
}

function selectorText(paths: ScalePaths, object: StoredObject): string | undefined {
  if (paths.labelSelector !== undefined) {
    const text = valueAt(object, paths.labelSelector)
    return typeof text === 'string' ? text : undefined
  }
  const selector = valueAt(object, '.spec.selector')
  if (!isJsonObject(selector)) return undefined
  // ReplicationControllers select by a plain map.
  const isPlain = selector['matchLabels'] === undefined && selector['matchExpressions'] === undefined
  return formatLabelSelector(
    labelSelectorOf(isPlain ? { matchLabels: selector as Record<string, string> } : (selector as LabelSelectorObject)),
  )
}
