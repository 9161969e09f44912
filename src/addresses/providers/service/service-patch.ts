import type { Service } from '../../../apis/core/types.generated.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import { controllerOf } from '../../../kube/owner-reference.ts'
import type { Allocation, ServiceInput } from './manifest.ts'
import {
  desiredAnnotations,
  desiredOwner,
  desiredPolicies,
  desiredPorts,
  desiredPublishNotReady,
  desiredSelector,
  desiredType,
  samePorts,
} from './manifest.ts'

type Json = Record<string, unknown>

/**
 * The merge patch that brings a Service to what is desired; undefined when it is there. What the switches of a live server touch (type,
 * selector, publishing, owner) is always compared; the rest only when the parameters changed, so that what the cloud's controller writes
 * beside it stays.
 */
export function servicePatch(input: ServiceInput, service: DeepReadonly<Service>, allocation: Allocation): Json | undefined {
  const spec: Json = {}
  const metadata: Json = {}
  const actual = service.spec ?? {}

  const type = desiredType(input)
  if (actual.type !== type) Object.assign(spec, { type, ...typeChange(input) })
  const selector = mapPatch(actual.selector ?? {}, desiredSelector(input), Object.keys(actual.selector ?? {}))
  if (selector !== undefined) spec['selector'] = selector
  const published = actual.publishNotReadyAddresses === true
  const publish = desiredPublishNotReady(input, published)
  if (publish !== published) spec['publishNotReadyAddresses'] = publish
  const owner = desiredOwner(input)
  if (controllerOf(service)?.uid !== owner.uid) metadata['ownerReferences'] = [owner]

  if (parametersChanged(input, service)) {
    const annotations = mapPatch(service.metadata.annotations ?? {}, desiredAnnotations(input, allocation.id), ownAnnotations(input))
    if (annotations !== undefined) metadata['annotations'] = annotations
    const ports = desiredPorts(input, allocation.numbers)
    if (!samePorts(actual.ports ?? [], ports)) {
      spec['ports'] = ports.map(port => {
        const kept = actual.ports?.find(
          other => other.name === port.name && other.port === port.port && (other.protocol ?? 'TCP') === port.protocol,
        )
        return kept?.nodePort === undefined ? port : { ...port, nodePort: kept.nodePort }
      })
    }
    Object.assign(spec, desiredPolicies(input))
  }
  if (Object.keys(spec).length + Object.keys(metadata).length === 0) return undefined
  return { ...(Object.keys(metadata).length === 0 ? {} : { metadata }), ...(Object.keys(spec).length === 0 ? {} : { spec }) }
}

/** Whether the Service was written for other parameters. */
export function parametersChanged({ row, settings }: ServiceInput, service: DeepReadonly<Service>): boolean {
  return service.metadata.annotations?.[row.hashAnnotation] !== settings.hash
}

/** A Service that stops being a load balancer must let go of the fields only load balancers have. */
function typeChange(input: ServiceInput): Json {
  return desiredType(input) === 'ClusterIP'
    ? { externalTrafficPolicy: null, allocateLoadBalancerNodePorts: null }
    : { ...desiredPolicies(input) }
}

/** Annotations that are ours to remove: those the parameters of the row can write. An id that the cloud wrote is not. */
function ownAnnotations({ row, settings }: ServiceInput): string[] {
  const written = Object.values(row.parameters).flatMap(parameter => (parameter.annotation === undefined ? [] : [parameter.annotation]))
  return row.loadBalancer === undefined || settings.createPool ? written : [...written, row.loadBalancer.idAnnotation]
}

function mapPatch(
  actual: Readonly<Record<string, string>>,
  desired: Readonly<Record<string, string>>,
  removable: readonly string[],
): Json | undefined {
  const patch: Json = {}
  for (const [key, value] of Object.entries(desired)) if (actual[key] !== value) patch[key] = value
  for (const key of removable) if (actual[key] !== undefined && desired[key] === undefined) patch[key] = null
  return Object.keys(patch).length === 0 ? undefined : patch
}
