/** Conditions of the readiness gate that keeps a server out of the traffic while its images change. */
import type { Pod, PodCondition } from '../../../apis/core/types.generated.ts'
import { formatTime } from '../../../kube/clock.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import { inPlaceUpdateReady, startInPlaceUpdate } from '../names.ts'
import { conditionOf } from './state.ts'

/**
 * Opens the gate. That the pod is ready now is kubelet's to say: one that finds it said already sees no reason to look again, and puts back
 * what it knew before. See {@link sayReady}.
 */
export function openGate(pod: DeepReadonly<Pod>, now: number): PodCondition[] {
  const gate: PodCondition = { type: inPlaceUpdateReady, status: 'True', lastTransitionTime: formatTime(now) }
  return [conditionOf(pod, inPlaceUpdateReady)?.reason === undefined ? gate : { ...gate, reason: '', message: '' }]
}

/** Says that the pod is ready for a kubelet that does not look at gates, as those of virtual nodes. */
export function sayReady(now: number): PodCondition[] {
  return [{ type: 'Ready', status: 'True', lastTransitionTime: formatTime(now), reason: '', message: '' }]
}

/** Closes the gate, and says that the pod is not ready before kubelet finds out. */
export function closeGate(now: number): PodCondition[] {
  const lastTransitionTime = formatTime(now)
  return [
    { type: inPlaceUpdateReady, status: 'False', reason: startInPlaceUpdate, message: '', lastTransitionTime },
    {
      type: 'Ready',
      status: 'False',
      reason: 'ReadinessGatesNotReady',
      message: `corresponding condition of pod readiness gate "${inPlaceUpdateReady}" does not exist or is not "True".`,
      lastTransitionTime,
    },
  ]
}
