import type {
  CrossVersionObjectReference,
  HorizontalPodAutoscaler,
  Namespace,
  Node,
  PriorityClass,
} from '../../../apis/core/types.generated.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import type { FieldError } from '../../../schema/field-error.ts'
import type { KindStrategy } from '../registry.ts'
import { forbidden, immutable, invalid, nonNegative, oneOf, qualifiedNameErrors, required } from './field-errors.ts'
import { writeTimes } from './unset-times.ts'

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
