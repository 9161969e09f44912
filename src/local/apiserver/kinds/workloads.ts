import type {
  CronJob,
  DaemonSet,
  Deployment,
  DeploymentStrategy,
  Job,
  PodTemplateSpec,
  ReplicaSet,
  ReplicationController,
  StatefulSet,
} from '../../../apis/core/types.generated.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import { labelSelectorOf, type LabelSelectorObject, SelectorError } from '../../../kube/selector.ts'
import type { FieldError } from '../../../schema/field-error.ts'
import { equalJson } from '../../../schema/json.ts'
import type { Draft, KindStrategy } from '../registry.ts'
import { validateLabels } from '../rest/object-meta.ts'
import { countOrPercentErrors, forbidden, immutable, invalid, nonNegative, oneOf, required, unsupported } from './field-errors.ts'
import { defaultPodSpec } from './pod/defaults.ts'
import { validatePodSpec } from './pod/spec-validation.ts'
import { defaultClaim } from './storage-kinds.ts'

const as = <T>(draft: Draft) => draft as unknown as T
const read = <T>(object: Readonly<Draft> | undefined) => object as unknown as DeepReadonly<T>

function defaultTemplate(template: PodTemplateSpec | undefined): void {
  if (template?.spec !== undefined) defaultPodSpec(template.spec)
}

/** A template whose labels its selector must match; `Always` unless the kind runs to completion. */
function validateTemplate(
  template: DeepReadonly<PodTemplateSpec> | undefined,
  path: string,
  restartPolicies: readonly string[],
): FieldError[] {
  const errors: FieldError[] = []
  validateLabels(template?.metadata?.labels, `${path}.labels`, errors)
  if (template?.spec === undefined) return [...errors, required(`${path}.spec.containers`)]
  errors.push(...validatePodSpec(template.spec, `${path}.spec`))
  const { restartPolicy } = template.spec
  if (restartPolicy === 'Always' && !restartPolicies.includes(restartPolicy)) {
    // It is only there because nothing else was said.
    errors.push(required(`${path}.spec.restartPolicy`, `valid values: ${restartPolicies.map(text => JSON.stringify(text)).join(', ')}`))
  } else errors.push(...oneOf(`${path}.spec.restartPolicy`, restartPolicy, restartPolicies))
  return errors
}

interface Selected {
  readonly selector?: LabelSelectorObject | undefined
  readonly template?: DeepReadonly<PodTemplateSpec> | undefined
}

function validateSelector(kind: string, { selector, template }: Selected): FieldError[] {
  if (selector === undefined) {
    const labels = template?.metadata?.labels ?? null
    return [required('spec.selector'), invalid('spec.template.metadata.labels', labels, '`selector` does not match template `labels`')]
  }
  const size = Object.keys(selector.matchLabels ?? {}).length + (selector.matchExpressions ?? []).length
  if (size === 0) return [invalid('spec.selector', selector, `empty selector is invalid for ${kind}`)]
  try {
    const labels = template?.metadata?.labels
    if (labelSelectorOf(selector).matches(labels)) return []
    return [invalid('spec.template.metadata.labels', labels ?? null, '`selector` does not match template `labels`')]
  } catch (error) {
    if (!(error instanceof SelectorError)) throw error
    return [invalid('spec.selector', selector, error.message)]
  }
}

function selectorChange(now: unknown, before: unknown): FieldError[] {
  return before === undefined || equalJson(now, before) ? [] : [invalid('spec.selector', now, 'field is immutable')]
}

function isZero(value: string | number | undefined): boolean {
  return value === 0 || value === '0' || value === '0%'
}

function strategyErrors(strategy: DeepReadonly<DeploymentStrategy> | undefined): FieldError[] {
  const { type } = strategy ?? {}
  const types = ['Recreate', 'RollingUpdate']
  if (type === undefined || types.includes(type)) return []
  return [unsupported('spec.strategy', { Type: type, RollingUpdate: null }, types)]
}

