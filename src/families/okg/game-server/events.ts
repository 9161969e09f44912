import type { ClaimStatus } from '../../../addresses/model.ts'
import type { GameServer } from '../../../apis/game.kruise.io/game-server.ts'
import { labels } from '../../../apis/game.kruise.io/labels.ts'
import type { EventRecorder, EventSubject } from '../../../kube/event-recorder.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import { intentProblems } from './intent.ts'

type Recorder = Pick<EventRecorder, 'event'>

const reason = 'GsStateChanged'

/** `GsStateChanged` for the state; a Warning when the server crashed. */
export function announceState(recorder: Recorder, server: DeepReadonly<GameServer>, state: string): void {
  const before = server.status?.currentState ?? 'Creating'
  if (before !== state) recorder.event(server, state === 'Crash' ? 'Warning' : 'Normal', reason, `State turn from ${before} to ${state}`)
}

const intents: readonly (readonly [label: string, name: string])[] = [
  [labels.opsState, 'OpsState'],
  [labels.deletePriority, 'DeletionPriority'],
  [labels.updatePriority, 'UpdatePriority'],
  [labels.networkDisabled, 'NetworkDisabled'],
]

/** `GsStateChanged` for what the operator wants; a Warning when the server goes into maintenance. */
export function announceIntent(
  recorder: Recorder,
  server: DeepReadonly<GameServer>,
  before: Readonly<Record<string, string>> | undefined,
  after: Readonly<Record<string, string | null | undefined>> | undefined,
): void {
  for (const [label, name] of intents) {
    const [from, to] = [before?.[label], after?.[label]]
    if (from === undefined || to === undefined || to === null || from === to) continue
    recorder.event(server, to === 'Maintaining' ? 'Warning' : 'Normal', reason, `${name} turn from ${from} to ${to}`)
  }
}

/** Intent that cannot reach the pod. */
export function announceInvalidIntent(recorder: Recorder, server: DeepReadonly<GameServer>): void {
  for (const problem of intentProblems(server)) recorder.event(server, 'Warning', problem.reason, problem.message)
}

/** The network type has no switch, and somebody waits for it. */
export function announceNoSwitch(recorder: Recorder, server: DeepReadonly<GameServer>, networkType: string): void {
  recorder.event(server, 'Warning', 'NetworkDisabledIgnored', `${networkType} cannot switch traffic off: players still reach the server`)
}

/** `GsNetworkState`: the address is missing, with what the address engine says. */
export function announceAddressTrouble(recorder: Recorder, subject: EventSubject, status: ClaimStatus): void {
  recorder.event(subject, 'Warning', 'GsNetworkState', `${status.reason}: ${status.message}`)
}
