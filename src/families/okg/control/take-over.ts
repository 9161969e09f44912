/** Takes a set over from OpenKruise, with every pod as it is. */
import { type AdvancedStatefulSet, advancedStatefulSets } from '../../../apis/apps.kruise.io/advanced-stateful-set.ts'
import { pods } from '../../../apis/core/resources.generated.ts'
import type { Pod } from '../../../apis/core/types.generated.ts'
import { gameServerSets, type GameServerSet } from '../../../apis/game.kruise.io/game-server-set.ts'
import { labels } from '../../../apis/game.kruise.io/labels.ts'
import { ApiError, isNotFound } from '../../../kube/api-error.ts'
import type { DeepReadonly, ObjectKey } from '../../../kube/object.ts'
import { controllerOf, controllerReference } from '../../../kube/owner-reference.ts'
import type { OkgContext } from '../context.ts'
import { ordinalOf } from '../game-server-set/member.ts'
import { syncRevisions } from '../game-server-set/revisions.ts'
import { revisionOf } from '../game-server-set/template.ts'
import { validateGameServerSet } from '../game-server-set/validate.ts'
import { indexes, ownAnnotations } from '../names.ts'
import { takeOverProblems } from './take-over-problems.ts'

/** What is remembered of a take-over under way, in {@link ownAnnotations.takingOver}. */
interface TakingOver {
  /** Uid of OpenKruise's workload. */
  readonly workload: string
  /** The revision its pods are on, in OpenKruise's words and in ours. */
  readonly from: string
  readonly to: string
}

/** How long to wait for news that the watches bring, in milliseconds. */
const waitMs = 1000

export type TakeOverResult =
  | { readonly state: 'refused'; readonly problems: readonly string[] }
  | { readonly state: 'waiting'; readonly ms: number }

/**
 * One step of a take-over; each can be the last before a crash, and the next look goes on:
 * 1. Only if nothing stands against it: the revision in force becomes one of ours, and the set notes what is going on.
 * 2. OpenKruise's workload is deleted, its pods are orphaned: they go on running.
 * 3. Every orphan gets the set as its owner and our name of its revision, in one write. Nothing else of it changes.
 * 4. The note is removed: from then on the set is like any other.
 */
export async function takeOver(context: OkgContext, set: DeepReadonly<GameServerSet>, signal: AbortSignal): Promise<TakeOverResult> {
  const noted = readNote(set)
  if (noted === undefined) return begin(context, set, signal)
  const workload = context.control.workloadOf(set)
  if (workload !== undefined && workload.metadata.uid !== noted.workload) {
    return { state: 'refused', problems: ['OpenKruiseGame made another workload meanwhile: stop its manager'] }
  }
  if (workload !== undefined) {
    if (workload.metadata.deletionTimestamp === undefined) await deleteWorkload(context, workload, signal)
    return { state: 'waiting', ms: waitMs }
  }
  const left = labelledPods(context, set).filter(pod => pod.metadata.labels?.[labels.revision] === noted.from)
  await Promise.all(left.filter(isOrphan).map(pod => adopt(context, set, pod, noted.to, signal)))
  // Some still name the workload as their owner: garbage collection is at it.
  if (!left.every(isOrphan)) return { state: 'waiting', ms: waitMs }
  await note(context, set, null, signal)
  return { state: 'waiting', ms: 1 }
}

/** Why the set cannot be taken over; empty when it can. */
export function problemsOf(context: Pick<OkgContext, 'addresses' | 'control' | 'pods'>, set: DeepReadonly<GameServerSet>): string[] {
  const workload = context.control.workloadOf(set)
  if (workload === undefined) return ['its workload is gone']
  const errors = validateGameServerSet(set, undefined, context.addresses)
  const invalid = errors.map(({ field, detail }) => `${field}: ${detail}`)
  return takeOverProblems({ set, workload, pods: labelledPods(context, set), invalid })
}

async function begin(context: OkgContext, set: DeepReadonly<GameServerSet>, signal: AbortSignal): Promise<TakeOverResult> {
  const problems = problemsOf(context, set)
  const workload = context.control.workloadOf(set)
  const from = workload?.status?.updateRevision
  if (problems.length > 0 || workload === undefined || from === undefined) return { state: 'refused', problems }
  try {
    await deleteWorkload(context, workload, signal, true)
  } catch (error) {
    // Better known before anything is written.
    if (error instanceof ApiError && error.reason === 'Forbidden') return { state: 'refused', problems: [error.message] }
    throw error
  }
  const target = revisionOf(set)
  await syncRevisions(context, set, target, new Set(), signal)
  await note(context, set, { workload: workload.metadata.uid, from, to: target.id }, signal)
  return { state: 'waiting', ms: 1 }
}

/** Its pods stay, without an owner. */
async function deleteWorkload(
  { client }: OkgContext,
  { metadata: { name, namespace = '', uid } }: DeepReadonly<AdvancedStatefulSet>,
  signal: AbortSignal,
  dryRun = false,
): Promise<void> {
  try {
    const options = { propagationPolicy: 'Orphan', preconditions: { uid }, dryRun, signal } as const
    await client.delete(advancedStatefulSets, { namespace, name }, options)
  } catch (error) {
    if (!isNotFound(error)) throw error
  }
}

async function note(context: OkgContext, set: DeepReadonly<GameServerSet>, value: TakingOver | null, signal: AbortSignal): Promise<void> {
  const { name, namespace = '', uid, resourceVersion } = set.metadata
  const annotations = { [ownAnnotations.takingOver]: value === null ? null : JSON.stringify(value) }
  // The version: what was decided holds for the set as it was then.
  const patch = { metadata: { uid, resourceVersion, annotations } }
  context.sets.wrote(await context.client.patch(gameServerSets, { namespace, name }, patch, { type: 'merge', signal }))
}

async function adopt(
  context: OkgContext,
  set: DeepReadonly<GameServerSet>,
  pod: DeepReadonly<Pod>,
  revision: string,
  signal: AbortSignal,
): Promise<void> {
  const { name, namespace = '', uid, resourceVersion, ownerReferences = [] } = pod.metadata
  const patch = {
    metadata: {
      uid,
      resourceVersion,
      ownerReferences: [...ownerReferences, controllerReference(set)],
      labels: { [labels.revision]: revision },
    },
  }
  context.pods.wrote(await context.client.patch(pods, { namespace, name }, patch, { type: 'merge', signal }))
}

/** Pods with the owner label and a name of the set's, whoever owns them. */
function labelledPods(context: Pick<OkgContext, 'pods'>, set: DeepReadonly<GameServerSet>): DeepReadonly<Pod>[] {
  const { name, namespace = '' } = set.metadata
  const key: ObjectKey = `${namespace}/${name}`
  return context.pods
    .byIndex(indexes.labelledOf, key, pod => pod.metadata.namespace === namespace && pod.metadata.labels?.[labels.ownerSet] === name)
    .filter(pod => pod.metadata.name.startsWith(`${name}-`) && ordinalOf(pod.metadata.name) !== undefined)
}

function isOrphan(pod: DeepReadonly<Pod>): boolean {
  return controllerOf(pod) === undefined
}

function readNote(set: DeepReadonly<GameServerSet>): TakingOver | undefined {
  const text = set.metadata.annotations?.[ownAnnotations.takingOver]
  if (text === undefined) return undefined
  try {
    const { workload, from, to } = JSON.parse(text) as Partial<TakingOver>
    return workload === undefined || from === undefined || to === undefined ? undefined : { workload, from, to }
  } catch {
    return undefined
  }
}
