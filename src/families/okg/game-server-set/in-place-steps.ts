/** What the phases of an in-place change write to the pod. */
import { annotations } from '../../../apis/game.kruise.io/annotations.ts'
import { labels } from '../../../apis/game.kruise.io/labels.ts'
import type { Pod } from '../../../apis/core/types.generated.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import type { Change, InPlacePhase, Instant } from '../../../servers/model.ts'
import { closeGate, openGate } from '../game-server/readiness.ts'
import { stateChange } from '../game-server/state-labels.ts'
import { isReadyBut } from '../game-server/state.ts'
import { inPlaceUpdateReady } from '../names.ts'
import type { PodChange } from '../pod-patch.ts'
import { inPlaceStateText } from './in-place-state.ts'

export function inPlaceChange(
  pod: DeepReadonly<Pod>,
  to: InPlacePhase,
  change: Change,
  gracePeriodSeconds: number,
  now: Instant,
): PodChange {
  const containers = change.images.map(({ container }) => container).join(',')
  const lifecycle = (state: string) => ({
    labels: { [labels.lifecycleState]: state },
    // With milliseconds: the rollout goes on some time after this.
    annotations: { [annotations.lifecycleTimestamp]: new Date(now).toISOString() },
  })
  switch (to) {
    case 'Hooked': {
      const { labels: own, annotations: stamp } = lifecycle('PreparingUpdate')
      const state = stateChange(pod, 'PreUpdate', now)
      return {
        labels: { ...own, ...state.labels },
        annotations: { ...stamp, ...state.annotations, [annotations.updatingContainers]: containers },
      }
    }
    case 'Drained': {
      const state = stateChange(pod, 'Updating', now)
      const grace = gracePeriodSeconds > 0 ? { [annotations.inPlaceUpdateGrace]: graceText(change, gracePeriodSeconds) } : {}
      return {
        labels: state.labels,
        annotations: { ...state.annotations, ...grace, [annotations.updatingContainers]: containers },
        conditions: closeGate(now),
      }
    }
    case 'Patched': {
      const { labels: own, annotations: stamp } = lifecycle('Updating')
      const state = stateChange(pod, 'Updating', now)
      return {
        labels: { ...change.metadata.labels, ...own, ...state.labels, [labels.revision]: change.to },
        annotations: {
          ...change.metadata.annotations,
          ...stamp,
          ...state.annotations,
          [annotations.inPlaceUpdateState]: inPlaceStateText(pod, change, now),
          [annotations.inPlaceUpdateGrace]: null,
          [annotations.updatingContainers]: containers,
        },
        images: change.images,
      }
    }
    case 'Restored': {
      const { labels: own, annotations: stamp } = lifecycle('Normal')
      const state = stateChange(pod, isReadyBut(pod, inPlaceUpdateReady) ? 'Ready' : 'NotReady', now)
      return {
        labels: { ...own, ...state.labels },
        annotations: { ...stamp, ...state.annotations, [annotations.updatingContainers]: null, [annotations.inPlaceUpdateGrace]: null },
        conditions: openGate(pod, now),
      }
    }
  }
}

function graceText(change: Change, graceSeconds: number): string {
  return JSON.stringify({
    revision: change.to,
    containerImages: Object.fromEntries(change.images.map(({ container, image }) => [container, image])),
    graceSeconds,
  })
}
