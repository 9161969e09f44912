import type { RevisionId } from '../model.ts'

export interface StoredRevision {
  readonly id: RevisionId
  /** Rises with every change of the template, also when an old one comes back. */
  readonly number: number
}

export type HistoryStep =
  /** The template is new: store it under this number. */
  | { readonly do: 'create'; readonly number: number }
  /** The template of an older revision is back (an undo): it becomes the newest. */
  | { readonly do: 'renumber'; readonly id: RevisionId; readonly number: number }
  | { readonly do: 'delete'; readonly id: RevisionId }

/** What brings the stored history in line with the template in force; revisions in use are kept beyond the limit. */
export function historySteps(
  stored: readonly StoredRevision[],
  target: RevisionId,
  inUse: ReadonlySet<RevisionId>,
  limit: number,
): readonly HistoryStep[] {
  const steps: HistoryStep[] = []
  const sorted = stored.toSorted((a, b) => a.number - b.number)
  const newest = sorted.at(-1)
  const existing = sorted.find(revision => revision.id === target)
  if (existing === undefined) steps.push({ do: 'create', number: (newest?.number ?? 0) + 1 })
  else if (newest !== undefined && newest.id !== target) steps.push({ do: 'renumber', id: target, number: newest.number + 1 })
  const unused = sorted.filter(revision => revision.id !== target && !inUse.has(revision.id))
  for (const { id } of unused.slice(0, Math.max(0, unused.length - limit))) steps.push({ do: 'delete', id })
  return steps
}

/** The revision to go back to: the one with that number, or the one before the newest. */
export function undoTarget(stored: readonly StoredRevision[], toNumber?: number): StoredRevision | undefined {
  if (toNumber !== undefined) return stored.find(revision => revision.number === toNumber)
  return stored.toSorted((a, b) => b.number - a.number)[1]
}
