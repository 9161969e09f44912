import type { Service, ServicePort, ServiceSpec } from '../../../apis/core/types.generated.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import type { FieldError } from '../../../schema/field-error.ts'
import { equalJson } from '../../../schema/json.ts'
import type { Draft, KindStrategy } from '../registry.ts'
import { validateLabels } from '../rest/object-meta.ts'
import {
  cidrErrors,
  duplicate,
  forbidden,
  invalid,
  ipErrors,
  nameErrors,
  oneOf,
  portErrors,
  portNameErrors,
  reachableIPErrors,
  required,
} from './field-errors.ts'

type Spec = DeepReadonly<ServiceSpec>

const specOf = (draft: Draft) => (draft as unknown as Service).spec
const readSpec = (object: Readonly<Draft>) => (object as unknown as DeepReadonly<Service>).spec

const hasNodePorts = (spec: Spec) =>
  spec.type === 'NodePort' || (spec.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts !== false)
const mayHaveNodePorts = (spec: Spec) => spec.type === 'NodePort' || spec.type === 'LoadBalancer'
const hasClusterIP = (spec: Spec) => spec.type !== 'ExternalName'

/** Three hours: how long ClientIP affinity lasts. */
const AFFINITY_SECONDS = 10_800

/** What Kubernetes does for Services; cluster IPs and node ports are given out when the object is committed. */
export const serviceStrategy: KindStrategy = {
  hasGeneration: false,

  applyDefaults(draft) {
    const spec = specOf(draft)
    if (spec === undefined) return
    spec.sessionAffinity ??= 'None'
    if (spec.sessionAffinity === 'None') delete spec.sessionAffinityConfig
    else spec.sessionAffinityConfig ??= { clientIP: { timeoutSeconds: AFFINITY_SECONDS } }
    spec.type ??= 'ClusterIP'
    for (const port of spec.ports ?? []) defaultPort(port)
    if (mayHaveNodePorts(spec)) spec.externalTrafficPolicy ??= 'Cluster'
    if (hasClusterIP(spec)) spec.internalTrafficPolicy ??= 'Cluster'
    if (spec.type === 'LoadBalancer') spec.allocateLoadBalancerNodePorts ??= true
  },

  applyStatusDefaults(draft) {
    const { spec, status } = draft as unknown as Service
    if (spec?.type !== 'LoadBalancer') return
    for (const ingress of status?.loadBalancer?.ingress ?? []) if ((ingress.ip ?? '') !== '') ingress.ipMode ??= 'VIP'
  },

  prepareForCreate(draft) {
    const service = draft as unknown as Service
    service.status = { loadBalancer: {} }
    if (service.spec !== undefined) setFamilies(service.spec)
  },

  prepareForUpdate(draft, old, { subresource }) {
    const spec = specOf(draft)
    const before = readSpec(old)
    if (subresource !== undefined || spec === undefined || before === undefined) return
    dropFieldsOfOldType(spec, before)
    keepAllocated(spec, before)
    setFamilies(spec)
  },

  validate(object, old, { subresource }) {
    if (subresource === 'status') return validateStatus(object as unknown as DeepReadonly<Service>)
    const spec = readSpec(object)
    if (spec === undefined) return [required('spec.ports')]
    const before = old === undefined ? undefined : readSpec(old)
    if (spec === before) return []
    return [...validateSpec(spec), ...(before === undefined ? [] : validateChange(spec, before))]
  },

  selectableFields(object) {
    const spec = readSpec(object)
    return { 'spec.clusterIP': spec?.clusterIP ?? '', 'spec.type': spec?.type ?? '' }
  },
}

/** The cluster has one address family; like the addresses themselves, it is the server's to give and not a default. */
function setFamilies(spec: ServiceSpec): void {
  if (!hasClusterIP(spec)) return
  if (spec.clusterIP === 'None' && Object.keys(spec.selector ?? {}).length === 0 && spec.ipFamilyPolicy === undefined) {
    // What stands behind it is somebody else's, of whatever family.
    spec.ipFamilyPolicy = 'RequireDualStack'
    spec.ipFamilies ??= ['IPv4', 'IPv6']
  }
  spec.ipFamilyPolicy ??= 'SingleStack'
  spec.ipFamilies ??= ['IPv4']
}

function defaultPort(port: ServicePort): void {
  port.protocol ??= 'TCP'
  if (port.targetPort === undefined || port.targetPort === 0 || port.targetPort === '') port.targetPort = port.port
}

