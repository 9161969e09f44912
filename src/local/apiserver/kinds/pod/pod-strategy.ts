import type { Pod, PodStatus, Toleration } from '../../../../apis/core/types.generated.ts'
import type { DeepReadonly } from '../../../../kube/object.ts'
import { formatTime } from '../../../../kube/clock.ts'
import type { Draft, KindStrategy } from '../../registry.ts'
import { nameProblems } from '../../rest/object-meta.ts'
import { forbidden, required } from '../field-errors.ts'
import { defaultPod } from './defaults.ts'
import { validatePodUpdate } from './pod-update.ts'
import { qualityOfService } from './quality-of-service.ts'
import { validatePodSpec } from './spec-validation.ts'
import { validatePodStatus } from './status-validation.ts'
import { writeTimes } from '../unset-times.ts'

const asPod = (draft: Draft) => draft as unknown as Pod
const readPod = (object: Readonly<Draft>) => object as unknown as DeepReadonly<Pod>

/** A pod stays this long on a node that is gone, as the DefaultTolerationSeconds admission grants. */
const NODE_GONE_SECONDS = 300

/** What Kubernetes does for pods. */
export const podStrategy: KindStrategy = {
  hasGeneration: true,

  applyDefaults(draft) {
    const { spec } = asPod(draft)
    if (spec !== undefined) defaultPod(spec)
  },

  applyStatusDefaults(draft) {
    const { status } = asPod(draft)
    if (status === undefined) return
    const { podIP = '' } = status
    if (podIP !== '' && status.podIPs?.[0]?.ip !== podIP) status.podIPs = [{ ip: podIP }]
    writeTimes(status.conditions, 'lastProbeTime', 'lastTransitionTime')
    for (const list of [status.initContainerStatuses, status.containerStatuses]) {
      for (const container of list ?? []) {
        container.state ??= {}
        container.lastState ??= {}
      }
    }
  },

  prepareForCreate(draft, { now, warn }) {
    const pod = asPod(draft)
    if (pod.spec !== undefined) normalise(pod.spec)
    const problems = hostnameProblems(pod.metadata.name ?? '')
    if (problems.length > 0) {
      const advice = "this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended"
      warn?.(`metadata.name: ${advice}: [${problems.join(', ')}]`)
    }
    const { spec } = pod
    const status: PodStatus = { phase: 'Pending' }
    if (spec !== undefined) {
      spec.serviceAccountName ??= 'default'
      spec.serviceAccount ??= spec.serviceAccountName
      tolerateLostNodes(spec)
      if (spec.containers !== undefined) status.qosClass = qualityOfService(spec)
      if ((spec.schedulingGates ?? []).length > 0) {
        status.conditions = [
          {
            type: 'PodScheduled',
            status: 'False',
            reason: 'SchedulingGated',
            message: 'Scheduling is blocked due to non-empty scheduling gates',
            lastTransitionTime: formatTime(now().getTime()),
          },
        ]
      }
    }
    writeTimes(status.conditions, 'lastProbeTime')
    pod.status = status
  },

  prepareForUpdate(draft, old, { subresource }) {
    const pod = asPod(draft)
    const before = readPod(old)
    if (subresource === undefined && pod.spec !== undefined && before.spec?.nodeName !== undefined)
      pod.spec.nodeName ??= before.spec.nodeName
    if (subresource === undefined && pod.spec !== undefined) tolerateLostNodes(pod.spec)
    if (subresource === 'status' && pod.status !== undefined && before.status?.qosClass !== undefined) {
      if (pod.status.qosClass !== before.status.qosClass) pod.status = { ...pod.status, qosClass: before.status.qosClass }
    }
  },

  validate(object, old, { subresource }) {
    const { spec } = readPod(object)
    if (subresource === 'status') return validatePodStatus(readPod(object).status ?? {})
    if (spec === undefined) return [required('spec.containers')]
    const before = old === undefined ? undefined : readPod(old).spec
    if (spec === before) return []
    const errors = validatePodSpec(spec, 'spec')
    if (before === undefined) {
      if ((spec.ephemeralContainers ?? []).length > 0) errors.push(forbidden('spec.ephemeralContainers', 'cannot be set on create'))
    } else if (subresource === undefined) {
      errors.push(...validatePodUpdate(spec, before))
    }
    return errors
  },

  selectableFields(object) {
    const { spec, status } = readPod(object)
    return {
      'spec.nodeName': spec?.nodeName ?? '',
      'spec.restartPolicy': spec?.restartPolicy ?? '',
      'spec.schedulerName': spec?.schedulerName ?? '',
      'spec.serviceAccountName': spec?.serviceAccountName ?? '',
      'spec.hostNetwork': String(spec?.hostNetwork ?? false),
      'status.phase': status?.phase ?? '',
      'status.podIP': status?.podIP ?? '',
      'status.podIPs': status?.podIP ?? '',
      'status.nominatedNodeName': status?.nominatedNodeName ?? '',
    }
  },

  gracePeriodSeconds(object, asked) {
    const { spec, status } = readPod(object)
    const isOver = status?.phase === 'Failed' || status?.phase === 'Succeeded'
    if ((spec?.nodeName ?? '') === '' || isOver) return 0
    const seconds = asked ?? spec?.terminationGracePeriodSeconds ?? 0
    return seconds < 0 ? 1 : seconds
  },
}

/** What is written as if it had been said otherwise. */
function normalise(spec: NonNullable<Pod['spec']>): void {
  if (spec.terminationGracePeriodSeconds !== undefined && spec.terminationGracePeriodSeconds < 0) spec.terminationGracePeriodSeconds = 1
  // Of the policies of single containers only that of sidecars is on by default.
  for (const container of spec.initContainers ?? []) if (container.restartPolicy !== 'Always') delete container.restartPolicy
}

/** A name that is no label still makes a pod, but not a hostname; what is no name at all is refused elsewhere. */
function hostnameProblems(name: string): string[] {
  return nameProblems(name, 'subdomain').length > 0 ? [] : nameProblems(name, 'label')
}

function tolerateLostNodes(spec: NonNullable<Pod['spec']>): void {
  for (const key of ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable']) {
    const tolerated = spec.tolerations?.some(
      toleration =>
        ((toleration.key ?? '') === '' || toleration.key === key) &&
        ((toleration.effect ?? '') === '' || toleration.effect === 'NoExecute'),
    )
    if (tolerated === true) continue
    const toleration: Toleration = { key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: NODE_GONE_SECONDS }
    spec.tolerations = [...(spec.tolerations ?? []), toleration]
  }
}
