import type { Container, EnvVar, PodSpec, Probe } from '../../../../apis/core/types.generated.ts'
import type { DeepReadonly } from '../../../../kube/object.ts'
import type { FieldError } from '../../../../schema/field-error.ts'
import { compareQuantities, parseQuantity } from '../../../../schema/quantity.ts'
import {
  duplicate,
  forbidden,
  invalid,
  nameErrors,
  notFound,
  oneOf,
  portErrors,
  portNameErrors,
  qualifiedNameErrors,
  required,
} from '../field-errors.ts'

const protocols = ['SCTP', 'TCP', 'UDP']
const pullPolicies = ['Always', 'IfNotPresent', 'Never']

/** The containers of a pod: names unique over both lists, ports unique over all that share the host's. */
export function validateContainers(spec: DeepReadonly<PodSpec>, path: string): FieldError[] {
  const errors: FieldError[] = []
  const names = new Set<string>()
  const volumes = new Set((spec.volumes ?? []).map(volume => volume.name))
  const hostPorts = new Set<string>()
  if ((spec.containers ?? []).length === 0) errors.push(required(`${path}.containers`))
  for (const [index, container] of (spec.initContainers ?? []).entries()) {
    const field = `${path}.initContainers[${index}]`
    const sidecar = container.restartPolicy === 'Always'
    errors.push(
      ...validateContainer(container, field, names, volumes),
      ...oneOf(`${field}.restartPolicy`, container.restartPolicy, ['Always', 'Never', 'OnFailure']),
    )
    if (sidecar) errors.push(...hostPortErrors(container, field, spec.hostNetwork === true, hostPorts))
    else {
      for (const name of ['livenessProbe', 'readinessProbe', 'startupProbe', 'lifecycle'] as const) {
        if (container[name] !== undefined)
          errors.push(forbidden(`${field}.${name}`, 'may not be set for init containers without restartPolicy=Always'))
      }
    }
  }
  for (const [index, container] of (spec.containers ?? []).entries()) {
    const field = `${path}.containers[${index}]`
    errors.push(...validateContainer(container, field, names, volumes))
    errors.push(...hostPortErrors(container, field, spec.hostNetwork === true, hostPorts))
  }
  return errors
}

function validateContainer(
  container: DeepReadonly<Container>,
  field: string,
  names: Set<string>,
  volumes: ReadonlySet<string>,
): FieldError[] {
  const errors: FieldError[] = []
  const { name, image } = container
  if (name === undefined || name === '') errors.push(required(`${field}.name`))
  else {
    errors.push(...nameErrors(`${field}.name`, name, 'label'))
    if (names.has(name)) errors.push(duplicate(`${field}.name`, name))
    names.add(name)
  }
  if (image === undefined || image === '') errors.push(required(`${field}.image`))
  else if (image !== image.trim()) errors.push(invalid(`${field}.image`, image, 'must not have leading or trailing whitespace'))
  errors.push(...oneOf(`${field}.imagePullPolicy`, container.imagePullPolicy, pullPolicies))
  errors.push(...oneOf(`${field}.terminationMessagePolicy`, container.terminationMessagePolicy, ['FallbackToLogsOnError', 'File']))
  errors.push(...validatePorts(container, field), ...validateEnv(container.env, field), ...validateMounts(container, field, volumes))
  for (const probe of ['livenessProbe', 'readinessProbe', 'startupProbe'] as const) {
    const own = container[probe]
    if (own !== undefined) errors.push(...validateProbe(own, `${field}.${probe}`, probe !== 'readinessProbe'))
  }
  for (const hook of ['postStart', 'preStop'] as const) {
    const handler = container.lifecycle?.[hook]
    if (handler !== undefined) errors.push(...handlerErrors(Object.keys(handler), `${field}.lifecycle.${hook}`))
  }
  errors.push(...validateResources(container, field))
  return errors
}