/** A Service whose type changed loses what only the old type has, unless the writer set it anew. */
function dropFieldsOfOldType(spec: ServiceSpec, before: Spec): void {
  if (spec.type === before.type) return
  const dropped: (keyof ServiceSpec)[] = []
  if (hasClusterIP(before) && !hasClusterIP(spec))
    dropped.push('clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy', 'internalTrafficPolicy')
  if (mayHaveNodePorts(before) && !mayHaveNodePorts(spec)) {
    dropped.push('externalTrafficPolicy', 'healthCheckNodePort')
    const old = new Set((before.ports ?? []).map(port => port.nodePort))
    for (const port of spec.ports ?? []) if (old.has(port.nodePort)) delete port.nodePort
  }
  if (before.type === 'LoadBalancer') dropped.push('allocateLoadBalancerNodePorts', 'loadBalancerClass')
  for (const key of dropped) if (equalJson(spec[key], before[key])) delete spec[key]
}

/** A writer that leaves allocated values out means the ones there are. */
function keepAllocated(spec: ServiceSpec, before: Spec): void {
  if (hasClusterIP(spec) && hasClusterIP(before)) {
    if ((spec.clusterIP ?? '') === '' && before.clusterIP !== undefined) spec.clusterIP = before.clusterIP
    if (spec.clusterIPs === undefined && before.clusterIPs !== undefined && spec.clusterIP === before.clusterIP)
      spec.clusterIPs = [...before.clusterIPs]
  }
  if (!hasNodePorts(spec) || !hasNodePorts(before)) return
  const wanted = new Set((spec.ports ?? []).map(port => `${port.protocol}/${port.nodePort ?? 0}`))
  for (const port of spec.ports ?? []) {
    if (port.nodePort !== undefined && port.nodePort !== 0) continue
    // Ports are known by their names; the rest of them may change.
    const same = before.ports?.find(old => (old.name ?? '') === (port.name ?? ''))
    if (same?.nodePort === undefined || wanted.has(`${port.protocol}/${same.nodePort}`)) continue
    port.nodePort = same.nodePort
    wanted.add(`${port.protocol}/${same.nodePort}`)
  }
}

