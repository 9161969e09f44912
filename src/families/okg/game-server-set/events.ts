import type { GameServerSet, GameServerSetStatus } from '../../../apis/game.kruise.io/game-server-set.ts'
import type { EventRecorder } from '../../../kube/event-recorder.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import type { Member, Plan } from '../../../servers/model.ts'

type Recorder = Pick<EventRecorder, 'event'>

/** `Scale`: once per pass that adds or takes away servers for good. */
export function announceScale(recorder: Recorder, set: DeepReadonly<GameServerSet>, { steps }: Plan, members: readonly Member[]): void {
  const added = steps.filter(step => step.do === 'create').length
  const removed = steps.filter(step => step.do === 'delete' && (step.because === 'ScaleDown' || step.because === 'Reserved')).length
  if (added + removed === 0) return
  const alive = members.filter(({ stage }) => stage !== 'Leaving').length
  if (alive !== set.spec.replicas) recorder.event(set, 'Normal', 'Scale', `scale from ${alive} to ${set.spec.replicas}`)
}

/** A Warning for every trouble that is new, or says something new. */
export function announceConditions(recorder: Recorder, set: DeepReadonly<GameServerSet>, status: GameServerSetStatus): void {
  for (const { type, status: value, reason, message } of status.conditions ?? []) {
    if (type === 'Progressing' || value !== 'True') continue
    const before = set.status?.conditions?.find(condition => condition.type === type)
    if (before?.status === value && before.message === message) continue
    recorder.event(set, 'Warning', reason ?? type, message ?? type)
  }
}
