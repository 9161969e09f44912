import type {
  CrossVersionObjectReference,
  Endpoints,
  EndpointSlice,
  Event,
  EventsEvent,
  HorizontalPodAutoscaler,
  Ingress,
  IngressClass,
  MutatingWebhookConfiguration,
  Namespace,
  NetworkPolicy,
  Node,
  PriorityClass,
  RoleBinding,
} from '../../../apis/core/types.generated.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import { matchConditionProblem } from '../../../schema/cel/match-condition.ts'
import { equalJson } from '../../../schema/json.ts'
import type { Draft, KindStrategy } from '../registry.ts'
import type { FieldError } from '../../../schema/field-error.ts'
import {
  cidrErrors,
  forbidden,
  immutable,
  invalid,
  ipErrors,
  nameErrors,
  nonNegative,
  oneOf,
  qualifiedNameErrors,
  required,
  unsupported,
} from './field-errors.ts'
import { writeTimes } from './unset-times.ts'

const RBAC = 'rbac.authorization.k8s.io'

export const namespaceStrategy: KindStrategy = {
  hasGeneration: false,
  applyDefaults(draft) {
    const { name, labels } = draft.metadata
    if (name === undefined || name === '' || labels?.['kubernetes.io/metadata.name'] === name) return
    draft.metadata.labels = { ...labels, 'kubernetes.io/metadata.name': name }
  },
  prepareForCreate(draft) {
    const namespace = draft as unknown as Namespace
    namespace.status = { phase: 'Active' }
    const finalizers = namespace.spec?.finalizers ?? []
    namespace.spec = { ...namespace.spec, finalizers: finalizers.includes('kubernetes') ? finalizers : [...finalizers, 'kubernetes'] }
  },
  prepareForUpdate(draft, old, { subresource }) {
    if (subresource === undefined) draft['spec'] = old['spec']
  },
  validate(object, old, { subresource }) {
    const { status, metadata } = object as unknown as DeepReadonly<Namespace>
    if (subresource !== 'status' || old === undefined || metadata.deletionTimestamp !== undefined) return []
    if (status?.phase === undefined || status.phase === 'Active') return []
    return [invalid('status.Phase', status.phase, "may only be 'Active' if `deletionTimestamp` is empty")]
  },
  selectableFields: object => ({ 'status.phase': (object as unknown as DeepReadonly<Namespace>).status?.phase ?? '' }),
}

export const nodeStrategy: KindStrategy = {
  hasGeneration: false,
  applyDefaults(draft) {
    const node = draft as unknown as Node
    node.spec ??= {}
    node.status ??= {}
    defaultNodeStatus(node.status)
  },
  applyStatusDefaults(draft) {
    defaultNodeStatus(((draft as unknown as Node).status ??= {}))
  },
  validate(object, old) {
    const { spec } = object as unknown as DeepReadonly<Node>
    const provider = (old as unknown as DeepReadonly<Node> | undefined)?.spec?.providerID ?? ''
    if (provider !== '' && spec?.providerID !== provider) {
      return [forbidden('spec.providerID', 'node updates may not change providerID except from "" to valid')]
    }
    return (spec?.taints ?? []).flatMap((taint, index) => {
      const at = `metadata.taints[${index}]`
      const errors = (taint.key ?? '') === '' ? [required(`${at}.key`)] : qualifiedNameErrors(`${at}.key`, taint.key)
      const effects = ['NoSchedule', 'PreferNoSchedule', 'NoExecute']
      return [...errors, ...(taint.effect === undefined ? [required(`${at}.effect`)] : oneOf(`${at}.effect`, taint.effect, effects))]
    })
  },
  selectableFields: object => ({
    'spec.unschedulable': String((object as unknown as DeepReadonly<Node>).spec?.unschedulable ?? false),
  }),
}

/** What the types of Kubernetes write even when no kubelet has said it. */
function defaultNodeStatus(status: NonNullable<Node['status']>): void {
  status.daemonEndpoints ??= { kubeletEndpoint: { Port: 0 } }
  status.nodeInfo ??= {
    machineID: '',
    systemUUID: '',
    bootID: '',
    kernelVersion: '',
    osImage: '',
    containerRuntimeVersion: '',
    kubeletVersion: '',
    kubeProxyVersion: '',
    operatingSystem: '',
    architecture: '',
  }
  if (status.capacity !== undefined) status.allocatable ??= { ...status.capacity }
  writeTimes(status.conditions, 'lastHeartbeatTime', 'lastTransitionTime')
}

