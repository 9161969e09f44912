import type { CustomResourceDefinition, CustomResourceDefinitionCondition } from '../../../apis/core/types.generated.ts'
import { formatTime } from '../../../kube/clock.ts'
import type { FieldError } from '../../../schema/field-error.ts'
import { equalJson } from '../../../schema/json.ts'
import type { Draft, KindStrategy, StrategyContext } from '../registry.ts'
import { validateDefinition, validateDefinitionUpdate } from './definition-validation.ts'
import type { ResourceTable } from './resource-table.ts'

export const definitions = 'customresourcedefinitions.apiextensions.k8s.io'

const definitionOf = (draft: Readonly<Draft>): CustomResourceDefinition => draft as unknown as CustomResourceDefinition

/**
 * CustomResourceDefinitions. Names are accepted and the kind established by the very write that defines them, so a definition is never
 * seen without its conditions and its resources are served when the answer arrives.
 */
export function definitionStrategy(resources: ResourceTable): KindStrategy {
  const settle = (draft: Draft, old: Readonly<Draft> | undefined, context: StrategyContext): void => {
    const definition = definitionOf(draft)
    const before = old === undefined ? undefined : definitionOf(old).status
    const problem = nameProblem(definition, resources)
    const time = formatTime(context.now().getTime())
    const condition = (type: string, status: boolean, reason: string, message: string): CustomResourceDefinitionCondition => {
      const known = before?.conditions?.find(candidate => candidate.type === type)
      const value = status ? 'True' : 'False'
      return {
        type,
        status: value,
        reason,
        message,
        lastTransitionTime: known?.status === value ? (known.lastTransitionTime ?? time) : time,
      }
    }
    const stored = definition.spec.versions.find(({ storage }) => storage)?.name
    const { categories, kind, listKind, plural, shortNames, singular } = definition.spec.names
    definition.status = {
      conditions: [
        ...(before?.conditions ?? []).filter(({ type }) => type !== 'NamesAccepted' && type !== 'Established'),
        problem === undefined
          ? condition('NamesAccepted', true, 'NoConflicts', 'no conflicts found')
          : condition('NamesAccepted', false, problem.reason, problem.message),
        problem === undefined
          ? condition('Established', true, 'InitialNamesAccepted', 'the initial names have been accepted')
          : condition('Established', false, 'NotAccepted', 'not all names are accepted'),
      ],
      acceptedNames:
        problem === undefined
          ? {
              kind,
              plural,
              ...(listKind === undefined ? {} : { listKind }),
              ...(singular === undefined ? {} : { singular }),
              ...(shortNames === undefined ? {} : { shortNames }),
              ...(categories === undefined ? {} : { categories }),
            }
          : { kind: '', plural: '' },
      storedVersions: [...new Set([...(before?.storedVersions ?? []), ...(stored === undefined ? [] : [stored])])],
    }
  }
  return {
    hasGeneration: true,
    applyDefaults(draft) {
      const { spec } = definitionOf(draft)
      if (spec?.names === undefined) return
      spec.names.singular ??= (spec.names.kind ?? '').toLowerCase()
      if ((spec.names.kind ?? '') !== '') spec.names.listKind ??= `${spec.names.kind}List`
      spec.conversion ??= { strategy: 'None' }
    },
    prepareForCreate(draft, context) {
      if (isSettleable(draft)) settle(draft, undefined, context)
    },
    prepareForUpdate(draft, old, context) {
      if (context.subresource === undefined && isSettleable(draft) && !equalJson(draft['spec'], old['spec'])) settle(draft, old, context)
    },
    validate(object, old, context): FieldError[] {
      if (context.subresource !== undefined) return []
      const definition = definitionOf(object)
      const errors = validateDefinition(definition)
      if (errors.length === 0 && old !== undefined) errors.push(...validateDefinitionUpdate(definition, definitionOf(old)))
      return errors
    },
  }
}

/** What is too broken to be read is left to validation. */
function isSettleable(draft: Readonly<Draft>): boolean {
  const { spec } = definitionOf(draft)
  return Array.isArray(spec?.versions) && spec.names !== undefined && spec.names !== null
}

/** A name that another definition of the group has taken. */
function nameProblem(
  { metadata, spec }: CustomResourceDefinition,
  resources: ResourceTable,
): { reason: string; message: string } | undefined {
  for (const resource of resources.all()) {
    if (resource.type.group !== spec.group || resource.collection === metadata.name) continue
    const taken = new Set([resource.type.plural, resource.singular, ...resource.shortNames])
    const { plural, singular, shortNames = [], kind, listKind } = spec.names
    if (taken.has(plural)) return { reason: 'PluralConflict', message: `${JSON.stringify(plural)} is already in use` }
    if (singular !== undefined && taken.has(singular))
      return { reason: 'SingularConflict', message: `${JSON.stringify(singular)} is already in use` }
    const short = shortNames.find(name => taken.has(name))
    if (short !== undefined) return { reason: 'ShortNamesConflict', message: `${JSON.stringify(short)} is already in use` }
    if (resource.type.kind === kind || resource.listKind === kind)
      return { reason: 'KindConflict', message: `${JSON.stringify(kind)} is already in use` }
    if (resource.listKind === listKind) return { reason: 'ListKindConflict', message: `${JSON.stringify(listKind)} is already in use` }
  }
  return undefined
}
