import type { DeepReadonly, KubeObject, OwnerReference } from './object.ts'

type Owned = DeepReadonly<{ metadata: { ownerReferences?: OwnerReference[] } }>

/** The reference that makes `owner` the managing owner; children go when it goes. */
export function controllerReference(owner: DeepReadonly<Pick<KubeObject, 'apiVersion' | 'kind' | 'metadata'>>): OwnerReference {
  return { ...ownerReference(owner), controller: true, blockOwnerDeletion: true }
}

/** A reference that only ties the lifetime. */
export function ownerReference(owner: DeepReadonly<Pick<KubeObject, 'apiVersion' | 'kind' | 'metadata'>>): OwnerReference {
  return { apiVersion: owner.apiVersion, kind: owner.kind, name: owner.metadata.name, uid: owner.metadata.uid }
}

/** The managing owner, if there is one. */
export function controllerOf(object: Owned): DeepReadonly<OwnerReference> | undefined {
  return object.metadata.ownerReferences?.find(reference => reference.controller === true)
}

/** Whether `owner` (by uid, so not a later namesake) manages the object. */
export function isControlledBy(object: Owned, owner: { readonly metadata: { readonly uid: string } }): boolean {
  return controllerOf(object)?.uid === owner.metadata.uid
}

/** Index function: the uid of the managing owner. */
export function byControllerUid(object: Owned): readonly string[] {
  const owner = controllerOf(object)
  return owner === undefined ? [] : [owner.uid]
}
