/** What the schema cannot say about a GameServer, in the words and paths of Agones: clients compare some of them. Pure. */
import { isIP } from 'node:net'
import { annotations } from '../../../apis/agones.dev/annotations.ts'
import { defaults } from '../../../apis/agones.dev/defaults.ts'
import type { GameServer, GameServerSpec } from '../../../apis/agones.dev/game-server.ts'
import type { Container, PodTemplateSpec } from '../../../apis/core/types.generated.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import type { FieldError } from '../../../schema/field-error.ts'
import { compareQuantities, parseQuantity } from '../../../schema/quantity.ts'
import { isLabelValue, isQualifiedName } from '../../../schema/label-syntax.ts'
import { addressOrder, addressOrderHelp } from './addresses.ts'
import { completeSpec, isChosen } from './complete.ts'

/** A name becomes the value of a label. */
const longestName = 63

type Spec = DeepReadonly<GameServerSpec>

const invalid = (field: string, value: unknown, detail: string): FieldError => ({ type: 'FieldValueInvalid', field, value, detail })
const required = (field: string, detail: string): FieldError => ({ type: 'FieldValueRequired', field, detail })
const forbidden = (field: string, detail: string): FieldError => ({ type: 'FieldValueForbidden', field, detail })

export function validateGameServer({ metadata, spec }: DeepReadonly<GameServer>): FieldError[] {
  const errors: FieldError[] = []
  if (metadata.name.length > longestName)
    errors.push({ type: 'FieldValueTooLong', field: 'metadata.name', value: '', detail: `may not be more than ${longestName} bytes` })
  errors.push(...addressErrors('metadata.annotations', metadata.annotations))
  const device = metadata.annotations?.[annotations.devAddress]
  if (device !== undefined) return [...errors, ...developerErrors(device, spec)]
  return [...errors, ...validateSpec(spec, 'spec')]
}

/** Of the annotation that says which address players are told. */
export function addressErrors(path: string, given: Readonly<Record<string, string>> | undefined): FieldError[] {
  const order = given?.[annotations.primaryAddress]
  if (order === undefined || addressOrder(order) !== undefined) return []
  return [invalid(`${path}[${annotations.primaryAddress}]`, order, addressOrderHelp)]
}

/** A server that a developer runs somewhere: its address and ports are given, and no pod is looked at. */
function developerErrors(address: string, spec: Spec): FieldError[] {
  const errors =
    isIP(address) === 0 ? [invalid(`metadata.annotations[${annotations.devAddress}]`, address, 'must be a valid IP address')] : []
  for (const [index, port] of (spec.ports ?? []).entries()) {
    const at = `spec.ports[${index}]`
    if (port.portPolicy !== 'Static') errors.push(required(`${at}.portPolicy`, 'PortPolicy must be Static'))
    if (port.hostPort === undefined)
      errors.push(required(`${at}.hostPort`, 'HostPort must be specified if GameServer is a development server'))
  }
  return errors
}

/** A spec wherever it stands, such as in the template of a Fleet. */
export function validateSpec(given: Spec, path: string): FieldError[] {
  const spec = completeSpec(given)
  const template = given.template as DeepReadonly<PodTemplateSpec>
  const containers = template.spec?.containers ?? []
  const inits = template.spec?.initContainers ?? []
  const errors: FieldError[] = []
  if (spec.container === '') {
    if (containers.length > 1)
      errors.push(required(`${path}.container`, 'Container is required when using multiple containers in the pod template'))
  } else if (!containers.some(({ name }) => name === spec.container)) {
    errors.push(invalid(`${path}.container`, spec.container, `Could not find a container named ${spec.container}`))
  }
  const listeners = new Set([...containers, ...inits.filter(({ restartPolicy }) => restartPolicy === 'Always')].map(({ name }) => name))
  return [
    ...errors,
    ...portErrors(given, spec.container, listeners, path),
    ...metadataErrors(template.metadata, `${path}.template.metadata`),
    ...[...containers.entries()].flatMap(([index, container]) => resourceErrors(container, `${path}.template.spec.containers[${index}]`)),
    ...[...inits.entries()].flatMap(([index, container]) => resourceErrors(container, `${path}.template.spec.initContainers[${index}]`)),
    ...countErrors(given, path),
  ]
}

