import type { HorizontalPodAutoscaler, MetricSpec } from '../../../apis/core/types.generated.ts'
import { isJsonObject } from '../../../schema/json.ts'
import { objectMetaSchema } from '../../../schema/object-meta.ts'
import type { StructuralSchema } from '../../../schema/structural.ts'
import type { DiscoveredResource } from '../../../apis/core/facts.ts'
import type { Draft } from '../registry.ts'
import type { StoredObject } from '../storage/stored-object.ts'
import type { Conversion } from './served-resource.ts'

/** The autoscaler as `autoscaling/v1` has it: `kubectl autoscale` and old charts still write it. Stored as v2. */
export const autoscalerV1: DiscoveredResource = {
  resource: 'horizontalpodautoscalers',
  singularResource: 'horizontalpodautoscaler',
  scope: 'Namespaced',
  kind: 'HorizontalPodAutoscaler',
  verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
  shortNames: ['hpa'],
  categories: ['all'],
  subresources: [{ subresource: 'status', verbs: ['get', 'patch', 'update'] }],
}

const text: StructuralSchema = { type: 'string' }
const count: StructuralSchema = { type: 'integer', format: 'int32' }

export const autoscalerV1Schema: StructuralSchema = {
  type: 'object',
  properties: {
    apiVersion: text,
    kind: text,
    metadata: objectMetaSchema,
    spec: {
      type: 'object',
      required: ['scaleTargetRef', 'maxReplicas'],
      properties: {
        scaleTargetRef: {
          type: 'object',
          required: ['kind', 'name'],
          properties: { apiVersion: text, kind: text, name: text },
          'x-kubernetes-map-type': 'atomic',
        },
        minReplicas: count,
        maxReplicas: count,
        targetCPUUtilizationPercentage: count,
      },
    },
    status: {
      type: 'object',
      properties: {
        observedGeneration: { type: 'integer', format: 'int64' },
        lastScaleTime: { type: 'string', format: 'date-time' },
        currentReplicas: count,
        desiredReplicas: count,
        currentCPUUtilizationPercentage: count,
      },
    },
  },
}

/** Where a v1 object keeps what only v2 can say, so that writing it back loses nothing. */
const metricsAnnotation = 'autoscaling.alpha.kubernetes.io/metrics'
const behaviorAnnotation = 'autoscaling.alpha.kubernetes.io/behavior'

type Spec = NonNullable<HorizontalPodAutoscaler['spec']>

const isCpu = ({ resource }: MetricSpec): boolean => resource?.name === 'cpu' && resource.target.averageUtilization !== undefined

export const autoscalerConversion: Conversion = {
  toStored(draft) {
    const { [metricsAnnotation]: others, [behaviorAnnotation]: behavior, ...annotations } = draft.metadata.annotations ?? {}
    const { targetCPUUtilizationPercentage: cpu, ...spec } = isJsonObject(draft['spec']) ? draft['spec'] : {}
    const metrics: MetricSpec[] = others === undefined ? [] : (JSON.parse(others) as MetricSpec[])
    if (typeof cpu === 'number') {
      metrics.unshift({ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: cpu } } })
    }
    const metadata = { ...draft.metadata, annotations }
    if (Object.keys(annotations).length === 0) delete (metadata as { annotations?: unknown }).annotations
    return {
      ...draft,
      apiVersion: 'autoscaling/v2',
      metadata,
      ...(draft['spec'] === undefined
        ? {}
        : {
            spec: {
              ...spec,
              ...(metrics.length === 0 ? {} : { metrics }),
              ...(behavior === undefined ? {} : { behavior: JSON.parse(behavior) as unknown }),
            },
          }),
    } as Draft
  },
  toServed(object) {
    const { metrics = [], behavior, ...spec } = ((object as unknown as HorizontalPodAutoscaler).spec ?? {}) as Spec
    const cpu = metrics.find(isCpu)
    const others = metrics.filter(metric => metric !== cpu)
    const annotations = {
      ...object.metadata.annotations,
      ...(others.length === 0 ? {} : { [metricsAnnotation]: JSON.stringify(others) }),
      ...(behavior === undefined ? {} : { [behaviorAnnotation]: JSON.stringify(behavior) }),
    }
    return {
      ...object,
      apiVersion: 'autoscaling/v1',
      metadata: { ...object.metadata, ...(Object.keys(annotations).length === 0 ? {} : { annotations }) },
      spec: { ...spec, ...(cpu === undefined ? {} : { targetCPUUtilizationPercentage: cpu.resource?.target.averageUtilization }) },
    } as unknown as StoredObject
  },
}