/** Events are stored in the core form; either API may ask for them by its own names. */
export const eventStrategy: KindStrategy = {
  hasGeneration: false,
  prepareForCreate: writeEvent,
  prepareForUpdate: writeEvent,
  selectableFields(object) {
    const core = object as unknown as DeepReadonly<Event>
    const newer = object as unknown as DeepReadonly<EventsEvent>
    const involved = core.involvedObject ?? newer.regarding ?? {}
    const fields: Record<string, string> = {
      reason: core.reason ?? '',
      type: core.type ?? '',
      source: core.source?.component ?? newer.deprecatedSource?.component ?? core.reportingComponent ?? newer.reportingController ?? '',
      reportingComponent: core.reportingComponent ?? newer.reportingController ?? '',
      reportingController: core.reportingComponent ?? newer.reportingController ?? '',
    }
    for (const key of ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'] as const) {
      const value = involved[key] ?? ''
      fields[`involvedObject.${key}`] = value
      fields[`regarding.${key}`] = value
    }
    return fields
  },
  validate(object, old) {
    if (old !== undefined) return []
    const event = object as unknown as DeepReadonly<Event & EventsEvent>
    const involved = event.involvedObject ?? event.regarding
    const namespace = involved?.namespace ?? ''
    if (namespace === '') {
      const allowed = ['default', 'kube-system']
      return allowed.includes(event.metadata.namespace ?? '')
        ? []
        : [invalid('involvedObject.namespace', namespace, 'does not match event.namespace')]
    }
    return namespace === event.metadata.namespace ? [] : [invalid('involvedObject.namespace', namespace, 'does not match event.namespace')]
  },
}

/** What is written of every event, set or not. */
function writeEvent(draft: Draft): void {
  draft['source'] ??= {}
  draft['firstTimestamp'] ??= null
  draft['lastTimestamp'] ??= null
  draft['eventTime'] ??= null
  draft['reportingComponent'] ??= ''
  draft['reportingInstance'] ??= ''
}

export const endpointsStrategy: KindStrategy = {
  hasGeneration: false,
  applyDefaults(draft) {
    for (const subset of (draft as unknown as Endpoints).subsets ?? []) for (const port of subset.ports ?? []) port.protocol ??= 'TCP'
  },
}

export const endpointSliceStrategy: KindStrategy = {
  hasGeneration: true,
  applyDefaults(draft) {
    for (const port of (draft as unknown as EndpointSlice).ports ?? []) {
      port.name ??= ''
      port.protocol ??= 'TCP'
    }
    for (const endpoint of (draft as unknown as EndpointSlice).endpoints ?? []) endpoint.conditions ??= {}
  },
  validate(object, old) {
    const slice = object as unknown as DeepReadonly<EndpointSlice>
    const errors =
      slice.addressType === undefined ? [required('addressType')] : oneOf('addressType', slice.addressType, ['FQDN', 'IPv4', 'IPv6'])
    if (old !== undefined && (old as unknown as DeepReadonly<EndpointSlice>).addressType !== slice.addressType) {
      errors.push(invalid('addressType', slice.addressType, 'field is immutable'))
    }
    for (const [index, { addresses }] of (slice.endpoints ?? []).entries()) {
      const at = `endpoints[${index}].addresses`
      if ((addresses ?? []).length === 0) errors.push(required(at, 'must contain at least 1 address'))
      if (slice.addressType === 'FQDN') continue
      // Kubernetes refuses loopback addresses; here pods without a network namespace have them.
      for (const [place, address] of (addresses ?? []).entries()) errors.push(...ipErrors(`${at}[${place}]`, address))
    }
    for (const [index, { name = '' }] of (slice.ports ?? []).entries()) {
      if (name !== '') errors.push(...nameErrors(`ports[${index}].name`, name, 'label'))
    }
    return errors
  },
}