export const deploymentStrategy: KindStrategy = {
  hasGeneration: true,
  applyDefaults(draft) {
    const { spec } = as<Deployment>(draft)
    if (spec === undefined) return
    defaultTemplate(spec.template)
    spec.replicas ??= 1
    spec.strategy ??= {}
    spec.strategy.type ??= 'RollingUpdate'
    if (spec.strategy.type === 'RollingUpdate') {
      spec.strategy.rollingUpdate ??= {}
      spec.strategy.rollingUpdate.maxUnavailable ??= '25%'
      spec.strategy.rollingUpdate.maxSurge ??= '25%'
    }
    spec.revisionHistoryLimit ??= 10
    spec.progressDeadlineSeconds ??= 600
  },
  validate(object, old, { subresource }) {
    if (subresource === 'status') return []
    const { spec } = read<Deployment>(object)
    if (spec === undefined) return [required('spec.selector'), required('spec.template')]
    const errors = [
      ...nonNegative('spec.replicas', spec.replicas),
      ...validateSelector('deployment', spec),
      ...validateTemplate(spec.template, 'spec.template', ['Always']),
      ...strategyErrors(spec.strategy),
      ...nonNegative('spec.minReadySeconds', spec.minReadySeconds),
      ...nonNegative('spec.revisionHistoryLimit', spec.revisionHistoryLimit),
    ]
    const rolling = spec.strategy?.rollingUpdate
    errors.push(...countOrPercentErrors('spec.strategy.rollingUpdate.maxSurge', rolling?.maxSurge))
    errors.push(...countOrPercentErrors('spec.strategy.rollingUpdate.maxUnavailable', rolling?.maxUnavailable))
    if (typeof rolling?.maxUnavailable === 'string' && Number.parseInt(rolling.maxUnavailable, 10) > 100) {
      errors.push(invalid('spec.strategy.rollingUpdate.maxUnavailable', rolling.maxUnavailable, 'must not be greater than 100%'))
    }
    if (spec.strategy?.type === 'Recreate' && rolling !== undefined) {
      errors.push(forbidden('spec.strategy.rollingUpdate', "may not be specified when strategy `type` is 'Recreate'"))
    } else if (rolling !== undefined && isZero(rolling.maxUnavailable) && isZero(rolling.maxSurge)) {
      errors.push(invalid('spec.strategy.rollingUpdate.maxUnavailable', rolling.maxUnavailable, 'may not be 0 when `maxSurge` is 0'))
    }
    if (old !== undefined) errors.push(...selectorChange(spec.selector, read<Deployment>(old).spec?.selector))
    return errors
  },
}

export const replicaSetStrategy: KindStrategy = {
  hasGeneration: true,
  applyDefaults(draft) {
    const { spec } = as<ReplicaSet>(draft)
    if (spec === undefined) return
    defaultTemplate(spec.template)
    spec.replicas ??= 1
  },
  validate(object, old, { subresource }) {
    if (subresource === 'status') return []
    const { spec } = read<ReplicaSet>(object)
    if (spec === undefined) return [required('spec.selector')]
    return [
      ...nonNegative('spec.replicas', spec.replicas),
      ...validateSelector('replicaset', spec),
      ...validateTemplate(spec.template, 'spec.template', ['Always']),
      ...(old === undefined ? [] : selectorChange(spec.selector, read<ReplicaSet>(old).spec?.selector)),
    ]
  },
}

export const replicationControllerStrategy: KindStrategy = {
  hasGeneration: true,
  applyDefaults(draft) {
    const { spec } = as<ReplicationController>(draft)
    if (spec === undefined) return
    defaultTemplate(spec.template)
    spec.replicas ??= 1
    const labels = spec.template?.metadata?.labels
    if (labels === undefined) return
    spec.selector ??= { ...labels }
    if (Object.keys(draft.metadata.labels ?? {}).length === 0) draft.metadata.labels = { ...labels }
  },
  selectableFields: object => ({ 'status.replicas': String(read<ReplicationController>(object).status?.replicas ?? 0) }),
}

