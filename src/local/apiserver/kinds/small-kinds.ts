import type { ControllerRevision, Lease, PodDisruptionBudget } from '../../../apis/core/types.generated.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import type { FieldError } from '../../../schema/field-error.ts'
import type { Draft, KindStrategy } from '../registry.ts'
import { countOrPercentErrors, immutable, invalid, nonNegative } from './field-errors.ts'

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
