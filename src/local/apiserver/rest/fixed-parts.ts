import type { Draft, StrategyContext } from '../registry.ts'
import type { ServedResource } from '../resources/served-resource.ts'
import { badRequest, conflict } from '../status-errors.ts'
import type { StoredObject } from '../storage/stored-object.ts'
import { dropEmptyMeta, specChanged } from './object-meta.ts'
import { fillDefaults, fillStatusDefaults } from './prepare.ts'

/**
 * The new state of an object with everything put back that its writer may not change: identity, the server's own metadata, the status or
 * all but the status; defaulted, and with its generation counted. Changes the draft. Throws 400 and 409 for a draft of another object.
 * @param track records who owns which fields: what the writer sent, before the rules of the kind change it
 */
export function withFixedParts(
  resource: ServedResource,
  current: StoredObject,
  draft: Draft,
  context: StrategyContext,
  track: (object: Draft) => void,
): Draft {
  const { metadata } = draft
  const old = current.metadata
  if (metadata.name !== undefined && metadata.name !== '' && metadata.name !== old.name) {
    throw badRequest(`the name of the object (${metadata.name}) does not match the name on the URL (${old.name})`)
  }
  if (metadata.namespace !== undefined && metadata.namespace !== '' && metadata.namespace !== (old.namespace ?? '')) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request')
  }
  if (metadata.uid !== undefined && metadata.uid !== '' && metadata.uid !== old.uid) {
    const key = ['/registry', ...(resource.type.group === '' || !resource.custom ? [] : [resource.type.group]), resource.type.plural]
    const path = [...key, ...(old.namespace === undefined ? [] : [old.namespace]), old.name].join('/')
    const problem = `Precondition failed: UID in precondition: ${metadata.uid}, UID in object meta: ${old.uid}`
    const why = `StorageError: invalid object, Code: 4, Key: ${path}, ResourceVersion: 0, AdditionalErrorMsg: ${problem}`
    throw conflict(resource.type, old.name, why)
  }
  dropEmptyMeta(metadata as unknown as Record<string, unknown>)
  metadata.name = old.name
  metadata.uid = old.uid
  metadata.resourceVersion = old.resourceVersion
  metadata.creationTimestamp = old.creationTimestamp
  keep(metadata, old, 'namespace')
  keep(metadata, old, 'generateName')
  keep(metadata, old, 'generation')
  keep(metadata, old, 'deletionTimestamp')
  keep(metadata, old, 'deletionGracePeriodSeconds')
  keep(metadata, old, 'selfLink')
  const object = resource.conversion?.toStored(draft) ?? draft
  const { subresource } = context
  if (subresource === 'status') {
    keepAllButStatus(resource, current, object)
    fillStatusDefaults(resource, object)
  } else {
    if (resource.hasStatus) delete object['status']
    fillDefaults(resource, object)
    if (resource.hasStatus && current['status'] !== undefined) object['status'] = current['status']
    else if (resource.hasStatus) delete object['status']
  }
  track(object)
  resource.strategy.prepareForUpdate?.(object, current, context)
  const counts = resource.custom || resource.strategy.hasGeneration
  if (counts && subresource !== 'status' && specChanged(object, current, resource.custom, resource.hasStatus)) {
    object.metadata.generation = (old.generation ?? 0) + 1
  }
  return object
}

/** A write of `status` leaves everything else as it was; labels and annotations of built-in kinds may come along, as in Kubernetes. */
function keepAllButStatus(resource: ServedResource, current: StoredObject, object: Draft): void {
  for (const key of Object.keys(object)) {
    if (key !== 'status' && key !== 'metadata' && !(key in current)) delete object[key]
  }
  for (const key of Object.keys(current)) if (key !== 'status' && key !== 'metadata') object[key] = current[key]
  const { metadata } = object
  const old = current.metadata
  if (resource.custom) {
    object.metadata = { ...old, ...(metadata.managedFields === undefined ? {} : { managedFields: metadata.managedFields }) }
    return
  }
  if (old.ownerReferences === undefined) delete metadata.ownerReferences
  else metadata.ownerReferences = old.ownerReferences as NonNullable<typeof metadata.ownerReferences>
  if (resource.type.group === 'apps') {
    if (old.labels === undefined) delete metadata.labels
    else metadata.labels = old.labels
  }
}

function keep<K extends keyof Draft['metadata']>(metadata: Draft['metadata'], old: StoredObject['metadata'], key: K): void {
  if (old[key] === undefined) delete metadata[key]
  else metadata[key] = old[key]
}
