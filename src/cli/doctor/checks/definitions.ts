import type { CustomResourceDefinition } from '../../../apis/core/types.generated.ts'
import { okgCustomResourceDefinitions } from '../../../apis/game.kruise.io/custom-resource-definitions.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import { unknownOf, valueOf } from '../asked.ts'
import type { Facts } from '../facts.ts'
import { type Finding, findings } from '../finding.ts'
import { isMeantToRun } from '../../../families/okg/control/manager-presence.ts'
import { firstChange } from '../first-change.ts'

const check = 'definitions'
const is = findings(check)

/** Whether the server has Berth's kinds, in the form this program knows. */
export function checkDefinitions({ definitions, others, installation }: Facts): Finding[] {
  const unknown = unknownOf(check, 'CustomResourceDefinitions', definitions)
  if (unknown !== undefined) return [unknown]
  const isOkgThere = (valueOf(others.okgManagers) ?? []).some(isMeantToRun)
  const isInstalled = (valueOf(installation.deployments) ?? []).length > 0
  const stored = new Map((valueOf(definitions) ?? []).map(definition => [definition.metadata.name, definition]))
  return okgCustomResourceDefinitions.map(wanted => {
    const { name } = wanted.metadata
    const definition = stored.get(name)
    return definition === undefined ? missing(name, isInstalled) : compare(name, definition, wanted, isOkgThere)
  })
}

function missing(name: string, isInstalled: boolean): Finding {
  const rest = {
    why: 'Without it the server does not know the kind.',
    todo: [
      'kubectl apply --server-side -f deploy/install.yaml   # or: helm upgrade --install with crds.install=true, or: berth controller --install-crds',
    ],
  }
  return isInstalled ? is.problem(`${name} is missing`, rest) : is.note(`${name} is not there yet`, rest)
}

function compare(
  name: string,
  { spec, status }: DeepReadonly<CustomResourceDefinition>,
  wanted: (typeof okgCustomResourceDefinitions)[number],
  isOkgThere: boolean,
): Finding {
  const established = status?.conditions?.find(({ type }) => type === 'Established')
  if (established?.status !== 'True') {
    const refused = status?.conditions?.find(({ type, status: value }) => type === 'NamesAccepted' && value === 'False')
    return is.problem(`${name} is not established: ${refused?.message ?? established?.message ?? 'the server has not accepted it yet'}`, {
      todo: [`kubectl describe crd ${name}`],
    })
  }
  const [own] = wanted.spec.versions
  const version = spec.versions.find(each => each.name === own?.name)
  if (own === undefined || version?.served !== true) {
    return is.problem(`${name} does not serve ${own?.name ?? ''}`, {
      why: 'It is the version Berth speaks.',
      todo: [`kubectl get crd ${name} -o jsonpath='{.spec.versions[*].name}'`],
    })
  }
  const difference = firstChange(own.schema, version.schema, 'schema')
  if (difference === undefined) return is.ok(`${name} ${own.name} is served, with the schema of this version of Berth`)
  if (isOkgThere) {
    return is.note(`${name} is OpenKruiseGame's: its schema differs from Berth's at ${difference}`, {
      why: "Berth leaves the definition alone while OpenKruiseGame's manager is there. Bad input is refused by Berth's webhooks only, or told in conditions.",
    })
  }
  return is.warning(`${name} has another schema than this version of Berth, first at ${difference}`, {
    why: 'What one of them knows and the other does not is dropped without a word, or refused.',
    todo: ['# upgrade the older of the two: this program, or the chart (helm upgrade), or: berth controller --install-crds'],
  })
}
