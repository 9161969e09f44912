import type { FreshContainer, Instant, Member, Wanted } from './model.ts'

/** However long a container lived before it crashed: a kubelet forgets a crash after this long, too. In milliseconds. */
const longestProofMs = 600_000

/** Ready, and for long enough. */
export function isAvailable(member: Member, minReadySeconds: number, now: Instant): boolean {
  return member.stage === 'Ready' && now >= availableAt(member, minReadySeconds)
}

/** When a Ready member becomes available. */
export function availableAt(member: Member, minReadySeconds: number): Instant {
  return (member.availableSince ?? 0) + minReadySeconds * 1000
}

/**
 * When a Ready member counts as available for the rollout: on the target its fresh containers have to prove themselves first. Infinity
 * while one of them does not run.
 */
export function settledAt(member: Member, { target, update }: Wanted): Instant {
  const at = availableAt(member, update.minReadySeconds)
  if (member.revision !== target.id) return at
  return Math.max(at, ...(member.fresh ?? []).map(container => provenAt(container, update.settleMs)))
}

/**
 * A container without readiness probe is ready as soon as it runs, also when it is about to crash: it has to stay up for a moment. One
 * that has crashed since the change has to stay up for twice as long as it lived before.
 */
export function provenAt({ startedAt, probed, crashedAfter }: FreshContainer, settleMs: number): Instant {
  if (startedAt === undefined) return Number.POSITIVE_INFINITY
  if (crashedAfter !== undefined) return startedAt + Math.min(longestProofMs, Math.max(settleMs, 2 * crashedAfter))
  return probed ? 0 : startedAt + settleMs
}