function validatePorts(container: DeepReadonly<Container>, field: string): FieldError[] {
  const errors: FieldError[] = []
  const names = new Set<string>()
  for (const [index, port] of (container.ports ?? []).entries()) {
    const at = `${field}.ports[${index}]`
    if (port.name !== undefined && port.name !== '') {
      errors.push(...portNameErrors(`${at}.name`, port.name))
      if (names.has(port.name)) errors.push(duplicate(`${at}.name`, port.name))
      names.add(port.name)
    }
    if (port.containerPort === undefined || port.containerPort === 0) errors.push(required(`${at}.containerPort`))
    else errors.push(...portErrors(`${at}.containerPort`, port.containerPort))
    if (port.hostPort !== undefined && port.hostPort !== 0) errors.push(...portErrors(`${at}.hostPort`, port.hostPort))
    errors.push(...oneOf(`${at}.protocol`, port.protocol, protocols))
  }
  return errors
}

function hostPortErrors(container: DeepReadonly<Container>, field: string, hostNetwork: boolean, taken: Set<string>): FieldError[] {
  const errors: FieldError[] = []
  for (const [index, { hostPort, hostIP, protocol, containerPort }] of (container.ports ?? []).entries()) {
    if (hostPort === undefined || hostPort === 0) continue
    const at = `${field}.ports[${index}]`
    if (hostNetwork && hostPort !== containerPort) {
      errors.push(invalid(`${at}.hostPort`, hostPort, 'must match `containerPort` when `hostNetwork` is true'))
    }
    const key = `${protocol ?? 'TCP'}/${hostIP ?? ''}/${hostPort}`
    if (taken.has(key)) errors.push(duplicate(`${at}.hostPort`, key))
    taken.add(key)
  }
  return errors
}

function validateEnv(env: DeepReadonly<EnvVar[]> | undefined, field: string): FieldError[] {
  const errors: FieldError[] = []
  for (const [index, { name, value, valueFrom }] of (env ?? []).entries()) {
    const at = `${field}.env[${index}]`
    if (name === undefined || name === '') errors.push(required(`${at}.name`))
    else if (!/^[\x20-\x3c\x3e-\x7e]+$/.test(name)) {
      errors.push(
        invalid(`${at}.name`, name, "a valid environment variable name must consist only of printable ASCII characters other than '='"),
      )
    }
    if (valueFrom === undefined) continue
    const sources = Object.keys(valueFrom).length
    if (sources === 0) {
      errors.push(
        invalid(
          `${at}.valueFrom`,
          '',
          'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`',
        ),
      )
    } else if (value !== undefined && value !== '')
      errors.push(invalid(`${at}.valueFrom`, '', 'may not be specified when `value` is not empty'))
    else if (sources > 1) errors.push(invalid(`${at}.valueFrom`, '', 'may not have more than one field specified at a time'))
    if (valueFrom.fieldRef !== undefined && !isEnvFieldPath(valueFrom.fieldRef.fieldPath)) {
      errors.push(
        invalid(
          `${at}.valueFrom.fieldRef.fieldPath`,
          valueFrom.fieldRef.fieldPath,
          `error converting fieldPath: field label not supported: ${valueFrom.fieldRef.fieldPath}`,
        ),
      )
    }
  }
  return errors
}

const envFields = new Set([
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
])

const isEnvFieldPath = (path: string) => envFields.has(path) || /^metadata\.(labels|annotations)\['[^']+'\]$/.test(path)

function validateMounts(container: DeepReadonly<Container>, field: string, volumes: ReadonlySet<string>): FieldError[] {
  const errors: FieldError[] = []
  const paths = new Set<string>()
  for (const [index, { name, mountPath, subPath }] of (container.volumeMounts ?? []).entries()) {
    const at = `${field}.volumeMounts[${index}]`
    if (name === undefined || name === '') errors.push(required(`${at}.name`))
    else if (!volumes.has(name)) errors.push(notFound(`${at}.name`, name))
    if (mountPath === undefined || mountPath === '') errors.push(required(`${at}.mountPath`))
    else if (paths.has(mountPath)) errors.push(invalid(`${at}.mountPath`, mountPath, 'must be unique'))
    else paths.add(mountPath)
    if (subPath?.startsWith('/') === true) errors.push(invalid(`${at}.subPath`, subPath, 'must be a relative path'))
    if (subPath?.split('/').includes('..') === true) errors.push(invalid(`${at}.subPath`, subPath, "must not contain '..'"))
  }
  return errors
}

