/** The parts every Kubernetes object has. Times stay RFC 3339 strings, so nothing is lost between reading and writing. */

export interface OwnerReference {
  apiVersion: string
  kind: string
  name: string
  uid: string
  controller?: boolean
  blockOwnerDeletion?: boolean
}

export interface ManagedFieldsEntry {
  manager?: string
  operation?: 'Apply' | 'Update'
  apiVersion?: string
  time?: string
  fieldsType?: string
  fieldsV1?: Record<string, unknown>
  subresource?: string
}

/** Metadata of an object that an API server has stored. */
export interface ObjectMeta {
  name: string
  generateName?: string
  namespace?: string
  uid: string
  resourceVersion: string
  generation?: number
  creationTimestamp: string
  deletionTimestamp?: string
  deletionGracePeriodSeconds?: number
  labels?: Record<string, string>
  annotations?: Record<string, string>
  ownerReferences?: OwnerReference[]
  finalizers?: string[]
  managedFields?: ManagedFieldsEntry[]
  selfLink?: string
}

/** Metadata of an object that is about to be created: the server fills in the rest. */
export type NewObjectMeta = Partial<ObjectMeta>

export interface KubeObject {
  apiVersion: string
  kind: string
  metadata: ObjectMeta
}

/** An object on its way to `create`: everything of the kind but what the server assigns. */
export type New<T extends KubeObject> = Omit<T, 'metadata' | 'apiVersion' | 'kind'> & {
  apiVersion?: string
  kind?: string
  metadata: NewObjectMeta
}

/** What a list call returns. */
export interface ObjectList<T> {
  apiVersion: string
  kind: string
  metadata: { resourceVersion: string; continue?: string; remainingItemCount?: number }
  items: T[]
}

/**
 * Objects that come from a client, a watch or a store are shared and may be frozen: copy before changing.
 * The type makes the compiler hold that rule.
 */
export type DeepReadonly<T> = T extends (infer Item)[]
  ? readonly DeepReadonly<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> }
    : T

/** `namespace/name`, or `name` alone for cluster-scoped objects: the key of stores and queues. */
export type ObjectKey = string

/** The key of an object in stores and queues. */
export function keyOf(object: { readonly metadata: { readonly name: string; readonly namespace?: string } }): ObjectKey {
  const { namespace, name } = object.metadata
  return namespace === undefined || namespace === '' ? name : `${namespace}/${name}`
}

/** The inverse of {@link keyOf}. */
export function splitKey(key: ObjectKey): { namespace: string | undefined; name: string } {
  const slash = key.indexOf('/')
  return slash < 0 ? { namespace: undefined, name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) }
}
