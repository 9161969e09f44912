/**
 * From what is wanted and what is there to what happens next. The order of concerns: broken servers, leaving ones, scale, directed
 * changes, rollout. At most one step per server; whatever a step makes possible comes with the next plan.
 */
import { availableAt, isAvailable, settledAt } from './availability.ts'
import { memoryOf, newcomers, ordinalsOf } from './identity.ts'
import type { Counts, DeleteReason, Instant, Member, Plan, Step, Wanted } from './model.ts'
import { overrideMembers } from './overrides.ts'
import { RangeSet } from './range-set.ts'
import { rollout } from './rollout.ts'
import { whoLeaves } from './scale-down.ts'
import { WaitingList } from './waiting.ts'

/** Pure: the same input gives the same plan, and after its steps have happened the next plan has none. */
export function plan(wanted: Wanted, members: readonly Member[], now: Instant): Plan {
  const waiting = new WaitingList()
  const steps: Step[] = []
  const reserved = wanted.identity.kind === 'ordinal' ? wanted.identity.reserved : RangeSet.empty

  const remove = (member: Member, because: DeleteReason): void => {
    if (member.held.delete && because !== 'Broken') {
      waiting.add('Hook', member.key)
      if (member.preparingDelete === undefined) steps.push({ do: 'announce-delete', member, because })
    } else steps.push({ do: 'delete', member, because })
  }

  for (const member of members) if (member.stage === 'Broken') steps.push({ do: 'delete', member, because: 'Broken' })
  for (const member of members) if (member.preparingDelete !== undefined) remove(member, member.preparingDelete)

  // The number of a broken or recreated server stays in the set: the server comes back under it.
  const alive = members.filter(member => member.stage !== 'Leaving' || returns(member))
  const managed: Member[] = []
  for (const member of alive) {
    if (member.ordinal === undefined || !reserved.has(member.ordinal)) managed.push(member)
    else if (isHere(member)) remove(member, 'Reserved')
  }

  const desired = wanted.replicas + surge(wanted, managed)
  const { leave, locked } = whoLeaves(managed, managed.length - desired, wanted.scale.order)
  for (const member of locked) waiting.add('Locked', member.key)
  const left = new Set(leave)
  for (const member of leave) if (isHere(member)) remove(member, 'ScaleDown')
  const kept = managed.filter(member => !left.has(member))
  const staying = kept.filter(isHere)

  const missing = newcomers(wanted.identity, desired - kept.length, kept, members)
  steps.push(...create(wanted, missing, members, staying, now, waiting))

  const directed = overrideMembers(wanted, staying)
  for (const member of directed.locked) waiting.add('Locked', member.key)
  for (const { member, images } of directed.apply) steps.push({ do: 'override', member, images })
  const touched = new Set(directed.apply.map(({ member }) => member))

  // A server that has just been given its override is left alone for this pass, but still counts.
  const rolled = rollout({ wanted, staying, now }, waiting)
  for (const step of rolled) {
    if (step.do === 'create' || !touched.has(step.member)) {
      if (step.do === 'delete') remove(step.member, step.because)
      else steps.push(step)
    }
  }

  const wakeAt = explainReadiness(wanted, staying, now, waiting)
  const memory = wanted.identity.kind === 'ordinal' ? memoryOf(reserved, ordinalsOf([...kept, ...missing]), wanted.replicas) : undefined
  return {
    steps,
    waiting: waiting.list(),
    counts: count(wanted, members, now),
    keys: new Set([...kept, ...missing].map(({ key }) => key)),
    ...(memory === undefined ? {} : { memory }),
    ...(wakeAt === undefined ? {} : { wakeAt }),
  }
}

/** A delete hook holds it back, and then it is made again. */
function returns(member: Member): boolean {
  return member.preparingDelete === 'Outdated' || member.preparingDelete === 'Requested'
}

function isHere(member: Member): boolean {
  return member.stage !== 'Broken' && member.stage !== 'Leaving'
}

function surge(wanted: Wanted, managed: readonly Member[]): number {
  const { mode, paused, maxSurge, partition } = wanted.update
  if (wanted.identity.kind === 'ordinal' || mode === 'OnDelete' || mode === 'InPlaceOnly' || paused || maxSurge === 0) return 0
  const outdated = managed.filter(member => member.revision !== wanted.target.id).length
  return Math.max(0, Math.min(maxSurge, outdated - partition))
}

function create(
  wanted: Wanted,
  missing: readonly { readonly key: string; readonly ordinal?: number }[],
  members: readonly Member[],
  staying: readonly Member[],
  now: Instant,
  waiting: WaitingList,
): Step[] {
  if (missing.length === 0) return []
  const steps: Step[] = []
  const existing = new Set(members.map(member => member.key))
  const { target, stable, update, scale } = wanted
  let onStable = stable === undefined ? 0 : staying.filter(member => member.revision === stable).length
  const limit = scale.maxUnavailable
  let notAvailable = limit === undefined ? 0 : members.filter(member => !isAvailable(member, update.minReadySeconds, now)).length
  for (const newcomer of missing) {
    if (existing.has(newcomer.key)) waiting.add('Terminating', newcomer.key)
    else if (limit !== undefined && notAvailable >= limit) waiting.add('ScaleMaxUnavailable', newcomer.key)
    else {
      const old = stable !== undefined && update.mode !== 'OnDelete' && onStable < update.partition
      if (old) onStable++
      notAvailable++
      steps.push({ do: 'create', ...newcomer, revision: old ? stable : target.id })
    }
  }
  return steps
}

function explainReadiness(wanted: Wanted, staying: readonly Member[], now: Instant, waiting: WaitingList): Instant | undefined {
  const { minReadySeconds, gracePeriodSeconds } = wanted.update
  const rolling = staying.some(member => member.revision !== wanted.target.id)
  let wakeAt: Instant | undefined
  const wake = (at: Instant): void => {
    if (at > now && Number.isFinite(at) && (wakeAt === undefined || at < wakeAt)) wakeAt = at
  }
  for (const member of staying) {
    if (member.stage === 'Ready') {
      if (rolling) wake(settledAt(member, wanted))
      if (!isAvailable(member, minReadySeconds, now)) {
        wake(availableAt(member, minReadySeconds))
        waiting.add('MinReadySeconds', member.key)
      }
    } else if (member.change === undefined) {
      waiting.add(
        member.failure === undefined ? 'NotReady' : 'Failing',
        member.key,
        member.failure && `${member.failure.reason}: ${member.failure.message}`,
      )
    }
    if (member.change?.phase === 'Drained') wake(member.change.since + gracePeriodSeconds * 1000)
  }
  return wakeAt
}

function count(wanted: Wanted, members: readonly Member[], now: Instant): Counts {
  let [ready, available, updated, updatedReady, leaving, preparingDelete] = [0, 0, 0, 0, 0, 0]
  for (const member of members) {
    const isUpdated = member.revision === wanted.target.id && member.stage !== 'Leaving'
    if (member.stage === 'Ready') ready++
    if (isAvailable(member, wanted.update.minReadySeconds, now)) available++
    if (isUpdated) updated++
    if (isUpdated && member.stage === 'Ready') updatedReady++
    if (member.stage === 'Leaving') leaving++
    if (member.preparingDelete !== undefined) preparingDelete++
  }
  return { current: members.length, ready, available, updated, updatedReady, leaving, preparingDelete }
}
