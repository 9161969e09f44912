import type { Instant, Member, Wanted } from './model.ts'

/** Ready, and for long enough. */
export function isAvailable(member: Member, minReadySeconds: number, now: Instant): boolean {
  return member.stage === 'Ready' && now >= availableAt(member, minReadySeconds)
}

/** When a Ready member becomes available. */
export function availableAt(member: Member, minReadySeconds: number): Instant {
  return (member.availableSince ?? 0) + minReadySeconds * 1000
}

/** When a Ready member counts as available for the rollout: servers on the target have to settle first. */
export function settledAt(member: Member, { target, update }: Wanted): Instant {
  const at = availableAt(member, update.minReadySeconds)
  return member.revision === target.id ? Math.max(at, (member.availableSince ?? 0) + update.settleMs) : at
}