export const roleBindingStrategy: KindStrategy = {
  hasGeneration: false,
  applyDefaults(draft) {
    const binding = draft as unknown as RoleBinding
    if (binding.roleRef !== undefined && (binding.roleRef.apiGroup ?? '') === '') binding.roleRef.apiGroup = RBAC
    for (const subject of binding.subjects ?? []) {
      if (subject.apiGroup === undefined && (subject.kind === 'User' || subject.kind === 'Group')) subject.apiGroup = RBAC
    }
  },
  validate(object, old) {
    const { roleRef, subjects } = object as unknown as DeepReadonly<RoleBinding>
    const errors = roleRef?.name === undefined || roleRef.name === '' ? [required('roleRef.name')] : []
    if (roleRef !== undefined) errors.push(...oneOf('roleRef.kind', roleRef.kind, ['Role', 'ClusterRole']))
    for (const [index, subject] of (subjects ?? []).entries()) {
      const at = `subjects[${index}]`
      if ((subject.name ?? '') === '') errors.push(required(`${at}.name`))
      if (!['ServiceAccount', 'User', 'Group'].includes(subject.kind)) {
        errors.push(unsupported(`${at}.kind`, subject.kind, ['ServiceAccount', 'User', 'Group']))
      }
      if (subject.kind === 'ServiceAccount' && (subject.namespace ?? '') === '' && object.kind === 'ClusterRoleBinding') {
        errors.push(required(`${at}.namespace`))
      }
    }
    if (old !== undefined && !equalJson(roleRef, (old as unknown as DeepReadonly<RoleBinding>).roleRef)) {
      const value = { APIGroup: roleRef?.apiGroup, Kind: roleRef?.kind, Name: roleRef?.name }
      errors.push(invalid('roleRef', value, 'cannot change roleRef'))
    }
    return errors
  },
}

export const webhookConfigurationStrategy: KindStrategy = {
  hasGeneration: true,
  applyDefaults(draft) {
    const configuration = draft as unknown as MutatingWebhookConfiguration
    for (const webhook of configuration.webhooks ?? []) {
      webhook.failurePolicy ??= 'Fail'
      webhook.matchPolicy ??= 'Equivalent'
      webhook.namespaceSelector ??= {}
      webhook.objectSelector ??= {}
      webhook.timeoutSeconds ??= 10
      if (draft.kind === 'MutatingWebhookConfiguration') webhook.reinvocationPolicy ??= 'Never'
      for (const rule of webhook.rules ?? []) rule.scope ??= '*'
      if (webhook.clientConfig?.service !== undefined) webhook.clientConfig.service.port ??= 443
    }
  },
  validate(object) {
    const { webhooks } = object as unknown as DeepReadonly<MutatingWebhookConfiguration>
    return (webhooks ?? []).flatMap((webhook, index) => [
      ...webhookErrors(webhook, `webhooks[${index}]`),
      ...(webhook.matchConditions ?? []).flatMap(({ name, expression }, at) => {
        const field = `webhooks[${index}].matchConditions[${at}]`
        if (name === '') return [required(`${field}.name`)]
        if (expression === '') return [required(`${field}.expression`)]
        const problem = matchConditionProblem(expression)
        return problem === undefined ? [] : [invalid(`${field}.expression`, expression, problem)]
      }),
    ])
  },
}

type Webhook = NonNullable<MutatingWebhookConfiguration['webhooks']>[number]

const reviewVersions: readonly string[] = ['v1', 'v1beta1']

function webhookErrors(webhook: DeepReadonly<Webhook>, at: string): FieldError[] {
  const { name, clientConfig, sideEffects, admissionReviewVersions, timeoutSeconds = 10 } = webhook
  const errors: FieldError[] = []
  if (name.split('.').length < 3) {
    errors.push(invalid(`${at}.name`, name, 'should be a domain with at least three segments separated by dots'))
  }
  const versions = admissionReviewVersions ?? []
  if (versions.length === 0) {
    errors.push(required(`${at}.admissionReviewVersions`, `must specify one of ${reviewVersions.join(', ')}`))
  } else if (!versions.some(version => reviewVersions.includes(version))) {
    const detail = `must include at least one of ${reviewVersions.join(', ')}`
    errors.push(invalid(`${at}.admissionReviewVersions`, versions, detail))
  }
  errors.push(...oneOf(`${at}.sideEffects`, sideEffects, ['None', 'NoneOnDryRun']))
  if (timeoutSeconds < 1 || timeoutSeconds > 30) {
    errors.push(invalid(`${at}.timeoutSeconds`, timeoutSeconds, 'the timeout value must be between 1 and 30 seconds'))
  }
  const scheme = clientConfig?.url?.split(':')[0]
  if (scheme !== undefined && scheme !== 'https') {
    const detail = "'https' is the only allowed URL scheme; desired format: https://host[/path]"
    errors.push(invalid(`${at}.clientConfig.url`, scheme, detail))
  }
  return errors
}

/** Above are the system's own. */
const largestPriority = 1_000_000_000

