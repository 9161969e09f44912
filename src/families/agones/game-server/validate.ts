/** What the schema cannot say about a GameServer, in the words and paths of Agones: clients compare some of them. Pure. */
import { isIP } from 'node:net'
import { addressOrder, addressOrderHelp, includes } from '../../../apis/agones.dev/address-order.ts'
import { annotations } from '../../../apis/agones.dev/annotations.ts'
import { defaults } from '../../../apis/agones.dev/defaults.ts'
import type { GameServer, GameServerSpec } from '../../../apis/agones.dev/game-server.ts'
import type { Container, PodTemplateSpec } from '../../../apis/core/types.generated.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import type { FieldError } from '../../../schema/field-error.ts'
import { compareQuantities, parseQuantity } from '../../../schema/quantity.ts'
import { isLabelValue, isQualifiedName } from '../../../schema/label-syntax.ts'
import type { CloudProduct } from '../cloud-product/cloud-product.ts'
import { addressNames } from './addresses.ts'
import { completeSpec, isChosen } from './complete.ts'
import { networkErrors } from './network.ts'

/** A name becomes the value of a label. */
const longestName = 63

type Spec = DeepReadonly<GameServerSpec>
/** What the platform below has against it. */
type Product = Pick<CloudProduct, 'validate'>

const invalid = (field: string, value: unknown, detail: string): FieldError => ({ type: 'FieldValueInvalid', field, value, detail })
const required = (field: string, detail: string): FieldError => ({ type: 'FieldValueRequired', field, detail })
const forbidden = (field: string, detail: string): FieldError => ({ type: 'FieldValueForbidden', field, detail })

export function validateGameServer({ metadata, spec }: DeepReadonly<GameServer>, product: Product): FieldError[] {
  const errors: FieldError[] = []
  if (metadata.name.length > longestName)
    errors.push({ type: 'FieldValueTooLong', field: 'metadata.name', value: '', detail: `may not be more than ${longestName} bytes` })
  errors.push(...annotationErrors('metadata.annotations', metadata.annotations))
  const device = metadata.annotations?.[annotations.devAddress]
  if (device !== undefined) return [...errors, ...developerErrors(device, spec, metadata.annotations)]
  return [...errors, ...validateSpec(spec, 'spec', product, 'metadata.annotations')]
}

type Notes = Readonly<Record<string, string>>

/** Of what users say of addresses and networks on servers and in the metadata of their templates. */
export function annotationErrors(path: string, given: Notes | undefined): FieldError[] {
  return [...addressErrors(path, given), ...networkErrors(path, given)]
}

/** Of the annotations that say which addresses are published, and which of them players are told. */
export function addressErrors(path: string, given: Notes = {}): FieldError[] {
  const wrong = addressNames.flatMap(name => {
    const list = given[name]
    return list === undefined || addressOrder(list) !== undefined ? [] : [invalid(`${path}[${name}]`, list, addressOrderHelp)]
  })
  if (wrong.length > 0) return wrong
  const { primaryAddress, publishedAddresses } = annotations
  const [primary, only] = [given[primaryAddress], given[publishedAddresses]]
  if (primary === undefined || only === undefined) return []
  const isTold = addressOrder(primary)?.some(one => addressOrder(only)?.some(all => includes(all, one) || includes(one, all)))
  if (isTold === true) return []
  return [invalid(`${path}[${primaryAddress}]`, primary, `must name something of what ${publishedAddresses} publishes: ${only}`)]
}

/** A network belongs to servers; where nobody would read it, it is not left standing. */
export function misplacedNetworkErrors(path: string, given: Notes | undefined, rightPath: string): FieldError[] {
  const { network } = annotations
  return given?.[network] === undefined ? [] : [forbidden(`${path}[${network}]`, `belongs in ${rightPath}`)]
}

/** A server that a developer runs somewhere: its address and ports are given, and no pod is looked at. */
function developerErrors(address: string, spec: Spec, given: Notes | undefined): FieldError[] {
  const errors =
    isIP(address) === 0 ? [invalid(`metadata.annotations[${annotations.devAddress}]`, address, 'must be a valid IP address')] : []
  if (given?.[annotations.network] !== undefined)
    errors.push(forbidden(`metadata.annotations[${annotations.network}]`, 'a development server has its address already'))
  for (const [index, port] of (spec.ports ?? []).entries()) {
    const at = `spec.ports[${index}]`
    if (port.portPolicy !== 'Static') errors.push(required(`${at}.portPolicy`, 'PortPolicy must be Static'))
    if (port.hostPort === undefined)
      errors.push(required(`${at}.hostPort`, 'HostPort must be specified if GameServer is a development server'))
  }
  return errors
}

/** A spec wherever it stands, such as in the template of a Fleet; `notesPath` is where annotations of its servers stand. */
export function validateSpec(given: Spec, path: string, product: Product, notesPath: string): FieldError[] {
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
    ...misplacedNetworkErrors(`${path}.template.metadata.annotations`, template.metadata?.annotations, notesPath),
    ...[...containers.entries()].flatMap(([index, container]) => resourceErrors(container, `${path}.template.spec.containers[${index}]`)),
    ...[...inits.entries()].flatMap(([index, container]) => resourceErrors(container, `${path}.template.spec.initContainers[${index}]`)),
    ...countErrors(given, path),
    ...product.validate(spec, path),
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

/** Labels and annotations that are put on objects later, when nobody could refuse them any more. */
export function metadataErrors(
  metadata: { readonly labels?: unknown; readonly annotations?: unknown } | null | undefined,
  path: string,
): FieldError[] {
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
    ...Object.entries(metadata?.labels ?? {}).flatMap(([key, value]: [string, unknown]) => [
      ...keyed('labels', key),
      ...(typeof value === 'string' && isLabelValue(value)
        ? []
        : [invalid(`${path}.labels`, value, 'must be a label value: up to 63 letters, digits, - _ and .')]),
    ]),
    ...Object.entries(metadata?.annotations ?? {}).flatMap(([key, value]: [string, unknown]) => [
      ...keyed('annotations', key),
      ...(typeof value === 'string' ? [] : [invalid(`${path}.annotations`, value, 'must be text')]),
    ]),
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
