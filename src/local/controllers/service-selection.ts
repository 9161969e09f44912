import type { EndpointSlice, Pod, Service } from '../../apis/core/types.generated.ts'
import { type DeepReadonly, keyOf } from '../../kube/object.ts'
import type { Store } from '../../kube/store.ts'

export const serviceNameLabel = 'kubernetes.io/service-name'

/** Name of the index of EndpointSlices by {@link byServiceName}. */
export const serviceOfSlice = 'slice-service'

/** Index function: key of the Service a slice belongs to. */
export const byServiceName = (slice: DeepReadonly<EndpointSlice>): readonly string[] => {
  const name = slice.metadata.labels?.[serviceNameLabel]
  return name === undefined ? [] : [`${slice.metadata.namespace ?? ''}/${name}`]
}

/** Which pods a Service selects, and the reverse, without looking at all of them. */
export interface ServiceSelection {
  /** Empty for Services without a selector. */
  podsOf(service: DeepReadonly<Service>): readonly DeepReadonly<Pod>[]
  /** Keys of the Services that select pods with these labels. */
  servicesOf(pod: DeepReadonly<Pod>): readonly string[]
}

const pairOf = (namespace: string | undefined, key: string, value: string) => `${namespace ?? ''}/${key}=${value}`

const byLabel = (pod: DeepReadonly<Pod>): readonly string[] =>
  Object.entries(pod.metadata.labels ?? {}).map(([key, value]) => pairOf(pod.metadata.namespace, key, value))

/** A Service is found by one pair of its selector; the others are compared. */
const bySelector = (service: DeepReadonly<Service>): readonly string[] => {
  const first = Object.entries(selectorOf(service))[0]
  return first === undefined ? [] : [pairOf(service.metadata.namespace, ...first)]
}

function selectorOf(service: DeepReadonly<Service>): Readonly<Record<string, string>> {
  return service.spec?.type === 'ExternalName' ? {} : (service.spec?.selector ?? {})
}

function selects(service: DeepReadonly<Service>, pod: DeepReadonly<Pod>): boolean {
  return Object.entries(selectorOf(service)).every(([key, value]) => pod.metadata.labels?.[key] === value)
}

/** Adds its indexes to the stores. */
export function createServiceSelection(services: Store<Service>, pods: Store<Pod>): ServiceSelection {
  pods.addIndex('pod-label', byLabel)
  services.addIndex('service-selector', bySelector)
  return {
    podsOf: service => bySelector(service).flatMap(pair => pods.byIndex('pod-label', pair).filter(pod => selects(service, pod))),
    servicesOf: pod =>
      byLabel(pod).flatMap(pair =>
        services
          .byIndex('service-selector', pair)
          .filter(service => selects(service, pod))
          .map(keyOf),
      ),
  }
}