function portErrors(given: Spec, game: string, listeners: ReadonlySet<string>, path: string): FieldError[] {
  return [...(given.ports ?? []).entries()].flatMap(([index, port]) => {
    const at = `${path}.ports[${index}]`
    const policy = port.portPolicy ?? defaults.portPolicy
    const errors: FieldError[] = []
    if (isChosen({ portPolicy: policy }) && port.hostPort !== undefined)
      errors.push(forbidden(`${at}.hostPort`, 'HostPort cannot be specified with a Dynamic or Passthrough PortPolicy'))
    if ((policy === 'Dynamic' || policy === 'Static') && port.containerPort === undefined)
      errors.push(required(`${at}.containerPort`, 'ContainerPort must be defined for Dynamic and Static PortPolicies'))
    if (policy === 'Static' && port.hostPort === undefined)
      errors.push(required(`${at}.hostPort`, 'HostPort must be specified with a Static PortPolicy'))
    if (policy === 'Passthrough' && port.containerPort !== undefined)
      errors.push(required(`${at}.containerPort`, 'ContainerPort cannot be specified with Passthrough PortPolicy'))
    const container = port.container || game
    if (container !== '' && container !== game && !listeners.has(container))
      errors.push(invalid(`${at}.container`, container, 'Container must be empty or the name of a container in the pod template'))
    return errors
  })
}

function metadataErrors(metadata: DeepReadonly<PodTemplateSpec>['metadata'], path: string): FieldError[] {
  const keyed = (kind: 'labels' | 'annotations', key: string): FieldError[] =>
    isQualifiedName(kind === 'annotations' ? key.toLowerCase() : key)
      ? []
      : [
          invalid(
            `${path}.${kind}`,
            key,
            'must be a qualified name: up to 63 letters, digits, - _ and . after an optional DNS subdomain and /',
          ),
        ]
  return [
    ...Object.entries(metadata?.labels ?? {}).flatMap(([key, value]) => [
      ...keyed('labels', key),
      ...(isLabelValue(value) ? [] : [invalid(`${path}.labels`, value, 'must be a label value: up to 63 letters, digits, - _ and .')]),
    ]),
    ...Object.keys(metadata?.annotations ?? {}).flatMap(key => keyed('annotations', key)),
  ]
}

function resourceErrors({ resources }: DeepReadonly<Container>, path: string): FieldError[] {
  const errors: FieldError[] = []
  for (const kind of ['limits', 'requests'] as const)
    for (const [name, value] of Object.entries(resources?.[kind] ?? {}))
      if ((parseQuantity(value)?.nano ?? 0n) < 0n)
        errors.push(invalid(`${path}.resources.${kind}[${name}]`, value, 'must be greater than or equal to 0'))
  for (const [name, value] of Object.entries(resources?.requests ?? {})) {
    const [request, limit] = [parseQuantity(value), parseQuantity(resources?.limits?.[name] ?? value)]
    if (request !== undefined && limit !== undefined && compareQuantities(request, limit) > 0)
      errors.push(invalid(`${path}.resources.requests`, value, `must be less than or equal to ${name} limit`))
  }
  return errors
}

/** More than there is room for at the start. */
function countErrors({ counters, lists }: Spec, path: string): FieldError[] {
  return [
    ...Object.entries(counters ?? {}).flatMap(([name, { count = 0, capacity = defaults.counterCapacity }]) =>
      count > capacity ? [invalid(`${path}.counters[${name}].count`, count, `must be less than or equal to the capacity ${capacity}`)] : [],
    ),
    ...Object.entries(lists ?? {}).flatMap(([name, { values = [], capacity = defaults.listCapacity }]) =>
      values.length > capacity
        ? [invalid(`${path}.lists[${name}].values`, values.length, `must be no more than the capacity ${capacity}`)]
        : [],
    ),
  ]
}
