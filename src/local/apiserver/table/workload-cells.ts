import type {
  ControllerRevision,
  CronJob,
  DaemonSet,
  Deployment,
  Job,
  PodDisruptionBudget,
  PodTemplate,
  ReplicaSet,
  ReplicationController,
  StatefulSet,
} from '../../../apis/core/types.generated.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import { ageOf, humanDuration } from './age.ts'
import { containerTexts, labelsText, NONE, selectorText } from './cell-text.ts'
import { cellsOf } from './cells.ts'

export const deploymentCells = cellsOf<Deployment>(({ metadata, spec, status }, now) => [
  metadata.name,
  `${status?.readyReplicas ?? 0}/${spec?.replicas ?? 0}`,
  status?.updatedReplicas ?? 0,
  status?.availableReplicas ?? 0,
  ageOf(metadata.creationTimestamp, now),
  ...containerTexts(spec?.template.spec),
  selectorText(spec?.selector),
])

export const replicaSetCells = cellsOf<ReplicaSet>(({ metadata, spec, status }, now) => [
  metadata.name,
  spec?.replicas ?? 0,
  status?.replicas ?? 0,
  status?.readyReplicas ?? 0,
  ageOf(metadata.creationTimestamp, now),
  ...containerTexts(spec?.template?.spec),
  selectorText(spec?.selector),
])

export const replicationControllerCells = cellsOf<ReplicationController>(({ metadata, spec, status }, now) => [
  metadata.name,
  spec?.replicas ?? 0,
  status?.replicas ?? 0,
  status?.readyReplicas ?? 0,
  ageOf(metadata.creationTimestamp, now),
  ...containerTexts(spec?.template?.spec),
  labelsText(spec?.selector),
])

export const statefulSetCells = cellsOf<StatefulSet>(({ metadata, spec, status }, now) => [
  metadata.name,
  `${status?.readyReplicas ?? 0}/${spec?.replicas ?? 0}`,
  ageOf(metadata.creationTimestamp, now),
  ...containerTexts(spec?.template.spec),
])

export const daemonSetCells = cellsOf<DaemonSet>(({ metadata, spec, status }, now) => [
  metadata.name,
  status?.desiredNumberScheduled ?? 0,
  status?.currentNumberScheduled ?? 0,
  status?.numberReady ?? 0,
  status?.updatedNumberScheduled ?? 0,
  status?.numberAvailable ?? 0,
  labelsText(spec?.template.spec?.nodeSelector),
  ageOf(metadata.creationTimestamp, now),
  ...containerTexts(spec?.template.spec),
  selectorText(spec?.selector),
])

export const podTemplateCells = cellsOf<PodTemplate>(({ metadata, template }) => [
  metadata.name,
  ...containerTexts(template?.spec),
  labelsText(template?.metadata?.labels),
])

export const jobCells = cellsOf<Job>((job, now) => {
  const { metadata, spec, status } = job
  return [
    metadata.name,
    jobStatus(job),
    jobCompletions(job),
    status?.startTime === undefined
      ? ''
      : humanDuration(
          (status.completionTime === undefined ? now.getTime() : Date.parse(status.completionTime)) - Date.parse(status.startTime),
        ),
    ageOf(metadata.creationTimestamp, now),
    ...containerTexts(spec?.template.spec),
    selectorText(spec?.selector),
  ]
})

function jobStatus({ metadata, status }: DeepReadonly<Job>): string {
  const holds = (type: string) => status?.conditions?.some(condition => condition.type === type && condition.status === 'True') ?? false
  if (holds('Complete')) return 'Complete'
  if (holds('Failed')) return 'Failed'
  if (metadata.deletionTimestamp !== undefined) return 'Terminating'
  return ['Suspended', 'FailureTarget', 'SuccessCriteriaMet'].find(holds) ?? 'Running'
}

function jobCompletions({ spec, status }: DeepReadonly<Job>): string {
  const done = status?.succeeded ?? 0
  if (spec?.completions !== undefined) return `${done}/${spec.completions}`
  const parallelism = spec?.parallelism ?? 0
  return parallelism > 1 ? `${done}/1 of ${parallelism}` : `${done}/1`
}

export const cronJobCells = cellsOf<CronJob>(({ metadata, spec, status }, now) => [
  metadata.name,
  spec?.schedule ?? '',
  spec?.timeZone ?? NONE,
  spec?.suspend === true ? 'True' : 'False',
  status?.active?.length ?? 0,
  status?.lastScheduleTime === undefined ? NONE : ageOf(status.lastScheduleTime, now),
  ageOf(metadata.creationTimestamp, now),
  ...containerTexts(spec?.jobTemplate.spec?.template.spec),
  selectorText(spec?.jobTemplate.spec?.selector),
])

export const controllerRevisionCells = cellsOf<ControllerRevision>(({ metadata, revision }, now) => {
  const owner = metadata.ownerReferences?.find(reference => reference.controller === true)
  const [group = '', version] = owner?.apiVersion.split('/') ?? []
  const kind = version === undefined ? owner?.kind : `${owner?.kind ?? ''}.${group}`
  return [
    metadata.name,
    owner === undefined ? NONE : `${(kind ?? '').toLowerCase()}/${owner.name}`,
    revision,
    ageOf(metadata.creationTimestamp, now),
  ]
})

export const disruptionBudgetCells = cellsOf<PodDisruptionBudget>(({ metadata, spec, status }, now) => [
  metadata.name,
  spec?.minAvailable === undefined ? 'N/A' : String(spec.minAvailable),
  spec?.maxUnavailable === undefined ? 'N/A' : String(spec.maxUnavailable),
  status?.disruptionsAllowed ?? 0,
  ageOf(metadata.creationTimestamp, now),
])
