/** Directed changes of one server: they win over every template, on the running server and on a new one. */
import { isLocked } from './lock.ts'
import type { ContainerOverride, ImageChange, Member, Wanted } from './model.ts'

/** The overrides a running server does not have yet. */
export function pendingOverrides(member: Member, overrides: readonly ContainerOverride[]): readonly ImageChange[] {
  return overrides.flatMap(({ name, image }) =>
    image === undefined || image === '' || !member.images.has(name) || member.images.get(name) === image
      ? []
      : [{ container: name, image }],
  )
}

/** What is left of a template's image changes for a server with overrides. */
export function withoutOverridden(
  images: readonly ImageChange[],
  overrides: readonly ContainerOverride[] | undefined,
): readonly ImageChange[] {
  if (overrides === undefined || overrides.length === 0) return images
  return images.filter(({ container }) => !overrides.some(override => override.name === container && (override.image ?? '') !== ''))
}

/** Which running servers get their directed change now, and which are locked against the restart it takes. */
export function overrideMembers(
  wanted: Wanted,
  members: readonly Member[],
): { apply: readonly { member: Member; images: readonly ImageChange[] }[]; locked: readonly Member[] } {
  const apply: { member: Member; images: readonly ImageChange[] }[] = []
  const locked: Member[] = []
  if (wanted.overrides.size === 0) return { apply, locked }
  for (const member of members) {
    const overrides = wanted.overrides.get(member.key)
    if (overrides === undefined) continue
    const images = pendingOverrides(member, overrides)
    if (images.length === 0) continue
    if (
      isLocked(
        member,
        'restart',
        images.map(({ container }) => container),
      )
    )
      locked.push(member)
    else apply.push({ member, images })
  }
  return { apply, locked }
}
