import type { KubeObject } from '../../kube/object.ts'
import type { ResourceType } from '../../kube/resource.ts'
import type { PodTemplateSpec } from '../core/types.generated.ts'

/**
 * OpenKruise's StatefulSet, which runs the pods of a GameServerSet under OpenKruiseGame; the parts that are read here.
 * Contract: https://openkruise.io/docs/user-manuals/advancedstatefulset
 */
export interface AdvancedStatefulSet extends KubeObject {
  spec: {
    replicas?: number
    template: PodTemplateSpec
    updateStrategy?: { rollingUpdate?: { partition?: number; paused?: boolean } }
  }
  status?: {
    observedGeneration?: number
    replicas?: number
    updatedReplicas?: number
    currentRevision?: string
    updateRevision?: string
  }
}

export const advancedStatefulSets: ResourceType<AdvancedStatefulSet> = {
  group: 'apps.kruise.io',
  version: 'v1beta1',
  plural: 'statefulsets',
  kind: 'StatefulSet',
  namespaced: true,
}