function validateSpec(spec: Spec): FieldError[] {
  const errors = oneOf('spec.type', spec.type, ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'])
  const isHeadless = spec.clusterIP === 'None'
  if ((spec.ports ?? []).length === 0 && !isHeadless && spec.type !== 'ExternalName') errors.push(required('spec.ports'))
  if (isHeadless && mayHaveNodePorts(spec)) {
    errors.push(invalid('spec.clusterIPs[0]', 'None', `may not be set to 'None' for ${spec.type} services`))
  }
  if (spec.type === 'ExternalName') {
    if ((spec.externalName ?? '') === '') errors.push(required('spec.externalName'))
    else errors.push(...nameErrors('spec.externalName', (spec.externalName ?? '').replace(/\.$/, ''), 'subdomain'))
    if ((spec.clusterIP ?? '') !== '') errors.push(forbidden('spec.clusterIPs', 'may not be set for ExternalName services'))
  }
  const ip = spec.clusterIP ?? ''
  if (ip !== '' && !isHeadless) errors.push(...ipErrors('spec.clusterIPs[0]', ip))
  for (const [index, family] of (spec.ipFamilies ?? []).entries()) {
    errors.push(...oneOf(`spec.ipFamilies[${index}]`, family, ['IPv4', 'IPv6']))
  }
  errors.push(...oneOf('spec.sessionAffinity', spec.sessionAffinity, ['ClientIP', 'None']))
  if (spec.externalTrafficPolicy !== undefined) {
    if (!mayHaveNodePorts(spec) && (spec.externalIPs ?? []).length === 0) {
      errors.push(invalid('spec.externalTrafficPolicy', spec.externalTrafficPolicy, 'may only be set for externally-accessible services'))
    } else errors.push(...oneOf('spec.externalTrafficPolicy', spec.externalTrafficPolicy, ['Cluster', 'Local']))
  }
  if (spec.allocateLoadBalancerNodePorts !== undefined && spec.type !== 'LoadBalancer') {
    errors.push(forbidden('spec.allocateLoadBalancerNodePorts', "may only be used when `type` is 'LoadBalancer'"))
  }
  if (spec.loadBalancerClass !== undefined && spec.type !== 'LoadBalancer') {
    errors.push(forbidden('spec.loadBalancerClass', "may only be used when `type` is 'LoadBalancer'"))
  }
  const affinity = spec.sessionAffinityConfig?.clientIP?.timeoutSeconds
  if (spec.sessionAffinity === 'ClientIP' && affinity !== undefined && (affinity <= 0 || affinity > 86_400)) {
    errors.push(invalid('spec.sessionAffinityConfig.clientIP.timeoutSeconds', affinity, 'must be greater than 0 and less than 86400'))
  }
  for (const [index, ip] of (spec.externalIPs ?? []).entries()) errors.push(...reachableIPErrors(`spec.externalIPs[${index}]`, ip))
  const ranges = spec.loadBalancerSourceRanges ?? []
  for (const [index, range] of ranges.entries()) errors.push(...cidrErrors(`spec.LoadBalancerSourceRanges[${index}]`, range))
  if (ranges.length > 0 && spec.type !== 'LoadBalancer') {
    errors.push(forbidden('spec.LoadBalancerSourceRanges', "may only be used when `type` is 'LoadBalancer'"))
  }
  validateLabels(spec.selector, 'spec.selector', errors)
  return [...errors, ...validatePorts(spec)]
}

/** Only what a load balancer gave may stand there. */
function validateStatus({ spec, status }: DeepReadonly<Service>): FieldError[] {
  const ingress = status?.loadBalancer?.ingress ?? []
  if (ingress.length > 0 && spec?.type !== 'LoadBalancer') {
    return [forbidden('status.loadBalancer.ingress', "may only be used when `spec.type` is 'LoadBalancer'")]
  }
  return ingress.flatMap(({ ip = '' }, index) => (ip === '' ? [] : ipErrors(`status.loadBalancer.ingress[${index}].ip`, ip)))
}

function validatePorts(spec: Spec): FieldError[] {
  const errors: FieldError[] = []
  const ports = spec.ports ?? []
  const names = new Set<string>()
  const numbers = new Set<string>()
  const nodePorts = new Set<string>()
  for (const [index, port] of ports.entries()) {
    const at = `spec.ports[${index}]`
    const name = port.name ?? ''
    if (name === '' && ports.length > 1) errors.push(required(`${at}.name`))
    else if (name !== '') {
      errors.push(...nameErrors(`${at}.name`, name, 'label'))
      if (names.has(name)) errors.push(duplicate(`${at}.name`, name))
      names.add(name)
    }
    errors.push(...portErrors(`${at}.port`, port.port ?? 0), ...oneOf(`${at}.protocol`, port.protocol, ['SCTP', 'TCP', 'UDP']))
    if (typeof port.targetPort === 'number') errors.push(...portErrors(`${at}.targetPort`, port.targetPort))
    else if (port.targetPort !== undefined) errors.push(...portNameErrors(`${at}.targetPort`, port.targetPort))
    const number = `${port.protocol ?? 'TCP'}/${port.port}`
    if (numbers.has(number)) errors.push(duplicate(at, goPort(port)))
    numbers.add(number)
    if (port.nodePort === undefined || port.nodePort === 0) continue
    const nodePort = `${port.protocol ?? 'TCP'}/${port.nodePort}`
    if (!mayHaveNodePorts(spec)) errors.push(forbidden(`${at}.nodePort`, `may not be used when \`type\` is '${spec.type ?? 'ClusterIP'}'`))
    else if (nodePorts.has(nodePort)) errors.push(duplicate(`${at}.nodePort`, port.nodePort))
    nodePorts.add(nodePort)
  }
  return errors
}

/** What Kubernetes prints of a port that is there twice: no more than its number. */
function goPort({ protocol = 'TCP', port }: DeepReadonly<ServicePort>): object {
  return { Name: '', Protocol: protocol, AppProtocol: null, Port: port, TargetPort: 0, NodePort: 0 }
}

function validateChange(spec: Spec, before: Spec): FieldError[] {
  const errors: FieldError[] = []
  const oldIP = before.clusterIP ?? ''
  if (hasClusterIP(spec) && hasClusterIP(before) && oldIP !== '' && (spec.clusterIP ?? '') !== oldIP) {
    errors.push(invalid('spec.clusterIPs[0]', spec.clusterIP === undefined ? [] : [spec.clusterIP], 'may not change once set'))
  }
  if (spec.type === 'LoadBalancer' && before.type === 'LoadBalancer' && spec.loadBalancerClass !== before.loadBalancerClass) {
    errors.push(invalid('spec.loadBalancerClass', spec.loadBalancerClass ?? null, 'may not change once set'))
  }
  return errors
}
