import type {
  APIService,
  ClusterRoleBinding,
  ConfigMap,
  HorizontalPodAutoscaler,
  Lease,
  MutatingWebhookConfiguration,
  Namespace,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  PriorityClass,
  ResourceQuota,
  Secret,
  ServiceAccount,
  StorageClass,
} from '../../../apis/core/types.generated.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import { ageOf } from './age.ts'
import { accessModesText, NONE, UNSET } from './cell-text.ts'
import { cellsOf } from './cells.ts'

const count = (map: Readonly<Record<string, unknown>> | undefined) => Object.keys(map ?? {}).length

export const namespaceCells = cellsOf<Namespace>(({ metadata, status }, now) => [
  metadata.name,
  status?.phase ?? '',
  ageOf(metadata.creationTimestamp, now),
])

export const configMapCells = cellsOf<ConfigMap>(({ metadata, data, binaryData }, now) => [
  metadata.name,
  count(data) + count(binaryData),
  ageOf(metadata.creationTimestamp, now),
])

export const secretCells = cellsOf<Secret>(({ metadata, type, data }, now) => [
  metadata.name,
  type ?? '',
  count(data),
  ageOf(metadata.creationTimestamp, now),
])

export const serviceAccountCells = cellsOf<ServiceAccount>(({ metadata, secrets }, now) => [
  metadata.name,
  secrets?.length ?? 0,
  ageOf(metadata.creationTimestamp, now),
])

export const nodeCells = cellsOf<Node>((node, now) => {
  const address = (type: string) => node.status?.addresses?.find(candidate => candidate.type === type)?.address ?? NONE
  const info = node.status?.nodeInfo
  return [
    node.metadata.name,
    nodeStatus(node),
    nodeRoles(node),
    ageOf(node.metadata.creationTimestamp, now),
    info?.kubeletVersion ?? '',
    address('InternalIP'),
    address('ExternalIP'),
    info?.osImage ?? '<unknown>',
    info?.kernelVersion ?? '<unknown>',
    info?.containerRuntimeVersion ?? '<unknown>',
  ]
})

function nodeStatus({ spec, status }: DeepReadonly<Node>): string {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready')
  const word = ready === undefined ? 'Unknown' : ready.status === 'True' ? 'Ready' : 'NotReady'
  return spec?.unschedulable === true ? `${word},SchedulingDisabled` : word
}

function nodeRoles({ metadata }: DeepReadonly<Node>): string {
  const prefix = 'node-role.kubernetes.io/'
  const roles = Object.entries(metadata.labels ?? {}).flatMap(([key, value]) => {
    if (key.startsWith(prefix) && key.length > prefix.length) return [key.slice(prefix.length)]
    return key === 'kubernetes.io/role' && value !== '' ? [value] : []
  })
  return roles.length === 0 ? NONE : [...new Set(roles)].toSorted().join(',')
}

export const volumeClaimCells = cellsOf<PersistentVolumeClaim>(({ metadata, spec, status }, now) => {
  const bound = (spec?.volumeName ?? '') !== ''
  return [
    metadata.name,
    metadata.deletionTimestamp === undefined ? (status?.phase ?? '') : 'Terminating',
    spec?.volumeName ?? '',
    bound ? String(status?.capacity?.['storage'] ?? '') : '',
    bound ? accessModesText(status?.accessModes) : '',
    spec?.storageClassName ?? '',
    spec?.volumeAttributesClassName ?? UNSET,
    ageOf(metadata.creationTimestamp, now),
    spec?.volumeMode ?? UNSET,
  ]
})

export const volumeCells = cellsOf<PersistentVolume>(({ metadata, spec, status }, now) => [
  metadata.name,
  String(spec?.capacity?.['storage'] ?? ''),
  accessModesText(spec?.accessModes),
  spec?.persistentVolumeReclaimPolicy ?? '',
  metadata.deletionTimestamp === undefined ? (status?.phase ?? '') : 'Terminating',
  spec?.claimRef === undefined ? '' : `${spec.claimRef.namespace ?? ''}/${spec.claimRef.name ?? ''}`,
  spec?.storageClassName ?? '',
  spec?.volumeAttributesClassName ?? UNSET,
  status?.reason ?? '',
  ageOf(metadata.creationTimestamp, now),
  spec?.volumeMode ?? UNSET,
])

