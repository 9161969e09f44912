/**
 * Which server of a set is deleted first: by ops state (Kill before WaitToBeDeleted before others before Allocated before
 * Maintaining), then by the higher deletion priority, then by the higher id. These are preferences: when the replicas demand it, an
 * allocated server goes too.
 */
import { labels } from '../../../apis/game.kruise.io/labels.ts'
import type { RankKey } from '../../../servers/model.ts'

export const scaleDownOrder: readonly RankKey[] = [
  { by: 'opsState', first: 'highest' },
  { by: 'deletionPriority', first: 'highest' },
]

export const updateOrder: readonly RankKey[] = [{ by: 'updatePriority', first: 'highest' }]

/** Any other text ranks like `None`. */
const opsStateRank: Readonly<Record<string, number>> = { Kill: 100, WaitToBeDeleted: 1, None: 0, Allocated: -1, Maintaining: -2 }

export function rankOf(podLabels: Readonly<Record<string, string>> | undefined): Readonly<Record<string, number>> {
  return {
    opsState: opsStateRank[podLabels?.[labels.opsState] ?? 'None'] ?? 0,
    deletionPriority: wholeNumber(podLabels?.[labels.deletePriority]),
    updatePriority: updatePriority(podLabels?.[labels.updatePriority]),
  }
}

/** Text that is no number counts as 0. */
function wholeNumber(text: string | undefined): number {
  return text !== undefined && /^[+-]?\d+$/.test(text) ? Number(text) : 0
}

/** The digits at the end count; servers without the label come first. */
function updatePriority(text: string | undefined): number {
  if (text === undefined) return Number.MAX_SAFE_INTEGER
  const digits = /-?\d+$/.exec(text)
  return digits === null ? 0 : Number(digits[0])
}