const statefulMutable = new Set([
  'replicas',
  'ordinals',
  'template',
  'updateStrategy',
  'revisionHistoryLimit',
  'persistentVolumeClaimRetentionPolicy',
  'minReadySeconds',
])

export const statefulSetStrategy: KindStrategy = {
  hasGeneration: true,
  applyDefaults(draft) {
    const { spec } = as<StatefulSet>(draft)
    if (spec === undefined) return
    defaultTemplate(spec.template)
    spec.podManagementPolicy ??= 'OrderedReady'
    spec.updateStrategy ??= {}
    spec.updateStrategy.type ??= 'RollingUpdate'
    if (spec.updateStrategy.type === 'RollingUpdate') {
      spec.updateStrategy.rollingUpdate ??= {}
      spec.updateStrategy.rollingUpdate.partition ??= 0
    }
    spec.persistentVolumeClaimRetentionPolicy ??= {}
    spec.persistentVolumeClaimRetentionPolicy.whenDeleted ??= 'Retain'
    spec.persistentVolumeClaimRetentionPolicy.whenScaled ??= 'Retain'
    spec.replicas ??= 1
    spec.revisionHistoryLimit ??= 10
    for (const claim of spec.volumeClaimTemplates ?? []) {
      claim.apiVersion ??= 'v1'
      claim.kind ??= 'PersistentVolumeClaim'
      defaultClaim(claim)
      claim.status ??= {}
      claim.status.phase ??= 'Pending'
    }
  },
  validate(object, old, { subresource }) {
    if (subresource === 'status') return []
    const { spec } = read<StatefulSet>(object)
    if (spec === undefined) return [required('spec.selector')]
    const errors = [
      ...oneOf('spec.podManagementPolicy', spec.podManagementPolicy, ['OrderedReady', 'Parallel']),
      ...oneOf('spec.updateStrategy.type', spec.updateStrategy?.type, ['OnDelete', 'RollingUpdate']),
      ...nonNegative('spec.replicas', spec.replicas),
      ...validateSelector('statefulset', spec),
      ...validateTemplate(spec.template, 'spec.template', ['Always']),
    ]
    const before = old === undefined ? undefined : read<StatefulSet>(old).spec
    if (before !== undefined) {
      const [now, then] = [spec, before].map(value => value as Readonly<Record<string, unknown>>)
      const keys = [...Object.keys(now ?? {}), ...Object.keys(then ?? {})]
      if (keys.some(key => !statefulMutable.has(key) && !equalJson(now?.[key], then?.[key]))) {
        errors.push(
          forbidden(
            'spec',
            "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
          ),
        )
      }
    }
    return errors
  },
}

export const daemonSetStrategy: KindStrategy = {
  hasGeneration: true,
  applyDefaults(draft) {
    const { spec } = as<DaemonSet>(draft)
    if (spec === undefined) return
    defaultTemplate(spec.template)
    spec.updateStrategy ??= {}
    spec.updateStrategy.type ??= 'RollingUpdate'
    if (spec.updateStrategy.type === 'RollingUpdate') {
      spec.updateStrategy.rollingUpdate ??= {}
      spec.updateStrategy.rollingUpdate.maxUnavailable ??= 1
      spec.updateStrategy.rollingUpdate.maxSurge ??= 0
    }
    spec.revisionHistoryLimit ??= 10
  },
  validate(object, old, { subresource }) {
    if (subresource === 'status') return []
    const { spec } = read<DaemonSet>(object)
    if (spec === undefined) return [required('spec.selector')]
    return [
      ...validateSelector('daemonset', spec),
      ...validateTemplate(spec.template, 'spec.template', ['Always']),
      ...(old === undefined ? [] : selectorChange(spec.selector, read<DaemonSet>(old).spec?.selector)),
    ]
  },
}

