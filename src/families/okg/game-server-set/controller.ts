/** Keeps the pods of a GameServerSet as many and as new as they should be. */
import type { GameServer } from '../../../apis/game.kruise.io/game-server.ts'
import { gameServerSets, type GameServerSet } from '../../../apis/game.kruise.io/game-server-set.ts'
import type { Pod } from '../../../apis/core/types.generated.ts'
import { isConflict, isNamespaceTerminating, isNotFound } from '../../../kube/api-error.ts'
import type { Controller, Result } from '../../../kube/controller.ts'
import { createController } from '../../../kube/controller.ts'
import type { MetricsSink } from '../../../kube/metrics.ts'
import { type DeepReadonly, keyOf, type ObjectKey } from '../../../kube/object.ts'
import { isControlledBy } from '../../../kube/owner-reference.ts'
import type { Instant, Member, Plan, RevisionId } from '../../../servers/model.ts'
import { plan } from '../../../servers/plan.ts'
import type { OkgContext } from '../context.ts'
import { takeOver } from '../control/take-over.ts'
import { indexes } from '../names.ts'
import { ordinalOf } from './member.ts'
import { type Applied, applySteps } from './apply.ts'
import type { Troubles } from './conditions.ts'
import { announceConditions, announceScale } from './events.ts'
import { FailedCreates } from './failed-creates.ts'
import { replicasAfterKill } from './kill.ts'
import { memoryPatch } from './memory.ts'
import { syncMarks } from './reclaim.ts'
import { membersOf, type Observed, wantedOf } from './observe.ts'
import { revisionsOf, syncRevisions } from './revisions.ts'
import { statusChange, statusOf } from './status.ts'
import { ignoredParts } from './ignored.ts'
import { revisionOf } from './template.ts'
import { overrideProblems, validateGameServerSet } from './validate.ts'
import { addressTroublesOf } from './address-troubles.ts'

/** The least time between two status writes of one set while it moves. */
const statusIntervalMs = 250
/** Steps of one pass; more come with the next, so that a mass start does not keep updates waiting. */
const stepsPerPass = 256

/** How often to look again at a set that cannot be taken over yet. */
const refusedAgainMs = 5000

/** What is remembered of a set between passes; nothing that a restart could not do without. */
interface Memo {
  statusWrittenAt: Instant
  invalid: { readonly generation: number; readonly messages: readonly string[] } | undefined
  readonly failedCreates: FailedCreates
}

