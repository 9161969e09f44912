/** Why a plan is not done: one entry per reason with the servers' names, the source of `rollout status`. */
import type { Waiting, WaitingReason } from './model.ts'

const explanations: Readonly<Record<WaitingReason, string>> = {
  NotReady: 'not ready yet',
  MinReadySeconds: 'ready, but not for minReadySeconds yet',
  Terminating: 'the old server has to be gone before the new one can take its name',
  Hook: 'a lifecycle hook holds the server back',
  GracePeriod: 'drained; the image changes when the grace period is over',
  Restarting: 'the changed containers are restarting',
  Failing: 'does not come up',
  Paused: 'the rollout is paused',
  Partition: 'stays on the old revision because of the partition',
  OnDelete: 'gets the new revision when it is deleted',
  MaxUnavailable: 'waits until fewer servers are unavailable',
  ScaleMaxUnavailable: 'is added when fewer servers are unavailable',
  TooManyFailures: 'too many servers fail on the new revision',
  NeedsRecreation: 'the change cannot be made in place',
  Locked: 'is protected',
}

/** The words for a reason, wherever it is told. */
export function explanationOf(reason: WaitingReason): string {
  return explanations[reason]
}

/** Collects reasons during a plan. */
export class WaitingList {
  readonly #entries = new Map<string, { reason: WaitingReason; servers: string[]; message: string }>()

  add(reason: WaitingReason, server: string, detail?: string): void {
    const message = detail === undefined || detail === '' ? explanations[reason] : `${explanations[reason]}: ${detail}`
    const key = `${reason}/${message}`
    const entry = this.#entries.get(key)
    if (entry === undefined) this.#entries.set(key, { reason, servers: [server], message })
    else entry.servers.push(server)
  }

  list(): readonly Waiting[] {
    return [...this.#entries.values()]
  }
}
