import type { ControllerRevision, Lease, PodDisruptionBudget, Role, StorageClass } from '../../../apis/core/types.generated.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import type { FieldError } from '../../../schema/field-error.ts'
import { equalJson } from '../../../schema/json.ts'
import type { Draft, KindStrategy } from '../registry.ts'
import { countOrPercentErrors, forbidden, immutable, invalid, nonNegative, required } from './field-errors.ts'

const read = <T>(object: Readonly<Draft> | undefined) => object as unknown as DeepReadonly<T>

/** Coordinated election is off where nobody turned it on: what belongs to it is not kept. */
function dropElection(draft: Draft): void {
  const { spec } = draft as unknown as Lease
  if (spec === undefined) return
  delete spec.strategy
  delete spec.preferredHolder
}

export const leaseStrategy: KindStrategy = {
  hasGeneration: false,
  prepareForCreate: dropElection,
  prepareForUpdate: dropElection,
  validate(object) {
    const { leaseDurationSeconds: seconds, leaseTransitions } = read<Lease>(object).spec ?? {}
    const errors = seconds !== undefined && seconds <= 0 ? [invalid('spec.leaseDurationSeconds', seconds, 'must be greater than 0')] : []
    return [...errors, ...nonNegative('spec.leaseTransitions', leaseTransitions)]
  },
}

export const disruptionBudgetStrategy: KindStrategy = {
  hasGeneration: true,
  validate(object, _old, { subresource }) {
    if (subresource === 'status') return []
    const { minAvailable, maxUnavailable, selector } = read<PodDisruptionBudget>(object).spec ?? {}
    const errors: FieldError[] = []
    if (minAvailable !== undefined && maxUnavailable !== undefined) {
      const value = {
        MinAvailable: minAvailable,
        Selector: selector ?? null,
        MaxUnavailable: maxUnavailable,
        UnhealthyPodEvictionPolicy: null,
      }
      errors.push(invalid('spec', value, 'minAvailable and maxUnavailable cannot be both set'))
    }
    return [
      ...errors,
      ...countOrPercentErrors('spec.minAvailable', minAvailable),
      ...countOrPercentErrors('spec.maxUnavailable', maxUnavailable),
    ]
  },
}

export const controllerRevisionStrategy: KindStrategy = {
  hasGeneration: false,
  validate(object, old) {
    return old === undefined ? [] : immutable('data', object['data'], read<ControllerRevision>(old).data)
  },
}

/** Rules of roles: what they allow must say verbs, groups and resources, and paths belong to the cluster. */
export const roleStrategy: KindStrategy = {
  hasGeneration: false,
  applyDefaults(draft) {
    draft['rules'] ??= null
  },
  validate(object) {
    const isNamespaced = object.kind === 'Role'
    return (read<Role>(object).rules ?? []).flatMap(({ verbs, apiGroups, resources, nonResourceURLs }, index) => {
      const at = `rules[${index}]`
      const errors: FieldError[] = []
      if ((verbs ?? []).length === 0) errors.push(required(`${at}.verbs`, 'verbs must contain at least one value'))
      if ((nonResourceURLs ?? []).length > 0) {
        if (isNamespaced)
          errors.push(invalid(`${at}.nonResourceURLs`, nonResourceURLs, 'namespaced rules cannot apply to non-resource URLs'))
        if ((apiGroups ?? []).length > 0 || (resources ?? []).length > 0) {
          errors.push(
            invalid(`${at}.nonResourceURLs`, nonResourceURLs, 'rules cannot apply to both regular resources and non-resource URLs'),
          )
        }
        return errors
      }
      if ((apiGroups ?? []).length === 0) errors.push(required(`${at}.apiGroups`, 'resource rules must supply at least one api group'))
      if ((resources ?? []).length === 0) errors.push(required(`${at}.resources`, 'resource rules must supply at least one resource'))
      return errors
    })
  },
}

/** What the parts of a StorageClass that volumes were made by may not become. */
export function storageClassErrors(object: Readonly<Draft>, old: Readonly<Draft> | undefined): FieldError[] {
  const now = read<StorageClass>(object)
  const errors = (now.provisioner ?? '') === '' ? [required('provisioner')] : []
  if (old === undefined) return errors
  const before = read<StorageClass>(old)
  for (const key of ['parameters', 'provisioner', 'reclaimPolicy'] as const) {
    if (!equalJson(now[key], before[key])) errors.push(forbidden(key, `updates to ${key} are forbidden.`))
  }
  if (now.volumeBindingMode !== before.volumeBindingMode)
    errors.push(...immutable('volumeBindingMode', now.volumeBindingMode, before.volumeBindingMode))
  return errors
}