export function createSetController(context: OkgContext, options: { workers?: number; metrics?: MetricsSink } = {}): Controller {
  const memos = new Map<ObjectKey, Memo>()
  const { clock, logger } = context

  async function reconcile(key: ObjectKey, signal: AbortSignal): Promise<Result> {
    const set = context.sets.get(key)
    // Owner references take everything away with the set; until then nothing is made again.
    if (set === undefined || set.metadata.deletionTimestamp !== undefined) {
      memos.delete(key)
      context.control.forget(key)
      return 'done'
    }
    const { control, isNews } = context.control.decide(set)
    if (control.mode === 'leave') {
      memos.delete(key)
      return 'done'
    }
    const memo = memos.get(key) ?? { statusWrittenAt: 0, invalid: undefined, failedCreates: new FailedCreates() }
    memos.set(key, memo)
    try {
      if (control.mode === 'take-over') return await reconcileTakeOver(set, signal)
      // Its servers were left alone as well.
      if (isNews)
        for (const { metadata } of [...podsOf(context, set), ...survivorsOf(context, set)]) context.enqueueServer(keyOf({ metadata }))
      return await reconcileSet(set, memo, signal)
    } catch (error) {
      // Somebody else wrote first, or the namespace is going: the news of it is on its way.
      if (isConflict(error) || isNotFound(error) || isNamespaceTerminating(error)) return { requeueAfterMs: 1000 }
      throw error
    }
  }

  async function reconcileTakeOver(set: DeepReadonly<GameServerSet>, signal: AbortSignal): Promise<Result> {
    const result = await takeOver(context, set, signal)
    if (result.state === 'waiting') return { requeueAfterMs: result.ms }
    context.control.refused(set, result.problems)
    return { requeueAfterMs: refusedAgainMs }
  }

  async function reconcileSet(set: DeepReadonly<GameServerSet>, memo: Memo, signal: AbortSignal): Promise<Result> {
    const observed = observe(context, set)
    const replicas = replicasAfterKill(set, observed.pods, observed.isDeleting)
    if (replicas !== undefined) {
      const { name, namespace = '', resourceVersion } = set.metadata
      const patch = { metadata: { resourceVersion }, spec: { replicas } }
      context.sets.wrote(await context.client.patch(gameServerSets, { namespace, name }, patch, { type: 'merge', signal }))
      return { requeueAfterMs: 1 }
    }
    const members = membersOf(observed)
    const wanted = wantedOf(observed, members)
    const next = plan(wanted, members, clock.now())

    const inUse = new Set<RevisionId>(members.map(({ revision }) => revision))
    await syncRevisions(context, set, observed.target, inUse, signal)
    const remembered = await remember(context, set, next, signal)
    await syncMarks(context, set, next, signal)
    announceScale(context.recorder, set, next)
    const steps = memo.failedCreates.withoutRetries(next.steps, set.metadata.generation ?? 0, clock.now()).slice(0, stepsPerPass)
    const applied = await applySteps(
      { context, set, revisions: wanted.revisions, gracePeriodSeconds: wanted.update.gracePeriodSeconds, signal },
      steps,
    )
    memo.failedCreates.record(applied.troubles, steps, next.keys, clock.now())

    const wait = await publish(remembered, memo, members, next, applied, signal)
    if (applied.error !== undefined) throw applied.error
    return wait
  }

  async function publish(
    set: DeepReadonly<GameServerSet>,
    memo: Memo,
    members: readonly Member[],
    planned: Plan,
    applied: Applied,
    signal: AbortSignal,
  ): Promise<Result> {
    const now = clock.now()
    const waits: number[] = []
    if (planned.wakeAt !== undefined) waits.push(Math.max(1, planned.wakeAt - now))
    if (planned.steps.length > stepsPerPass) waits.push(1)
    const retryAt = memo.failedCreates.retryAt
    if (retryAt !== undefined) waits.push(Math.max(1, retryAt - now))
    const fresh = observe(context, set)
    // The steps have been taken: the status tells what is left after them.
    const left = planned.steps.length === 0 ? planned : plan(wantedOf(fresh, membersOf(fresh)), membersOf(fresh), now)
    const status = statusOf(set, fresh.pods, left, troublesOf(set, memo, members, fresh.overriding), now)
    const change = statusChange(set.status, status)
    if (change !== undefined) {
      const due = memo.statusWrittenAt + statusIntervalMs
      if (now < due) waits.push(due - now)
      else {
        memo.statusWrittenAt = now
        const { name, namespace = '', uid } = set.metadata
        const patch = { metadata: { uid }, status: change }
        const written = await context.client.patch(gameServerSets, { namespace, name }, patch, {
          type: 'merge',
          subresource: 'status',
          signal,
        })
        context.sets.wrote(written)
        announceConditions(context.recorder, set, status)
      }
    }
    return waits.length === 0 ? 'done' : { requeueAfterMs: Math.min(...waits) }
  }

  function troublesOf(
    set: DeepReadonly<GameServerSet>,
    memo: Memo,
    members: readonly Member[],
    overriding: Observed['overriding'],
  ): Troubles {
    const generation = set.metadata.generation ?? 0
    if (memo.invalid?.generation !== generation) {
      const errors = validateGameServerSet(set, undefined, context.addresses)
      memo.invalid = { generation, messages: errors.map(({ field, detail }) => `${field}: ${detail}`) }
    }
    return {
      invalid: [...memo.invalid.messages, ...overrideProblems(set, overriding)],
      unsupported: ignoredParts(set.spec),
      create: memo.failedCreates.list(),
      addresses: addressTroublesOf(context, set, members),
    }
  }

  return createController({
    name: 'okg-gameserverset',
    reconcile,
    workers: options.workers ?? 4,
    clock,
    logger,
    ...(options.metrics && { metrics: options.metrics }),
  })
}

function observe(context: OkgContext, set: DeepReadonly<GameServerSet>): Observed {
  return {
    set,
    pods: podsOf(context, set).filter(pod => ordinalOf(pod.metadata.name) !== undefined),
    revisions: revisionsOf(context, set),
    overriding: context.servers.byIndex(indexes.overriddenOf, `${set.metadata.namespace ?? ''}/${set.metadata.name}`, () => false),
    target: revisionOf(set),
    isDeleting: pod => context.pods.isDeleting(pod),
  }
}

function podsOf(context: OkgContext, set: DeepReadonly<GameServerSet>): DeepReadonly<Pod>[] {
  return context.pods.byIndex(indexes.controller, set.metadata.uid, pod => isControlledBy(pod, set))
}

/** GameServers that do not go with their pods. */
function survivorsOf(context: OkgContext, set: DeepReadonly<GameServerSet>): DeepReadonly<GameServer>[] {
  return context.servers.byIndex(indexes.controller, set.metadata.uid, server => isControlledBy(server, set))
}

/** Writes what the set has to remember before anything is done about it; returns the set as it is then. */
async function remember(
  context: OkgContext,
  set: DeepReadonly<GameServerSet>,
  planned: Plan,
  signal: AbortSignal,
): Promise<DeepReadonly<GameServerSet>> {
  const patch = memoryPatch(set, planned)
  if (patch === undefined) return set
  const { name, namespace = '', uid, resourceVersion } = set.metadata
  const metadata = { ...patch.metadata, uid, ...(patch.spec !== undefined && { resourceVersion }) }
  const written = await context.client.patch(gameServerSets, { namespace, name }, { ...patch, metadata }, { type: 'merge', signal })
  context.sets.wrote(written)
  return written
}
