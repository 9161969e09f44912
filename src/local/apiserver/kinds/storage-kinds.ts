import type { PersistentVolume, PersistentVolumeClaim, StorageClass } from '../../../apis/core/types.generated.ts'
import { formatTime } from '../../../kube/clock.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import type { FieldError } from '../../../schema/field-error.ts'
import { equalJson } from '../../../schema/json.ts'
import type { Draft, KindStrategy } from '../registry.ts'
import { forbidden, immutable, oneOf, required } from './field-errors.ts'

/** The defaults of a claim; StatefulSets give them to their templates as well. */
export function defaultClaim(claim: PersistentVolumeClaim): void {
  if (claim.spec !== undefined) claim.spec.volumeMode ??= 'Filesystem'
}

export const claimStrategy: KindStrategy = {
  hasGeneration: false,
  applyDefaults: draft => defaultClaim(draft as unknown as PersistentVolumeClaim),
  prepareForCreate(draft) {
    ;(draft as unknown as PersistentVolumeClaim).status = { phase: 'Pending' }
  },
  validate(object, old, { subresource }) {
    const { spec } = object as unknown as DeepReadonly<PersistentVolumeClaim>
    if (subresource === 'status') return []
    if (old !== undefined) return claimChangeErrors(object, old)
    const errors = (spec?.accessModes ?? []).length === 0 ? [required('spec.accessModes', 'at least 1 access mode is required')] : []
    if (spec?.resources?.requests?.['storage'] === undefined) errors.push(required('spec.resources[storage]'))
    for (const mode of spec?.accessModes ?? []) errors.push(...oneOf('spec.accessModes', mode, accessModes))
    return errors
  },
}

const accessModes = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod']

const claimText = 'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims'

/** A claim can be bound, and one that is can grow. */
function claimChangeErrors(object: Readonly<Draft>, old: Readonly<Draft>): FieldError[] {
  const [now, before] = [object, old].map(claim => claim as unknown as DeepReadonly<PersistentVolumeClaim>)
  const isBound = before?.status?.phase === 'Bound'
  const fixed = (claim: DeepReadonly<PersistentVolumeClaim> | undefined): object => {
    const { resources, volumeName, storageClassName, volumeAttributesClassName: _, ...rest } = claim?.spec ?? {}
    // A claim gets its volume, and the class that is the default, when it has none.
    const name = {
      ...(before?.spec?.volumeName === undefined ? {} : { volumeName }),
      ...(before?.spec?.storageClassName === undefined ? {} : { storageClassName }),
    }
    return isBound ? { ...rest, ...name, limits: resources?.limits } : { ...rest, ...name, resources }
  }
  const [left, right] = [fixed(now), fixed(before)] as [Record<string, unknown>, Record<string, unknown>]
  const changed = [...new Set([...Object.keys(left), ...Object.keys(right)])].filter(key => !equalJson(left[key], right[key]))
  if (changed.length === 0) return []
  return [forbidden('spec', `${claimText}\n  changed: ${changed.map(key => `spec.${key}`).join(', ')}\n`)]
}

export const volumeStrategy: KindStrategy = {
  hasGeneration: false,
  applyDefaults(draft) {
    const volume = draft as unknown as PersistentVolume
    if (volume.spec !== undefined) {
      volume.spec.persistentVolumeReclaimPolicy ??= 'Retain'
      volume.spec.volumeMode ??= 'Filesystem'
      if (volume.spec.hostPath !== undefined) volume.spec.hostPath.type ??= ''
    }
  },
  prepareForCreate(draft, { now }) {
    const volume = draft as unknown as PersistentVolume
    volume.status = { phase: 'Pending', lastPhaseTransitionTime: formatTime(now().getTime()) }
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

/** What the parts of a StorageClass that volumes were made by may not become. */
function storageClassErrors(object: Readonly<Draft>, old: Readonly<Draft> | undefined): FieldError[] {
  const now = object as unknown as DeepReadonly<StorageClass>
  const errors = (now.provisioner ?? '') === '' ? [required('provisioner')] : []
  if (old === undefined) return errors
  const before = old as unknown as DeepReadonly<StorageClass>
  for (const key of ['parameters', 'provisioner', 'reclaimPolicy'] as const) {
    if (!equalJson(now[key], before[key])) errors.push(forbidden(key, `updates to ${key} are forbidden.`))
  }
  if (now.volumeBindingMode !== before.volumeBindingMode)
    errors.push(...immutable('volumeBindingMode', now.volumeBindingMode, before.volumeBindingMode))
  return errors
}
