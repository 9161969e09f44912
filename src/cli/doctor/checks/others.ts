import { original } from '../../../apis/game.kruise.io/original.ts'
import { controlChoices, controlLabel } from '../../../families/okg/control/decide.ts'
import { isMeantToRun } from '../../../families/okg/control/manager-presence.ts'
import { unknownOf, valueOf } from '../asked.ts'
import { refOf } from '../component.ts'
import type { Facts } from '../facts.ts'
import { type Finding, findings } from '../finding.ts'

/** Other programs on the cluster that run game servers. */
export function checkOthers(facts: Facts): Finding[] {
  return [...checkOkg(facts), ...checkAgones(facts)]
}

function checkOkg({ others, webhooks, groups }: Facts): Finding[] {
  const is = findings('others.openkruisegame')
  const unknown = unknownOf('others.openkruisegame', "whether OpenKruiseGame's manager is there", others.okgManagers)
  if (unknown !== undefined) return [unknown]
  const managers = valueOf(others.okgManagers) ?? []
  const alive = managers.filter(isMeantToRun)
  const left = (valueOf(webhooks) ?? []).filter(
    ({ configuration }) => configuration === original.mutatingWebhooks || configuration === original.validatingWebhooks,
  )
  const found: Finding[] = []
  if (alive.length > 0) {
    found.push(
      is.warning(`OpenKruiseGame's manager is installed: ${alive.map(refOf).join(', ')}`, {
        why: `Both serve GameServerSets. Berth leaves them alone, but for those it runs already and those labelled ${controlLabel}=${controlChoices.takeOver}.`,
        todo: [
          '# to stay beside it: nothing',
          ...alive.map(
            ({ metadata }) => `kubectl -n ${metadata.namespace ?? ''} scale deployment ${metadata.name} --replicas=0   # to migrate, first`,
          ),
          `kubectl label gss --all -A ${controlLabel}=${controlChoices.takeOver}   # then; servers keep running`,
        ],
      }),
    )
  } else if (left.length > 0) {
    const configurations = [...new Set(left.map(({ kind, configuration }) => `${kind.toLowerCase()}/${configuration}`))]
    found.push(
      is.problem(`OpenKruiseGame's manager is gone, its webhooks are left: ${configurations.join(', ')}`, {
        why: 'They fail closed: no pod of a game server can be created, changed or deleted.',
        todo: [`kubectl delete ${configurations.join(' ')}`],
      }),
    )
  } else found.push(is.ok('no manager of OpenKruiseGame'))
  if (valueOf(groups)?.includes('apps.kruise.io') === true) {
    found.push(
      findings('others.openkruise').note('OpenKruise is installed', {
        why: 'Berth does not need it. Sets whose pods it runs are left alone.',
      }),
    )
  }
  return found
}

function checkAgones({ others, groups, definitions }: Facts): Finding[] {
  const is = findings('others.agones')
  const found: Finding[] = []
  const controllers = valueOf(others.agones) ?? []
  const isThere = valueOf(groups)?.includes('agones.dev') === true || controllers.length > 0
  const unknown = unknownOf('others.agones', 'whether Agones is installed', groups, others.agones, others.agonesServices)
  if (unknown !== undefined) found.push(unknown)
  if (isThere) {
    found.push(
      is.note(`Agones is installed${controllers.length === 0 ? '' : `: ${controllers.map(refOf).join(', ')}`}`, {
        why: 'Its servers are never touched. Both have kinds called gs and gss; say gss.game.kruise.io where kubectl picks the other.',
        todo: (valueOf(definitions) ?? []).length === 0 ? [] : ['kubectl get gss.v1alpha1.game.kruise.io -A'],
      }),
    )
  }
  for (const { metadata, status } of valueOf(others.agonesServices) ?? []) {
    const available = status?.conditions?.find(({ type }) => type === 'Available')
    if (available === undefined || available.status === 'True') continue
    found.push(
      is.problem(`the API ${metadata.name} of Agones is not available: ${available.message ?? available.reason ?? ''}`, {
        why: 'While an aggregated API is not answered, deletions of namespaces hang.',
        todo: [`kubectl delete apiservice ${metadata.name}   # if Agones is gone for good`],
      }),
    )
  }
  return found.length > 0 ? found : [is.ok('no Agones')]
}
