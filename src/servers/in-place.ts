/**
 * The phases of one in-place change of images, as data: where a server is, when it goes on, and where to. What a phase means
 * in writes is the family's business:
 *
 * - `Hooked`: it is announced that the server will change; hooks are waited for.
 * - `Drained`: the server counts as not ready, so that nobody new is sent there.
 * - `Patched`: it has the new images, and the changed containers restart.
 * - `Restored`: it may be ready again; the change is over.
 */
import type { InPlacePhase, InPlaceProgress, Instant, WaitingReason } from './model.ts'

export interface InPlaceFacts {
  /** A hook is held. */
  readonly held: boolean
  /** The drained time has been long enough. */
  readonly graceOver: boolean
  /** All changed containers run their new image. */
  readonly restarted: boolean
  /** The server is on the wanted revision: not yet before it is patched, unless the old one came back; not any more when the target moves on. */
  readonly onTarget: boolean
}

interface Transition {
  readonly from: InPlaceProgress['phase'] | 'Idle'
  readonly when: (facts: InPlaceFacts) => boolean
  readonly to: InPlacePhase
}

/** The first row that fits wins. */
export const transitions: readonly Transition[] = [
  { from: 'Idle', when: facts => facts.held, to: 'Hooked' },
  { from: 'Idle', when: () => true, to: 'Drained' },
  { from: 'Hooked', when: facts => facts.onTarget, to: 'Restored' },
  { from: 'Hooked', when: facts => !facts.held, to: 'Drained' },
  { from: 'Drained', when: facts => facts.onTarget, to: 'Restored' },
  { from: 'Drained', when: facts => facts.graceOver, to: 'Patched' },
  { from: 'Patched', when: facts => !facts.onTarget, to: 'Patched' },
  { from: 'Patched', when: facts => facts.restarted, to: 'Restored' },
]

const waitsFor: Readonly<Record<InPlaceProgress['phase'], WaitingReason>> = {
  Hooked: 'Hook',
  Drained: 'GracePeriod',
  Patched: 'Restarting',
}

export type Advance = { readonly to: InPlacePhase } | { readonly waitFor: WaitingReason; readonly until?: Instant }

export function advance(
  progress: InPlaceProgress | undefined,
  input: { readonly held: boolean; readonly onTarget: boolean; readonly gracePeriodSeconds: number; readonly now: Instant },
): Advance {
  const from = progress?.phase ?? 'Idle'
  const until = (progress?.since ?? 0) + input.gracePeriodSeconds * 1000
  const facts: InPlaceFacts = { ...input, graceOver: input.now >= until, restarted: progress?.restarted ?? false }
  const row = transitions.find(transition => transition.from === from && transition.when(facts))
  if (row !== undefined) return { to: row.to }
  const waitFor = from === 'Idle' ? 'Restarting' : waitsFor[from]
  return from === 'Drained' ? { waitFor, until } : { waitFor }
}
