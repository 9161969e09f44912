import type { GameServerSet, GameServerSetStatus } from '../../../apis/game.kruise.io/game-server-set.ts'
import type { EventRecorder } from '../../../kube/event-recorder.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import type { Plan } from '../../../servers/model.ts'

type Recorder = Pick<EventRecorder, 'event'>

/** `Scale`, while the status still tells of other replicas than the spec. */
export function announceScale(recorder: Recorder, set: DeepReadonly<GameServerSet>, { steps }: Plan): void {
  const before = set.status?.replicas ?? 0
  const after = set.spec.replicas
  if (before !== after && steps.length > 0) recorder.event(set, 'Normal', 'Scale', `scale from ${before} to ${after}`)
}

/** `CreateWorkload` for the first template, `UpdateWorkload` for every later one. */
export function announceRevision(recorder: Recorder, set: DeepReadonly<GameServerSet>, id: string, number: number): void {
  recorder.event(set, 'Normal', number === 1 ? 'CreateWorkload' : 'UpdateWorkload', `revision ${number} is ${id}`)
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
