import type { Instant, Member } from './model.ts'

/** Ready, and for long enough. */
export function isAvailable(member: Member, minReadySeconds: number, now: Instant): boolean {
  return member.stage === 'Ready' && now >= availableAt(member, minReadySeconds)
}

/** When a Ready member becomes available. */
export function availableAt(member: Member, minReadySeconds: number): Instant {
  return (member.availableSince ?? 0) + minReadySeconds * 1000
}
