/** GKE Autopilot, whose webhooks assign host ports and which has no nodes to look after. Contract: Agones. */
import { annotations } from '../../../apis/agones.dev/annotations.ts'
import type { Pod } from '../../../apis/core/types.generated.ts'
import type { DeepReadonly, New } from '../../../kube/object.ts'
import type { FieldError } from '../../../schema/field-error.ts'
import type { CompleteSpec } from '../game-server/complete.ts'
import type { CloudProduct } from './cloud-product.ts'
import { type PlatformPorts, platformPorts } from './platform-ports.ts'

const on = 'on GKE Autopilot'
const primaryContainer = 'autopilot.gke.io/primary-container'

export interface GkeAutopilot extends Pick<PlatformPorts, 'range' | 'passthrough'> {
  /** Pods that must not be evicted may say so. Gate `GKEAutopilotExtendedDurationPods`. */
  readonly extendedDurationPods: boolean
}

/** Either of them is there on GKE Autopilot, and on no other cluster: before 1.26, and since. */
export const autopilotWebhooks = [
  'workload-defaulter.config.common-webhooks.networking.gke.io',
  'sasecret-redacter.config.common-webhooks.networking.gke.io',
] as const

export function gkeAutopilot({ range, passthrough, extendedDurationPods }: GkeAutopilot): CloudProduct {
  const ports = platformPorts({
    annotation: 'autopilot.gke.io/host-port-assignment',
    passthrough,
    range,
    words: { portPolicy: `portPolicy must be Dynamic or None ${on}`, range: `range must not be used ${on}` },
  })
  const validateScheduling: CloudProduct['validateScheduling'] = (scheduling, path) =>
    scheduling === undefined || scheduling === 'Packed' ? [] : [invalid(path, scheduling, `scheduling strategy must be Packed ${on}`)]
  return {
    ...ports,
    validateScheduling,
    validate: (spec, path) => [
      ...validateScheduling(spec.scheduling, `${path}.scheduling`),
      ...ports.validate(spec, path),
      ...(spec.eviction?.safe === 'OnUpgrade' && !extendedDurationPods
        ? [invalid(`${path}.eviction.safe`, 'OnUpgrade', `eviction.safe OnUpgrade not supported ${on}`)]
        : []),
    ],
    finishPod: (pod, spec) => evictable(hinted(ports.finishPod(pod, spec), spec), extendedDurationPods),
  }
}

const invalid = (field: string, value: unknown, detail: string): FieldError => ({ type: 'FieldValueInvalid', field, value, detail })

/** Resources are added to the game when the platform rounds up, and system calls cost what they cost elsewhere. What users say themselves wins. */
function hinted(pod: New<Pod>, { container }: DeepReadonly<CompleteSpec>): New<Pod> {
  const { metadata, spec } = pod
  if (spec === undefined) return pod
  const securityContext = { seccompProfile: { type: 'Unconfined' as const }, ...spec.securityContext }
  return {
    ...pod,
    metadata: { ...metadata, annotations: { [primaryContainer]: container, ...metadata.annotations } },
    spec: { ...spec, securityContext },
  }
}

/** Without extended duration the platform refuses pods that say `false`; the label alone then protects them, by a disruption budget. */
function evictable(pod: New<Pod>, extendedDurationPods: boolean): New<Pod> {
  const { [annotations.clusterAutoscalerSafeToEvict]: safe, ...others } = pod.metadata.annotations ?? {}
  return extendedDurationPods || safe !== 'false' ? pod : { ...pod, metadata: { ...pod.metadata, annotations: others } }
}
