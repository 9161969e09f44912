import type { Service } from '../../../apis/core/types.generated.ts'
import type { DeepReadonly, New } from '../../../kube/object.ts'
import { controllerOf } from '../../../kube/owner-reference.ts'
import type { Room } from '../../allocate/choose-ports.ts'
import type { Reason } from '../../claim-state.ts'
import type { Holding } from '../../ledger/port-ledger.ts'
import type { PortRange } from '../../port-range.ts'
import { capacityOf, describeRange } from '../../port-range.ts'
import { allocate, holdingsOf, reallocate } from './allocation.ts'
import { loadBalancerId, poolKey } from './held-ports.ts'
import type { Allocation, ServiceInput } from './manifest.ts'
import { newService } from './manifest.ts'
import { parametersChanged, servicePatch } from './service-patch.ts'

/** What to do about the Service of a claim. */
export type ServiceDecision =
  | { readonly do: 'create'; readonly service: New<Service>; readonly allocation: Allocation; readonly holdings: readonly Holding[] }
  | { readonly do: 'patch'; readonly patch: Record<string, unknown>; readonly holdings: readonly Holding[] }
  /** The Service was made for another network type. */
  | { readonly do: 'delete'; readonly service: DeepReadonly<Service> }
  /** The Service is as desired: read its status. */
  | { readonly do: 'read'; readonly service: DeepReadonly<Service> }
  | { readonly do: 'stand'; readonly reason: Reason; readonly message: string; readonly waitsFor: readonly string[] }

/** The world as far as the decision depends on it. */
export interface ServiceWorld {
  readonly service: DeepReadonly<Service> | undefined
  /** What an earlier, unfinished creation reserved. */
  readonly reserved: Allocation | undefined
  readonly range: PortRange | undefined
  readonly room: Room
}

/** Decides purely; `apply` is the provider's. */
export function decideService(input: ServiceInput, world: ServiceWorld): ServiceDecision {
  const { row, settings, claim } = input
  const { service, range, room } = world
  if (service === undefined) {
    const allocation = world.reserved ?? allocate(row, settings, claim.key, range, room)
    if (allocation === undefined) return noRoom(input, world)
    return { do: 'create', service: newService(input, allocation), allocation, holdings: holdingsOf(row, settings, allocation) }
  }
  const foreign = foreignOwner(input, service)
  if (foreign !== undefined) return foreign
  if (isOfOtherNetwork(input, service)) return { do: 'delete', service }
  const changed = parametersChanged(input, service)
  const allocation = changed ? reallocate(row, settings, claim.key, service, range, room) : { id: undefined, numbers: [] }
  if (allocation === undefined) return noRoom(input, world)
  const patch = servicePatch(input, service, allocation)
  if (patch === undefined) return { do: 'read', service }
  return { do: 'patch', patch, holdings: changed ? holdingsOf(row, settings, allocation) : [] }
}

/** A Service of the right name that this claim may not touch (yet). */
function foreignOwner(input: ServiceInput, service: DeepReadonly<Service>): ServiceDecision | undefined {
  const { claim } = input
  const stand = (reason: Reason, message: string): ServiceDecision => ({ do: 'stand', reason, message, waitsFor: [] })
  if (service.metadata.deletionTimestamp !== undefined) return stand('PreviousServiceRemains', `Service ${claim.key} is being deleted`)
  const owner = controllerOf(service)
  if (owner === undefined)
    return stand('ServiceNameTaken', `Service ${claim.key} exists and has no owner: delete it, or name the set differently`)
  if (owner.uid === claim.backend.uid || owner.uid === claim.set.uid) return undefined
  const isPredecessor =
    (owner.kind === 'Pod' && owner.name === claim.backend.name) || (owner.kind === claim.set.kind && owner.name === claim.set.name)
  return isPredecessor
    ? stand('PreviousServiceRemains', `Service ${claim.key} belongs to a ${owner.kind} that is gone and waits for its deletion`)
    : stand('ServiceNameTaken', `Service ${claim.key} belongs to ${owner.kind} ${owner.name}`)
}

/** A network type was removed from a set and another one added: the Service of a slot outlived both. */
function isOfOtherNetwork({ row, settings }: ServiceInput, service: DeepReadonly<Service>): boolean {
  const annotations = service.metadata.annotations ?? {}
  const { loadBalancer } = row
  if (loadBalancer === undefined) return annotations[row.hashAnnotation] === undefined
  if (loadBalancerId(loadBalancer, service) !== undefined) return false
  const asksCloud = Object.values(row.parameters).find(parameter => parameter.role === 'create')?.annotation
  return !settings.createPool || asksCloud === undefined || annotations[asksCloud] === undefined
}

function noRoom({ row, settings }: ServiceInput, { range, room }: ServiceWorld): ServiceDecision {
  const { loadBalancer } = row
  if (loadBalancer === undefined || range === undefined) {
    return { do: 'stand', reason: 'ProviderOff', message: `${row.provider} has no ports`, waitsFor: [] }
  }
  const needed = `${settings.asks.length} free port${settings.asks.length === 1 ? '' : 's'}`
  const offered = `${describeRange(range)}, ${capacityOf(range)} ports each`
  const pools = settings.pools.map(id => ({ id, key: poolKey(loadBalancer, id) }))
  const fill = pools.map(({ id, key }) => `${id} (${room.used(key)} used)`).join(', ')
  const who = settings.createPool ? 'no load balancer' : `none of the load balancers ${fill}`
  return { do: 'stand', reason: 'NoFreePorts', message: `${who} has ${needed} in ${offered}`, waitsFor: pools.map(({ key }) => key) }
}
