import type { PodObject } from '../pods/container-state.ts'

/** Milliseconds; each pod waits `ms` plus a random part of `jitterMs`. */
export interface StageDelay {
  readonly ms: number
  readonly jitterMs?: number
}

/**
 * One step in the life of a simulated pod, after the idea of kwok: pods that match wait for a while, then something happens to them.
 * `advance` brings the status to what the spec asks for, `fail` lets containers crash, `delete` confirms a deletion.
 */
export interface Stage {
  readonly name: string
  matches(pod: PodObject): boolean
  readonly delay: StageDelay
  readonly effect: 'advance' | 'delete' | { readonly fail: { readonly exitCode: number; readonly reason: string } }
}

/** The first stage whose selector matches, in the order given. */
export function stageOf(stages: readonly Stage[], pod: PodObject): Stage | undefined {
  return stages.find(stage => stage.matches(pod))
}

/** The time a pod spends before its stage takes effect; `random` in [0, 1). */
export function delayOf({ delay }: Stage, random: () => number): number {
  return delay.ms + Math.floor(random() * (delay.jitterMs ?? 0))
}
