import type { Service } from '../../../apis/core/types.generated.ts'
import type { DeepReadonly, New } from '../../../kube/object.ts'
import { controllerOf } from '../../../kube/owner-reference.ts'
import type { Room } from '../../allocate/choose-ports.ts'
import type { Reason } from '../../claim-state.ts'
import type { Holding } from '../../ledger/port-ledger.ts'
import type { PortRange } from '../../port-range.ts'
import { capacityOf, describeRange } from '../../port-range.ts'
import { allocate, holdingsOf, reallocate } from './allocation.ts'
import { poolKey } from './held-ports.ts'
import type { Allocation, ServiceInput } from './manifest.ts'
import { newService } from './manifest.ts'
import { parametersChanged, servicePatch } from './service-patch.ts'

/** What to do about the Service of a claim. */
export type ServiceDecision =
  | { readonly do: 'create'; readonly service: New<Service>; readonly allocation: Allocation; readonly holdings: readonly Holding[] }
  | { readonly do: 'patch'; readonly patch: Record<string, unknown>; readonly holdings: readonly Holding[] }
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

function noRoom(input: ServiceInput, world: ServiceWorld): ServiceDecision {
  const { row, settings } = input
  const { loadBalancer } = row
  const { range, room } = world
  if (loadBalancer === undefined || range === undefined)
    return { do: 'stand', reason: 'ProviderOff', message: `${row.provider} has no ports`, waitsFor: [] }
  const pools = settings.pools.map(id => poolKey(loadBalancer, id))
  const capacity = capacityOf(range)
  const fill = settings.pools.map((id, at) => `${id} (${room.used(pools[at] ?? '')} used)`).join(', ')
  const need = `${settings.asks.length} free port${settings.asks.length === 1 ? '' : 's'}`
  const where = settings.createPool ? 'a load balancer of its own' : `none of the load balancers ${fill}`
  const message = settings.createPool
    ? `${where} has only ${capacity} ports in ${describeRange(range)}, ${need} are needed`
    : `${where} has ${need} in ${describeRange(range)}, ${capacity} ports each`
  return { do: 'stand', reason: 'NoFreePorts', message, waitsFor: pools }
}
