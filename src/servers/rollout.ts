/**
 * Who changes now. Outdated servers in update order; all but `partition` of them; available ones only while fewer than
 * `maxUnavailable` servers are unavailable, unavailable ones at any time since nobody loses anything by it.
 */
import { isAvailable, settledAt } from './availability.ts'
import { advance } from './in-place.ts'
import { isLocked } from './lock.ts'
import type { Change, Instant, Member, RevisionId, Step, Wanted } from './model.ts'
import { withoutOverridden } from './overrides.ts'
import { type Difference, differenceOf } from './revision/difference.ts'
import { compareByRank } from './scale-down.ts'
import type { WaitingList } from './waiting.ts'

export interface RolloutInput {
  readonly wanted: Wanted
  /** Servers that stay: neither leaving nor broken. */
  readonly staying: readonly Member[]
  readonly now: Instant
}

/** The difference of each revision to the target, computed once per pass. */
export function differencesTo(wanted: Wanted): (from: RevisionId) => Difference {
  const known = new Map<RevisionId, Difference>([[wanted.target.id, { kind: 'nothing' }]])
  return from => {
    const found = known.get(from)
    if (found !== undefined) return found
    const template = wanted.revisions.get(from)
    const difference: Difference =
      template === undefined ? { kind: 'recreate', path: 'spec' } : differenceOf(template, wanted.target.template)
    known.set(from, difference)
    return difference
  }
}

/** What brings this member to the target without recreating it; undefined when that is impossible. */
export function changeOf(wanted: Wanted, member: Member, difference: Difference): Change | undefined {
  const to = wanted.target.id
  const nothing = { labels: {}, annotations: {} }
  switch (difference.kind) {
    case 'nothing':
      return { to, metadata: nothing, images: [] }
    case 'metadata':
      return { to, metadata: difference.metadata, images: [] }
    case 'images':
      return { to, metadata: difference.metadata, images: withoutOverridden(difference.images, wanted.overrides.get(member.key)) }
    case 'recreate':
      return undefined
  }
}

export function rollout(input: RolloutInput, waiting: WaitingList): Step[] {
  const { wanted, staying, now } = input
  const { update, target } = wanted
  const steps: Step[] = []
  const differenceFrom = differencesTo(wanted)
  const compare = compareByRank(update.order)

  let unavailable = wanted.replicas - staying.filter(member => member.stage === 'Ready' && now >= settledAt(member, wanted)).length
  const mayDisturb = (member: Member): boolean => !isAvailable(member, update.minReadySeconds, now) || unavailable < update.maxUnavailable
  const disturb = (member: Member, step: Step): void => {
    if (isAvailable(member, update.minReadySeconds, now)) unavailable++
    steps.push(step)
  }

  const recreate = (member: Member, because: 'Outdated' | 'Requested'): void => {
    if (isLocked(member, 'recreate')) waiting.add('Locked', member.key)
    else if (!mayDisturb(member)) waiting.add('MaxUnavailable', member.key)
    else disturb(member, { do: 'delete', member, because })
  }

  const requested = staying.filter(member => member.recreateRequested === true).sort(compare)
  for (const member of requested) recreate(member, 'Requested')

  // Changes that have begun are finished, whatever the policy says by now: a drained server serves nobody.
  const finish = staying.filter(member => member.recreateRequested !== true && isBegun(member, target.id))
  for (const member of finish) {
    const change = changeOf(wanted, member, differenceFrom(member.revision))
    if (change !== undefined) advanceMember(input, member, change, steps, waiting)
    else recreate(member, 'Outdated')
  }

  const outdated = staying
    .filter(member => member.revision !== target.id && member.recreateRequested !== true && !isBegun(member, target.id))
    .sort(compare)
  if (outdated.length === 0) return steps
  const holdAll = (reason: 'OnDelete' | 'Paused' | 'TooManyFailures'): Step[] => {
    for (const member of outdated) waiting.add(reason, member.key)
    return steps
  }
  if (update.mode === 'OnDelete') return holdAll('OnDelete')
  if (update.paused) return holdAll('Paused')
  const failing = staying.filter(member => member.revision === target.id && member.failure !== undefined).length
  if (update.maxFailures !== undefined && failing >= update.maxFailures) return holdAll('TooManyFailures')

  const quota = Math.max(0, outdated.length - update.partition)
  for (const member of outdated.slice(quota)) waiting.add('Partition', member.key)
  for (const member of outdated.slice(0, quota)) {
    const difference = update.mode === 'Recreate' ? undefined : differenceFrom(member.revision)
    const change = difference === undefined ? undefined : changeOf(wanted, member, difference)
    if (change === undefined) {
      if (update.mode === 'InPlaceOnly') waiting.add('NeedsRecreation', member.key, difference?.kind === 'recreate' ? difference.path : '')
      else recreate(member, 'Outdated')
    } else if (change.images.length === 0 && member.change === undefined) {
      steps.push({ do: 'change', member, change })
    } else if (
      isLocked(
        member,
        'restart',
        change.images.map(({ container }) => container),
      )
    ) {
      waiting.add('Locked', member.key)
    } else if (!mayDisturb(member)) {
      waiting.add('MaxUnavailable', member.key)
    } else {
      // A hook may hold the change for ever, so a hooked server counts against the budget like a drained one.
      const before = steps.length
      advanceMember(input, member, change, steps, waiting)
      if (steps.length > before && isAvailable(member, update.minReadySeconds, now)) unavailable++
    }
  }
  return steps
}

/** In the middle of a change that has to be finished. A hooked server may still be left alone, a patched one sent to a newer target. */
function isBegun(member: Member, target: RevisionId): boolean {
  return member.change !== undefined && (member.change.phase === 'Drained' || member.revision === target)
}

function advanceMember(input: RolloutInput, member: Member, change: Change, steps: Step[], waiting: WaitingList): void {
  const next = advance(member.change, {
    held: member.held.change,
    onTarget: member.revision === input.wanted.target.id,
    gracePeriodSeconds: input.wanted.update.gracePeriodSeconds,
    now: input.now,
  })
  if ('to' in next) steps.push({ do: 'advance', member, to: next.to, change })
  else
    waiting.add(
      member.failure === undefined ? next.waitFor : 'Failing',
      member.key,
      member.failure && `${member.failure.reason}: ${member.failure.message}`,
    )
}