export const jobStrategy: KindStrategy = {
  hasGeneration: true,
  applyDefaults(draft) {
    const { spec } = as<Job>(draft)
    if (spec === undefined) return
    defaultTemplate(spec.template)
    if (spec.completions === undefined && spec.parallelism === undefined) spec.completions = 1
    spec.parallelism ??= 1
    spec.backoffLimit ??= 6
    spec.completionMode ??= 'NonIndexed'
    spec.suspend ??= false
    spec.manualSelector ??= false
    spec.podReplacementPolicy ??= spec.podFailurePolicy === undefined ? 'TerminatingOrFailed' : 'Failed'
  },
  prepareForCreate(draft) {
    const { metadata, spec } = as<Job>(draft)
    if (spec?.template === undefined || spec.manualSelector === true) return
    const own = { 'batch.kubernetes.io/controller-uid': metadata.uid }
    spec.selector ??= { matchLabels: own }
    spec.template.metadata = {
      ...spec.template.metadata,
      labels: {
        ...spec.template.metadata?.labels,
        ...own,
        'batch.kubernetes.io/job-name': metadata.name,
        'controller-uid': metadata.uid,
        'job-name': metadata.name,
      },
    } as NonNullable<PodTemplateSpec['metadata']>
    if (Object.keys(metadata.labels ?? {}).length === 0) metadata.labels = { ...spec.template.metadata.labels }
  },
  validate(object, old, { subresource }) {
    if (subresource === 'status') return []
    const { spec } = read<Job>(object)
    if (spec === undefined) return [required('spec.template')]
    const errors = [
      ...nonNegative('spec.parallelism', spec.parallelism),
      ...nonNegative('spec.completions', spec.completions),
      ...nonNegative('spec.backoffLimit', spec.backoffLimit),
      ...validateTemplate(spec.template, 'spec.template', ['OnFailure', 'Never']),
    ]
    const before = old === undefined ? undefined : read<Job>(old).spec
    if (before !== undefined) {
      errors.push(...immutable('spec.completions', spec.completions, before.completions), ...selectorChange(spec.selector, before.selector))
    }
    return errors
  },
  selectableFields: object => ({ 'status.successful': String(read<Job>(object).status?.succeeded ?? 0) }),
}

export const cronJobStrategy: KindStrategy = {
  hasGeneration: true,
  applyDefaults(draft) {
    const { spec } = as<CronJob>(draft)
    if (spec === undefined) return
    spec.concurrencyPolicy ??= 'Allow'
    spec.suspend ??= false
    spec.successfulJobsHistoryLimit ??= 3
    spec.failedJobsHistoryLimit ??= 1
    if (spec.jobTemplate !== undefined) {
      spec.jobTemplate.metadata ??= {} as NonNullable<typeof spec.jobTemplate.metadata>
      if (spec.jobTemplate.spec?.template !== undefined) {
        spec.jobTemplate.spec.template.metadata ??= {} as NonNullable<PodTemplateSpec['metadata']>
      }
    }
    defaultTemplate(spec.jobTemplate?.spec?.template)
  },
  validate(object, _old, { subresource }) {
    if (subresource === 'status') return []
    const { spec } = read<CronJob>(object)
    if (spec === undefined) return [required('spec.schedule')]
    const errors = [...oneOf('spec.concurrencyPolicy', spec.concurrencyPolicy, ['Allow', 'Forbid', 'Replace'])]
    if ((spec.schedule ?? '') === '') errors.push(required('spec.schedule'))
    if ((spec.schedule ?? '') !== '' && !/^(@(every \S+|\w+)|(\S+\s+){4}\S+)$/.test(spec.schedule.trim())) {
      const parts = spec.schedule.trim().split(/\s+/)
      errors.push(invalid('spec.schedule', spec.schedule, `expected exactly 5 fields, found ${parts.length}: [${parts.join(' ')}]`))
    }
    errors.push(...validateTemplate(spec.jobTemplate?.spec?.template, 'spec.jobTemplate.spec.template', ['OnFailure', 'Never']))
    return errors
  },
}
