import type { Pod, Taint, Toleration } from '../../../apis/core/types.generated.ts'
import type { DeepReadonly } from '../../../kube/object.ts'

/** Whether a toleration answers a taint. Contract: https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/ */
export function tolerates(toleration: DeepReadonly<Toleration>, taint: DeepReadonly<Taint>): boolean {
  if (toleration.effect !== undefined && toleration.effect !== taint.effect) return false
  const key = toleration.key ?? ''
  if (key !== '' && key !== taint.key) return false
  if (toleration.operator === 'Exists') return true
  return key !== '' && (toleration.value ?? '') === (taint.value ?? '')
}

/** The first taint of these that the pod does not tolerate. */
export function untolerated(
  pod: DeepReadonly<Pod>,
  taints: readonly DeepReadonly<Taint>[],
  effects: readonly Taint['effect'][],
): DeepReadonly<Taint> | undefined {
  return taints.find(taint => effects.includes(taint.effect) && !(pod.spec?.tolerations ?? []).some(one => tolerates(one, taint)))
}
