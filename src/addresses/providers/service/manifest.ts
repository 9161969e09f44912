import { selectorDisabledKey } from '../../../apis/game.kruise.io/annotations.ts'
import type { Service, ServicePort } from '../../../apis/core/types.generated.ts'
import type { DeepReadonly, New, OwnerReference } from '../../../kube/object.ts'
import { splitKey } from '../../../kube/object.ts'
import { protocolsOf } from '../../allocate/choose-ports.ts'
import type { Backend, Claim } from '../../model.ts'
import type { ServiceRow } from './row.ts'
import type { ServiceSettings } from './settings.ts'

/** What was allocated to a claim: the load balancer (none where the cloud makes one) and a number per ask. */
export interface Allocation {
  readonly id: string | undefined
  readonly numbers: readonly number[]
}

/** Everything a desired Service depends on. */
export interface ServiceInput {
  readonly row: ServiceRow
  readonly settings: ServiceSettings
  readonly claim: Claim & { readonly backend: Backend }
}

/** A whole Service, as it is created: load balancer id and ports in it are the reservation. */
export function newService(input: ServiceInput, allocation: Allocation): New<Service> {
  const { claim } = input
  const { namespace, name } = splitKey(claim.key)
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      annotations: desiredAnnotations(input, allocation.id),
      ownerReferences: [desiredOwner(input)],
    },
    spec: {
      type: desiredType(input),
      selector: desiredSelector(input),
      ports: desiredPorts(input, allocation.numbers),
      ...(desiredPublishNotReady(input, false) ? { publishNotReadyAddresses: true } : {}),
      ...desiredPolicies(input),
    },
  }
}

export function desiredType({ row, claim }: ServiceInput): 'LoadBalancer' | 'NodePort' | 'ClusterIP' {
  if (row.loadBalancer === undefined) return 'NodePort'
  return claim.disabled ? 'ClusterIP' : 'LoadBalancer'
}

/** A load balancer is switched off by the Service's type, a NodePort Service by a selector that finds nothing. */
export function desiredSelector({ row, claim }: ServiceInput): Record<string, string> {
  return row.loadBalancer === undefined && claim.disabled ? { [selectorDisabledKey]: splitKey(claim.key).name } : { ...claim.selector }
}

export function desiredPorts({ row, settings }: ServiceInput, numbers: readonly number[]): ServicePort[] {
  return settings.asks.flatMap((ask, at) =>
    protocolsOf(ask.protocol).map(protocol => ({
      name: row.portName(ask.containerPort, protocol),
      port: numbers[at] ?? ask.containerPort,
      protocol,
      targetPort: ask.containerPort,
    })),
  )
}

/** Fields that only a Service of type LoadBalancer has. */
export function desiredPolicies(
  input: ServiceInput,
): Pick<NonNullable<Service['spec']>, 'externalTrafficPolicy' | 'allocateLoadBalancerNodePorts'> {
  const { externalTrafficPolicy, allocateNodePorts } = input.settings
  if (desiredType(input) !== 'LoadBalancer') return {}
  return {
    ...(externalTrafficPolicy === undefined ? {} : { externalTrafficPolicy }),
    ...(allocateNodePorts === undefined ? {} : { allocateLoadBalancerNodePorts: allocateNodePorts }),
  }
}

export function desiredAnnotations({ row, settings }: ServiceInput, id: string | undefined): Record<string, string> {
  return {
    ...(row.loadBalancer === undefined || id === undefined ? {} : { [row.loadBalancer.idAnnotation]: id }),
    ...settings.annotations,
    [row.hashAnnotation]: settings.hash,
  }
}

/** The pod, so that the address goes with it; the set, when the address belongs to the slot. */
export function desiredOwner({ settings, claim }: ServiceInput): OwnerReference {
  const owner = settings.fixed ? claim.set : { apiVersion: 'v1', kind: 'Pod', name: claim.backend.name, uid: claim.backend.uid }
  return { ...owner, controller: true, blockOwnerDeletion: true }
}

/**
 * Not-ready pods stay published while only containers change in place that were named for it, and after that until the pod is ready again.
 * `published` is how the Service is now.
 */
export function desiredPublishNotReady({ settings, claim }: ServiceInput, published: boolean): boolean {
  if (settings.publishNotReady) return true
  if (settings.allowNotReady.length === 0) return false
  if (claim.changing.length > 0) return claim.changing.every(container => settings.allowNotReady.includes(container))
  return published && !claim.backend.ready
}

/** The ports a Service has, without what Kubernetes adds. */
export function samePorts(actual: readonly DeepReadonly<ServicePort>[], desired: readonly ServicePort[]): boolean {
  return (
    actual.length === desired.length &&
    desired.every((port, at) => {
      const other = actual[at]
      return (
        other !== undefined &&
        other.name === port.name &&
        other.port === port.port &&
        (other.protocol ?? 'TCP') === port.protocol &&
        other.targetPort === port.targetPort
      )
    })
  )
}
