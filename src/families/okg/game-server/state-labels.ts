import { annotations } from '../../../apis/game.kruise.io/annotations.ts'
import { labels } from '../../../apis/game.kruise.io/labels.ts'
import type { GameServerState } from '../../../apis/game.kruise.io/states.ts'
import type { Pod } from '../../../apis/core/types.generated.ts'
import { formatTime } from '../../../kube/clock.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import type { Instant } from '../../../servers/model.ts'

/** The state label and, when there was another state before, the time of the change. */
export function stateChange(
  pod: DeepReadonly<Pod>,
  state: GameServerState,
  now: Instant,
): { readonly labels: Record<string, string>; readonly annotations: Record<string, string> } {
  const before = pod.metadata.labels?.[labels.state]
  if (before === state) return { labels: {}, annotations: {} }
  return {
    labels: { [labels.state]: state },
    annotations: before === undefined ? {} : { [annotations.stateLastChangedTime]: formatTime(now) },
  }
}