function handlerErrors(handlers: readonly string[], field: string): FieldError[] {
  const known = handlers.filter(name => ['exec', 'httpGet', 'tcpSocket', 'grpc', 'sleep'].includes(name))
  if (known.length === 0) return [required(field, 'must specify a handler type')]
  return known.slice(1).map(name => forbidden(`${field}.${name}`, 'may not specify more than 1 handler type'))
}

function validateProbe(probe: DeepReadonly<Probe>, field: string, onceOnly: boolean): FieldError[] {
  const errors = handlerErrors(Object.keys(probe), field)
  for (const [handler, port] of [
    ['httpGet', probe.httpGet?.port],
    ['tcpSocket', probe.tcpSocket?.port],
    ['grpc', probe.grpc?.port],
  ] as const) {
    if (typeof port === 'number') errors.push(...portErrors(`${field}.${handler}.port`, port))
    else if (port !== undefined) errors.push(...portNameErrors(`${field}.${handler}.port`, port))
  }
  if (probe.exec !== undefined && (probe.exec.command ?? []).length === 0) errors.push(required(`${field}.exec.command`))
  for (const name of ['initialDelaySeconds', 'timeoutSeconds', 'periodSeconds', 'successThreshold', 'failureThreshold'] as const) {
    const value = probe[name]
    if (value !== undefined && value < 0) errors.push(invalid(`${field}.${name}`, value, 'must be greater than or equal to 0'))
  }
  if (onceOnly && probe.successThreshold !== undefined && probe.successThreshold !== 1) {
    errors.push(invalid(`${field}.successThreshold`, probe.successThreshold, 'must be 1'))
  }
  return errors
}

const containerResources: ReadonlySet<string> = new Set(['cpu', 'memory', 'ephemeral-storage'])

/** Standard resources may be promised more than once; extended ones and huge pages are there or not. */
const isOvercommittable = (name: string): boolean =>
  !name.startsWith('hugepages-') && (!name.includes('/') || name.includes('kubernetes.io/'))

function resourceNameErrors(field: string, name: string): FieldError[] {
  const problems = qualifiedNameErrors(field, name)
  if (problems.length > 0 || name.includes('/') || name.startsWith('hugepages-') || containerResources.has(name)) return problems
  return [
    invalid(field, name, 'must be a standard resource type or fully qualified'),
    invalid(field, name, 'must be a standard resource for containers'),
  ]
}

const quantityText = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"

function validateResources({ resources }: DeepReadonly<Container>, field: string): FieldError[] {
  if (resources?.limits === undefined && resources?.requests === undefined) return []
  const errors: FieldError[] = []
  for (const list of ['limits', 'requests'] as const) {
    for (const [name, text] of Object.entries(resources[list] ?? {})) {
      const at = `${field}.resources.${list}[${name}]`
      const quantity = parseQuantity(text)
      errors.push(...resourceNameErrors(at, name))
      if (quantity === undefined) errors.push(invalid(at, text, quantityText))
      else if (quantity.nano < 0n) errors.push(invalid(at, String(text), 'must be greater than or equal to 0'))
    }
  }
  for (const [name, text] of Object.entries(resources.requests ?? {})) {
    const limitText = resources.limits?.[name]
    if (limitText === undefined && !isOvercommittable(name)) {
      errors.push(required(`${field}.resources.limits`, 'Limit must be set for non overcommitable resources'))
    }
    const request = parseQuantity(text)
    const limit = limitText === undefined ? undefined : parseQuantity(limitText)
    if (request !== undefined && limit !== undefined && compareQuantities(request, limit) > 0) {
      errors.push(
        invalid(`${field}.resources.requests`, String(text), `must be less than or equal to ${name} limit of ${String(limitText)}`),
      )
    }
  }
  return errors
}
