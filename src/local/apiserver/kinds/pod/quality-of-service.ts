import type { PodSpec } from '../../../../apis/core/types.generated.ts'
import type { DeepReadonly } from '../../../../kube/object.ts'
import { compareQuantities, parseQuantity } from '../../../../schema/quantity.ts'

const counted = ['cpu', 'memory'] as const

/** The QoS class that the resources of a pod's containers give it. */
export function qualityOfService(spec: DeepReadonly<PodSpec>): 'Guaranteed' | 'Burstable' | 'BestEffort' {
  let any = false
  let guaranteed = true
  for (const { resources } of [...(spec.initContainers ?? []), ...spec.containers]) {
    for (const name of counted) {
      const request = positive(resources?.requests?.[name])
      const limit = positive(resources?.limits?.[name])
      if (request !== undefined || limit !== undefined) any = true
      if (limit === undefined || (request !== undefined && compareQuantities(request, limit) !== 0)) guaranteed = false
    }
  }
  if (!any) return 'BestEffort'
  return guaranteed ? 'Guaranteed' : 'Burstable'
}

function positive(text: string | number | undefined) {
  const quantity = text === undefined ? undefined : parseQuantity(text)
  return quantity !== undefined && quantity.nano > 0n ? quantity : undefined
}
