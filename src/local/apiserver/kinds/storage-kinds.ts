import type { PersistentVolume, PersistentVolumeClaim, StorageClass } from '../../../apis/core/types.generated.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import type { KindStrategy } from '../registry.ts'
import { required } from './field-errors.ts'
import { storageClassErrors } from './small-kinds.ts'

/** The defaults of a claim; StatefulSets give them to their templates as well. */
export function defaultClaim(claim: PersistentVolumeClaim): void {
  if (claim.spec !== undefined) claim.spec.volumeMode ??= 'Filesystem'
  claim.status ??= {}
  claim.status.phase ??= 'Pending'
}

export const claimStrategy: KindStrategy = {
  hasGeneration: false,
  applyDefaults: draft => defaultClaim(draft as unknown as PersistentVolumeClaim),
  validate(object) {
    const { spec } = object as unknown as DeepReadonly<PersistentVolumeClaim>
    const errors = (spec?.accessModes ?? []).length === 0 ? [required('spec.accessModes', 'at least 1 access mode is required')] : []
    if (spec?.resources?.requests?.['storage'] === undefined) errors.push(required('spec.resources[storage]'))
    return errors
  },
}

export const volumeStrategy: KindStrategy = {
  hasGeneration: false,
  applyDefaults(draft) {
    const volume = draft as unknown as PersistentVolume
    if (volume.spec !== undefined) {
      volume.spec.persistentVolumeReclaimPolicy ??= 'Retain'
      volume.spec.volumeMode ??= 'Filesystem'
    }
    volume.status ??= {}
    volume.status.phase ??= 'Pending'
  },
}

export const storageClassStrategy: KindStrategy = {
  hasGeneration: false,
  applyDefaults(draft) {
    const storageClass = draft as unknown as StorageClass
    storageClass.reclaimPolicy ??= 'Delete'
    storageClass.volumeBindingMode ??= 'Immediate'
  },
  validate: storageClassErrors,
}
