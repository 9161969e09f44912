import type { Parameter } from '../../../addresses/model.ts'
import { parameterErrors } from '../../../addresses/parameter-errors.ts'
import type { ParameterValidator } from '../../../addresses/parameter-validator.ts'
import type { GameServer } from '../../../apis/game.kruise.io/game-server.ts'
import type { GameServerSet } from '../../../apis/game.kruise.io/game-server-set.ts'
import type { PodTemplateSpec } from '../../../apis/core/types.generated.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import type { FieldError } from '../../../schema/field-error.ts'
import { RangeSet } from '../../../servers/range-set.ts'
import { differenceOf } from '../../../servers/revision/difference.ts'
import { isLabelValue, isQualifiedName } from '../../../schema/label-syntax.ts'
import { templateOf } from './template.ts'

/** Names of pods, host names and revision labels are made from the set's name and have to stay within 63 characters. */
const longestName = 52

/**
 * What the schema cannot say about a set. `old` is the stored object on an update. On an embedded cluster this refuses the write; elsewhere the
 * controller reports it as a condition.
 */
export function validateGameServerSet(
  set: DeepReadonly<GameServerSet>,
  old: DeepReadonly<GameServerSet> | undefined,
  networks: ParameterValidator,
): FieldError[] {
  return [
    ...nameErrors(set, old),
    ...reserveErrors(set.spec.reserveGameServerIds ?? []),
    ...templateErrors(set),
    ...templateMetadataErrors(set),
    ...networkErrors(set, old, networks),
    ...(old === undefined ? [] : inPlaceErrors(set, old)),
  ]
}

/** Overrides of containers that the set does not have: they change nothing, and somebody waits for them. */
export function overrideProblems(set: DeepReadonly<GameServerSet>, overriding: readonly DeepReadonly<GameServer>[]): string[] {
  if (overriding.length === 0) return []
  const { spec } = set.spec.gameServerTemplate as DeepReadonly<PodTemplateSpec>
  const known = new Set(spec?.containers.map(({ name }) => name))
  return overriding.flatMap(server =>
    (server.spec?.containers ?? []).flatMap(({ name }, index) =>
      known.has(name) ? [] : [`GameServer ${server.metadata.name}: spec.containers[${index}].name: there is no container ${name}`],
    ),
  )
}

function nameErrors({ metadata: { name } }: DeepReadonly<GameServerSet>, old: unknown): FieldError[] {
  if (old !== undefined || name.length <= longestName) return []
  return [{ type: 'FieldValueInvalid', field: 'metadata.name', value: name, detail: `must be no more than ${longestName} characters` }]
}

function reserveErrors(items: readonly (string | number)[]): FieldError[] {
  const errors: FieldError[] = []
  let before = RangeSet.empty
  items.forEach((item, index) => {
    const field = `spec.reserveGameServerIds[${index}]`
    let valid = true
    const ids = RangeSet.parse([item], () => {
      valid = false
    })
    if (!valid) {
      const detail = 'must be a non-negative integer or a range "a-b" with a <= b'
      errors.push({ type: 'FieldValueInvalid', field, value: item, detail })
    } else if (before.size + ids.size !== before.union(ids).size) {
      errors.push({ type: 'FieldValueDuplicate', field, value: item, detail: '' })
    }
    before = before.union(ids)
  })
  return errors
}

function templateErrors(set: DeepReadonly<GameServerSet>): FieldError[] {
  const path = 'spec.gameServerTemplate.spec'
  const { spec } = set.spec.gameServerTemplate as DeepReadonly<PodTemplateSpec>
  const errors: FieldError[] = []
  const containers = spec?.containers ?? []
  if (containers.length === 0) errors.push({ type: 'FieldValueRequired', field: `${path}.containers`, detail: '' })
  const names = new Set<string>()
  containers.forEach(({ name, image }, index) => {
    const field = `${path}.containers[${index}]`
    if (name === undefined || name === '') errors.push({ type: 'FieldValueRequired', field: `${field}.name`, detail: '' })
    else if (names.has(name)) errors.push({ type: 'FieldValueDuplicate', field: `${field}.name`, value: name, detail: '' })
    names.add(name)
    if (image === undefined || image === '') errors.push({ type: 'FieldValueRequired', field: `${field}.image`, detail: '' })
  })
  if (spec?.restartPolicy !== undefined && spec.restartPolicy !== 'Always') {
    errors.push({
      type: 'FieldValueNotSupported',
      field: `${path}.restartPolicy`,
      value: spec.restartPolicy,
      detail: 'supported values: "Always"',
    })
  }
  return errors
}

/** Labels and annotations travel to running servers, where a bad one would stop every later change. */
function templateMetadataErrors(set: DeepReadonly<GameServerSet>): FieldError[] {
  const { metadata } = set.spec.gameServerTemplate as DeepReadonly<PodTemplateSpec>
  const path = 'spec.gameServerTemplate.metadata'
  const errors: FieldError[] = []
  for (const member of ['labels', 'annotations'] as const) {
    for (const [key, value] of Object.entries(metadata?.[member] ?? {})) {
      const field = `${path}.${member}`
      if (!isQualifiedName(key)) errors.push({ type: 'FieldValueInvalid', field, value: key, detail: 'is no valid key: [prefix/]name' })
      if (member === 'labels' && !isLabelValue(value))
        errors.push({ type: 'FieldValueInvalid', field: `${field}[${key}]`, value, detail: labelDetail })
    }
  }
  return errors
}

const labelDetail = "a valid label is up to 63 letters, digits, '-', '_' and '.', and begins and ends with a letter or a digit, or is empty"

function networkErrors(
  { spec: { network } }: DeepReadonly<GameServerSet>,
  old: DeepReadonly<GameServerSet> | undefined,
  networks: ParameterValidator,
): FieldError[] {
  if (network === undefined) return []
  const { networkType } = network
  const field = 'spec.network.networkType'
  const oldType = old?.spec.network?.networkType ?? ''
  if (networkType !== '' && oldType !== '' && oldType !== networkType) {
    return [{ type: 'FieldValueForbidden', field, detail: `networkType cannot be changed (it is ${oldType})` }]
  }
  const parameters: Parameter[] = (network.networkConf ?? []).map(({ name, value }) => ({ name: name ?? '', value: value ?? '' }))
  const conf = 'spec.network.networkConf'
  return parameterErrors(networks, networkType, parameters, { type: field, parameters: conf, parameter: index => `${conf}[${index}]` })
}

function inPlaceErrors(set: DeepReadonly<GameServerSet>, old: DeepReadonly<GameServerSet>): FieldError[] {
  if (set.spec.updateStrategy?.rollingUpdate?.podUpdatePolicy !== 'InPlaceOnly') return []
  const difference = differenceOf(templateOf(old), templateOf(set))
  if (difference.kind !== 'recreate') return []
  const detail = 'cannot be changed in place, and podUpdatePolicy is InPlaceOnly: only metadata and the images of containers can'
  return [{ type: 'FieldValueForbidden', field: `spec.gameServerTemplate.${difference.path}`, detail }]
}
