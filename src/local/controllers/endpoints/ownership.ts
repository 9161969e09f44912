import type { EndpointSlice, Service } from '../../../apis/core/types.generated.ts'
import type { DeepReadonly } from '../../../kube/object.ts'

export const managedByLabel = 'endpointslice.kubernetes.io/managed-by'
export const managedBy = 'endpointslice-controller.k8s.io'

/** Slices that users or others keep are left alone. */
export function isManagedSlice(slice: DeepReadonly<EndpointSlice>): boolean {
  return slice.metadata.labels?.[managedByLabel] === managedBy
}

/** Whether the Service's endpoints follow pods; otherwise its user writes them. */
export function selectsPods(service: DeepReadonly<Service>): boolean {
  return service.spec?.type !== 'ExternalName' && Object.keys(service.spec?.selector ?? {}).length > 0
}

/** The label by which endpoints of headless Services are known. */
export function headless(service: DeepReadonly<Service>): Record<string, string> {
  return service.spec?.clusterIP === 'None' ? { 'service.kubernetes.io/headless': '' } : {}
}
