import type { Service } from '../../apis/core/types.generated.ts'
import type { DeepReadonly } from '../../kube/object.ts'
import { type Cloud, type CloudOptions, fillText } from './cloud.ts'
import type { ListenerPort } from './load-balancer-ledger.ts'

/** What a Service asks of the clouds. */
export type CloudClaim =
  /** Not a load balancer, or another controller's business. */
  | { readonly kind: 'none' }
  | { readonly kind: 'refused'; readonly cloud: Cloud; readonly message: string }
  | {
      readonly kind: 'use'
      readonly cloud: Cloud
      /** Unique over all clouds. */
      readonly balancer: string
      readonly id: string
      /** Made for this Service; goes with it. */
      readonly own: boolean
      readonly ports: readonly ListenerPort[]
    }

/** The cloud that answers for a Service of type LoadBalancer; the last one answers for Services that name none. */
export function cloudOf(service: DeepReadonly<Service>, clouds: readonly Cloud[], fallback: Cloud): Cloud | undefined {
  const wantedClass = service.spec?.loadBalancerClass
  if (wantedClass !== undefined) return clouds.find(cloud => cloud.loadBalancerClass === wantedClass)
  const keys = Object.keys(service.metadata.annotations ?? {})
  const named = clouds.find(cloud => cloud.annotations.some(annotation => keys.includes(annotation)))
  return named ?? clouds.find(cloud => keys.some(key => key.startsWith(cloud.annotationPrefix))) ?? fallback
}

/** Reads a Service: which load balancer it is to have, or why it cannot have one. Pure. */
export function decideClaim(
  service: DeepReadonly<Service>,
  clouds: readonly Cloud[],
  fallback: Cloud,
  options: Pick<CloudOptions, 'loadBalancers'>,
): CloudClaim {
  if (service.spec?.type !== 'LoadBalancer') return { kind: 'none' }
  const cloud = cloudOf(service, clouds, fallback)
  if (cloud === undefined) return { kind: 'none' }
  const ports = (service.spec.ports ?? []).map(({ port, protocol = 'TCP' }) => ({ port, protocol }))
  const use = (id: string, own: boolean): CloudClaim => ({ kind: 'use', cloud, balancer: `${cloud.name}/${id}`, id, own, ports })
  const refuse = (text: string, values: Readonly<Record<string, string>> = {}): CloudClaim => {
    const createAnnotation = cloud.create === 'always' ? '' : cloud.create.annotation
    return { kind: 'refused', cloud, message: fillText(text, { idAnnotation: cloud.idAnnotation ?? '', createAnnotation, ...values }) }
  }

  const ownId = cloud.newId(service.metadata.uid.replaceAll('-', '').padEnd(32, '0'))
  const id = cloud.idAnnotation === undefined ? undefined : service.metadata.annotations?.[cloud.idAnnotation]?.trim()
  if (id === undefined || id === '') {
    if (cloud.create === 'always') return use(ownId, true)
    const request = service.metadata.annotations?.[cloud.create.annotation]
    if (request === undefined) return refuse(cloud.texts.noId)
    const problem = problemOfJson(request)
    return problem === undefined ? use(ownId, true) : refuse(cloud.texts.badCreate, { problem })
  }
  if (id === ownId) return use(id, true)
  const listed = options.loadBalancers?.[cloud.name]
  if (listed === undefined ? cloud.idPattern.test(id) : listed.includes(id)) return use(id, false)
  const known =
    listed === undefined
      ? `Ids look like ${cloud.newId('0123456789abcdef0123456789abcdef')}`
      : listed.length === 0
        ? 'There are none'
        : `There are: ${listed.join(', ')}`
  return refuse(cloud.texts.unknownId, { id, known })
}

function problemOfJson(text: string): string | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? undefined : 'it is not a JSON object'
  } catch (error) {
    return `it is not JSON: ${error instanceof Error ? error.message : String(error)}`
  }
}
