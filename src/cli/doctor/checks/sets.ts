import type { Deployment } from '../../../apis/core/types.generated.ts'
import type { GameServerSet } from '../../../apis/game.kruise.io/game-server-set.ts'
import { labels } from '../../../apis/game.kruise.io/labels.ts'
import {
  type Control,
  controlChoices,
  controlLabel,
  decideControl,
  type LeftAloneReason,
  type ManagerState,
} from '../../../families/okg/control/decide.ts'
import { isMeantToRun } from '../../../families/okg/control/manager-presence.ts'
import { takeOverProblems } from '../../../families/okg/control/take-over-problems.ts'
import { ownAnnotations } from '../../../families/okg/names.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import { isControlledBy } from '../../../kube/owner-reference.ts'
import { unknownOf, valueOf } from '../asked.ts'
import { componentOf, hasFlag, namespacesOf, refOf } from '../component.ts'
import type { Facts } from '../facts.ts'
import { type Finding, findings } from '../finding.ts'

const is = findings('sets')

/** Which sets nobody, or somebody else, runs. */
export function checkSets(facts: Facts): Finding[] {
  const { sets, workloads, revisions, pods } = facts.sets
  const unknown = unknownOf('sets', 'who runs which game server set', sets, workloads, revisions, pods)
  if (!sets.known) return unknown === undefined ? [] : [unknown]
  const controllers = (valueOf(facts.installation.deployments) ?? []).filter(deployment => componentOf(deployment) === 'controller')
  const left = new Map<LeftAloneReason, string[]>()
  const refused: Finding[] = []
  for (const set of sets.value) {
    const control = controlOf(set, facts, controllers)
    if (control.mode === 'leave') left.set(control.reason, [...(left.get(control.reason) ?? []), refOf(set)])
    if (control.mode === 'take-over') refused.push(...takeOver(set, facts))
  }
  const outside = outsideOf(sets.value, controllers)
  const found = [
    ...(unknown === undefined ? [] : [unknown]),
    ...[...left].map(([reason, names]) => leftAlone(reason, names)),
    ...refused,
    ...(outside.length === 0
      ? []
      : [
          is.note(`outside of the namespaces Berth works in: ${shortened(outside)}`, {
            todo: ['# chart: watchNamespaces; controller: --namespaces'],
          }),
        ]),
  ]
  return found.length > 0
    ? found
    : [
        is.ok(
          sets.value.length === 0 ? 'no game server sets' : `no game server set is run by somebody else (${sets.value.length} looked at)`,
        ),
      ]
}

function controlOf(set: DeepReadonly<GameServerSet>, { others, sets }: Facts, controllers: readonly DeepReadonly<Deployment>[]): Control {
  const manager: ManagerState = !others.okgManagers.known ? 'unknown' : others.okgManagers.value.some(isMeantToRun) ? 'alive' : 'absent'
  const runsPods = valueOf(sets.workloads)?.some(workload => isControlledBy(workload, set))
  return decideControl({
    label: set.metadata.labels?.[controlLabel],
    takeOver: controllers.some(deployment => hasFlag(deployment, 'take-over')),
    manager,
    workload: runsPods === undefined ? 'unknown' : runsPods ? 'present' : 'absent',
    hasOwnParts: [...(valueOf(sets.revisions) ?? []), ...(valueOf(sets.pods) ?? [])].some(object => isControlledBy(object, set)),
    isTakingOver: set.metadata.annotations?.[ownAnnotations.takingOver] !== undefined,
  })
}

function leftAlone(reason: LeftAloneReason, names: readonly string[]): Finding {
  const sets = shortened(names)
  const label =
    names.length === 1
      ? `kubectl -n ${names[0]?.split('/')[0] ?? ''} label gss ${names[0]?.split('/')[1] ?? ''} ${controlLabel}=${controlChoices.takeOver}`
      : `kubectl -n NAMESPACE label gss NAME ${controlLabel}=${controlChoices.takeOver}`
  switch (reason) {
    case 'AskedTo':
      return is.note(`left alone, as their label ${controlLabel}=${controlChoices.handsOff} asks for: ${sets}`)
    case 'RunByKruise':
      return is.warning(`OpenKruise runs the pods, so Berth leaves them alone: ${sets}`, {
        why: "Without OpenKruiseGame's manager nobody acts on changes of these sets.",
        todo: [`${label}   # Berth takes over once OpenKruiseGame's manager is stopped; pods stay as they are`],
      })
    case 'ManagerAlive':
      return is.warning(`left to OpenKruiseGame's manager: ${sets}`, {
        todo: [`${label}   # for a set that OpenKruiseGame has not made a workload for`],
      })
    case 'CannotTakeOver':
    case 'NotKnown':
      return is.unknown(`it could not be found out who runs ${sets}`)
  }
}

/** Why a take-over that is asked for does not come about; nothing while it is on its way. */
function takeOver(set: DeepReadonly<GameServerSet>, { sets }: Facts): Finding[] {
  const workload = valueOf(sets.workloads)?.find(each => isControlledBy(each, set))
  const pods = valueOf(sets.pods)
  if (workload === undefined || pods === undefined) return []
  const own = pods.filter(
    ({ metadata }) => metadata.namespace === set.metadata.namespace && metadata.labels?.[labels.ownerSet] === set.metadata.name,
  )
  const problems = takeOverProblems({ set, workload, pods: own, invalid: [] })
  if (problems.length === 0) return [is.note(`${refOf(set)} is about to be taken over from OpenKruise`)]
  return [
    is.problem(`${refOf(set)} cannot be taken over from OpenKruise: ${problems.join('; ')}`, {
      why: 'Berth takes a set over only when every server can stay exactly as it is.',
      todo: [
        `kubectl -n ${set.metadata.namespace ?? ''} get gss,pods,statefulsets.apps.kruise.io -l ${labels.ownerSet}=${set.metadata.name}`,
      ],
    }),
  ]
}

function outsideOf(sets: readonly DeepReadonly<GameServerSet>[], controllers: readonly DeepReadonly<Deployment>[]): string[] {
  const scopes = controllers.map(namespacesOf)
  if (scopes.length === 0 || scopes.includes(undefined)) return []
  return sets.filter(({ metadata }) => !scopes.some(scope => scope?.includes(metadata.namespace ?? '') === true)).map(refOf)
}

function shortened(names: readonly string[]): string {
  return names.length <= 5 ? names.join(', ') : `${names.slice(0, 5).join(', ')} and ${names.length - 5} more`
}
