/** Whether a set can pass from OpenKruise to Berth with every pod as it is. */
import type { AdvancedStatefulSet } from '../../../apis/apps.kruise.io/advanced-stateful-set.ts'
import type { GameServerSet } from '../../../apis/game.kruise.io/game-server-set.ts'
import { labels } from '../../../apis/game.kruise.io/labels.ts'
import type { Pod } from '../../../apis/core/types.generated.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import { isControlledBy } from '../../../kube/owner-reference.ts'
import { isChanging } from '../game-server/state.ts'
import { ignoredParts } from '../game-server-set/ignored.ts'
import { ordinalOf } from '../game-server-set/member.ts'
import { templateOf } from '../game-server-set/template.ts'
import { firstDifference } from './template-covers.ts'

export interface TakeOverInput {
  readonly set: DeepReadonly<GameServerSet>
  readonly workload: DeepReadonly<AdvancedStatefulSet>
  /** Pods with the set's owner label. */
  readonly pods: readonly DeepReadonly<Pod>[]
  /** What is wrong with the set for Berth: its validation, the network included. */
  readonly invalid: readonly string[]
}

/**
 * Everything that stands against a take-over; empty when it is safe. Safe is only what needs no look into the past: all servers are there, all
 * are on the revision that is in force, that revision says what the set says, and Berth acts on everything the set asks for. Then a pod's
 * new revision label is the whole truth about it, and nothing has to be restarted.
 */
export function takeOverProblems({ set, workload, pods, invalid }: TakeOverInput): string[] {
  const problems = invalid.map(message => `Berth refuses it: ${message}`)
  for (const part of ignoredParts(set.spec)) problems.push(`Berth does not act on ${part}`)

  const { status, spec, metadata } = workload
  const revision = status?.updateRevision
  if (revision === undefined || status?.observedGeneration !== metadata.generation)
    problems.push('OpenKruise has not caught up with the last change of the workload')
  if ((spec.replicas ?? 1) !== set.spec.replicas)
    problems.push(`the workload has ${spec.replicas ?? 1} replicas, the set ${set.spec.replicas}: let the scaling end first`)
  const difference = firstDifference(templateOf(set), spec.template)
  if (difference !== undefined) problems.push(`the workload's template does not have the set's ${difference}: let the update end first`)

  const own = pods.filter(pod => isControlledBy(pod, workload))
  const strangers = pods.filter(pod => !own.includes(pod))
  if (strangers.length > 0) problems.push(`pods with its owner label belong to somebody else: ${namesOf(strangers)}`)
  if (own.length !== set.spec.replicas) problems.push(`it has ${own.length} of ${set.spec.replicas} servers`)
  const kinds: readonly (readonly [string, (pod: DeepReadonly<Pod>) => boolean])[] = [
    ['have a name that says no id', pod => ordinalOf(pod.metadata.name) === undefined],
    ['are being deleted', pod => pod.metadata.deletionTimestamp !== undefined || lifecycleOf(pod) === 'PreparingDelete'],
    ['are being changed in place', pod => isChanging(pod) || ['PreparingUpdate', 'Updating'].includes(lifecycleOf(pod) ?? '')],
    ['are on another revision', pod => pod.metadata.labels?.[labels.revision] !== revision],
  ]
  for (const [what, applies] of kinds) {
    const concerned = own.filter(applies)
    if (concerned.length > 0) problems.push(`servers ${what}: ${namesOf(concerned)}`)
  }
  return problems
}

function lifecycleOf(pod: DeepReadonly<Pod>): string | undefined {
  return pod.metadata.labels?.[labels.lifecycleState]
}

function namesOf(pods: readonly DeepReadonly<Pod>[]): string {
  const names = pods.map(pod => pod.metadata.name)
  return names.length <= 5 ? names.join(', ') : `${names.slice(0, 5).join(', ')} and ${names.length - 5} more`
}
