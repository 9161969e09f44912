import type { Member } from './model.ts'

/**
 * What each lock forbids. `delete` also forbids to recreate: the server would be gone just the same. A restart is forbidden
 * by a lock on restarts of that container, and never by a lock on deletion, since the server stays.
 */
export function isLocked(member: Member, action: 'delete' | 'recreate'): boolean
export function isLocked(member: Member, action: 'restart', containers: readonly string[]): boolean
export function isLocked(member: Member, action: 'delete' | 'recreate' | 'restart', containers: readonly string[] = []): boolean {
  return member.locks.some(lock => {
    if (action === 'delete') return lock.forbids.includes('delete')
    if (action === 'recreate') return lock.forbids.includes('recreate') || lock.forbids.includes('delete')
    if (!lock.forbids.includes('restart')) return false
    return lock.containers === undefined || lock.containers.some(name => containers.includes(name))
  })
}