export const storageClassCells = cellsOf<StorageClass>(
  ({ metadata, provisioner, reclaimPolicy, volumeBindingMode, allowVolumeExpansion }, now) => [
    metadata.annotations?.['storageclass.kubernetes.io/is-default-class'] === 'true' ? `${metadata.name} (default)` : metadata.name,
    provisioner,
    reclaimPolicy ?? 'Delete',
    volumeBindingMode ?? 'Immediate',
    allowVolumeExpansion === true,
    ageOf(metadata.creationTimestamp, now),
  ],
)

export const leaseCells = cellsOf<Lease>(({ metadata, spec }, now) => [
  metadata.name,
  spec?.holderIdentity ?? '',
  ageOf(metadata.creationTimestamp, now),
])

export const priorityClassCells = cellsOf<PriorityClass>(({ metadata, value, globalDefault, preemptionPolicy }, now) => [
  metadata.name,
  value,
  globalDefault === true,
  ageOf(metadata.creationTimestamp, now),
  preemptionPolicy ?? '',
])

export const roleBindingCells = cellsOf<ClusterRoleBinding>(({ metadata, roleRef, subjects }, now) => {
  const names = (kind: string) =>
    (subjects ?? [])
      .filter(subject => subject.kind === kind)
      .map(subject => (kind === 'ServiceAccount' ? `${subject.namespace ?? ''}/${subject.name}` : subject.name))
      .join(', ')
  return [
    metadata.name,
    `${roleRef.kind}/${roleRef.name}`,
    ageOf(metadata.creationTimestamp, now),
    names('User'),
    names('Group'),
    names('ServiceAccount'),
  ]
})

export const webhookConfigurationCells = cellsOf<MutatingWebhookConfiguration>(({ metadata, webhooks }, now) => [
  metadata.name,
  webhooks?.length ?? 0,
  ageOf(metadata.creationTimestamp, now),
])

export const apiServiceCells = cellsOf<APIService>(({ metadata, spec, status }, now) => [
  metadata.name,
  spec?.service === undefined ? 'Local' : `${spec.service.namespace ?? ''}/${spec.service.name ?? ''}`,
  status?.conditions?.find(({ type }) => type === 'Available')?.status ?? 'Unknown',
  ageOf(metadata.creationTimestamp, now),
])

export const resourceQuotaCells = cellsOf<ResourceQuota>(({ metadata, status }, now) => {
  const texts = (limits: boolean) =>
    Object.keys(status?.hard ?? {})
      .toSorted()
      .filter(name => name.startsWith('limits') === limits)
      .map(name => `${name}: ${status?.used?.[name] ?? '0'}/${status?.hard?.[name] ?? '0'}`)
      .join(', ')
  return [metadata.name, texts(false), texts(true), ageOf(metadata.creationTimestamp, now)]
})

export const autoscalerCells = cellsOf<HorizontalPodAutoscaler>(({ metadata, spec, status }, now) => {
  const targets = (spec?.metrics ?? []).map(({ type, resource }, index) => {
    if (resource === undefined) return `<unknown>/${type}`
    const current = status?.currentMetrics?.[index]?.resource?.current
    const percent = resource.target.averageUtilization
    const now_ = percent === undefined ? current?.averageValue : current?.averageUtilization
    const sign = percent === undefined ? '' : '%'
    return `${resource.name}: ${now_ === undefined ? '<unknown>' : `${now_}${sign}`}/${percent === undefined ? String(resource.target.averageValue ?? '<unknown>') : `${percent}%`}`
  })
  // In autoscaling/v1 there is one target, by its own name.
  const cpu = (spec as { targetCPUUtilizationPercentage?: number } | undefined)?.targetCPUUtilizationPercentage
  if (cpu !== undefined) targets.push(`cpu: <unknown>/${cpu}%`)
  return [
    metadata.name,
    `${spec?.scaleTargetRef.kind ?? ''}/${spec?.scaleTargetRef.name ?? ''}`,
    targets.length === 0 ? NONE : targets.join(', '),
    spec?.minReplicas === undefined ? UNSET : String(spec.minReplicas),
    spec?.maxReplicas ?? 0,
    status?.currentReplicas ?? 0,
    ageOf(metadata.creationTimestamp, now),
  ]
})