export const priorityClassStrategy: KindStrategy = {
  hasGeneration: true,
  applyDefaults(draft) {
    const priorityClass = draft as unknown as PriorityClass
    priorityClass.preemptionPolicy ??= 'PreemptLowerPriority'
  },
  validate(object, old) {
    const { value, preemptionPolicy } = object as unknown as DeepReadonly<PriorityClass>
    const errors: FieldError[] = []
    if (value > largestPriority && !object.metadata.name?.startsWith('system-')) {
      errors.push(forbidden('value', `maximum allowed value of a user defined priority is ${largestPriority}`))
    }
    const before = old as unknown as DeepReadonly<PriorityClass> | undefined
    if (before !== undefined && before.value !== value) errors.push(forbidden('value', 'may not be changed in an update.'))
    if (before !== undefined) errors.push(...immutable('preemptionPolicy', preemptionPolicy, before.preemptionPolicy))
    return errors
  },
}

export const autoscalerStrategy: KindStrategy = {
  hasGeneration: false,
  applyDefaults(draft) {
    const { spec } = draft as unknown as HorizontalPodAutoscaler
    if (spec === undefined) return
    spec.minReplicas ??= 1
    spec.metrics ??= [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } }]
  },
  validate(object) {
    const { spec } = object as unknown as DeepReadonly<HorizontalPodAutoscaler>
    return [
      ...nonNegative('spec.minReplicas', spec?.minReplicas),
      ...(spec?.maxReplicas === undefined ? [required('spec.maxReplicas')] : []),
      ...(spec?.maxReplicas !== undefined && spec.maxReplicas < (spec.minReplicas ?? 1)
        ? [invalid('spec.maxReplicas', spec.maxReplicas, 'must be greater than or equal to `minReplicas`')]
        : []),
      ...targetErrors(spec?.scaleTargetRef),
    ]
  },
}

/** What is scaled belongs to a group, but for the one kind of old. */
function targetErrors(target: DeepReadonly<CrossVersionObjectReference> | undefined): FieldError[] {
  if (target === undefined || target.kind === 'ReplicationController' || target.apiVersion?.includes('/') === true) return []
  return [invalid('spec.scaleTargetRef.apiVersion', target.apiVersion ?? '', 'apiVersion must specify API group')]
}

export const ingressClassStrategy: KindStrategy = {
  hasGeneration: true,
  applyDefaults(draft) {
    const parameters = (draft as unknown as IngressClass).spec?.parameters
    if (parameters !== undefined) parameters.scope ??= 'Cluster'
  },
}

export const networkPolicyStrategy: KindStrategy = {
  hasGeneration: true,
  applyDefaults(draft) {
    const { spec } = draft as unknown as NetworkPolicy
    if (spec === undefined) return
    spec.policyTypes ??= spec.egress === undefined ? ['Ingress'] : ['Ingress', 'Egress']
    for (const rule of [...(spec.ingress ?? []), ...(spec.egress ?? [])]) for (const port of rule.ports ?? []) port.protocol ??= 'TCP'
  },
  validate(object) {
    const { spec } = object as unknown as DeepReadonly<NetworkPolicy>
    const types = ['Ingress', 'Egress']
    return [
      ...(spec?.ingress ?? []).flatMap(({ from }, index) => peerErrors(`spec.ingress[${index}].from`, from)),
      ...(spec?.egress ?? []).flatMap(({ to }, index) => peerErrors(`spec.egress[${index}].to`, to)),
      ...(spec?.policyTypes ?? []).flatMap((type, index) => oneOf(`spec.policyTypes[${index}]`, type, types)),
    ]
  },
}

type Peers = NonNullable<NonNullable<NonNullable<NetworkPolicy['spec']>['ingress']>[number]['from']>

function peerErrors(field: string, peers: DeepReadonly<Peers> | undefined): FieldError[] {
  return (peers ?? []).flatMap(({ ipBlock }, index) =>
    ipBlock === undefined ? [] : cidrErrors(`${field}[${index}].ipBlock.cidr`, ipBlock.cidr),
  )
}

export const ingressStrategy: KindStrategy = {
  hasGeneration: true,
  prepareForCreate(draft) {
    draft['status'] = { loadBalancer: {} }
  },
  validate(object, _old, { subresource }) {
    if (subresource === 'status') return []
    const { spec } = object as unknown as DeepReadonly<Ingress>
    const rules = spec?.rules ?? []
    if (rules.length === 0 && spec?.defaultBackend === undefined) {
      return [invalid('spec', null, 'either `defaultBackend` or `rules` must be specified')]
    }
    return rules.flatMap(({ host = '', http }, index) => {
      const at = `spec.rules[${index}]`
      const name = host.replace(/^\*\./, '')
      return [
        ...(name === '' ? [] : nameErrors(`${at}.host`, name, 'subdomain')),
        ...(http?.paths ?? []).flatMap(({ pathType }, place) =>
          pathType === undefined ? [required(`${at}.http.paths[${place}].pathType`, 'pathType must be specified')] : [],
        ),
      ]
    })
  },
}
