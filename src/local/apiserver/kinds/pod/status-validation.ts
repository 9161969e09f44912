import type { PodStatus } from '../../../../apis/core/types.generated.ts'
import type { DeepReadonly } from '../../../../kube/object.ts'
import type { FieldError } from '../../../../schema/field-error.ts'
import { ipErrors, qualifiedNameErrors } from '../field-errors.ts'

/** What Kubernetes refuses in the status of a pod: hardly anything, kubelets write it. */
export function validatePodStatus({ podIP, podIPs, conditions }: DeepReadonly<PodStatus>): FieldError[] {
  const addresses = podIPs ?? (podIP === undefined || podIP === '' ? [] : [{ ip: podIP }])
  const errors = addresses.flatMap(({ ip }, index) => ipErrors(`status.podIPs[${index}]`, ip))
  for (const [index, { type }] of (conditions ?? []).entries()) {
    errors.push(...qualifiedNameErrors(`status.conditions[${index}].Type`, type))
  }
  return errors
}
