import type { Service } from '../../../apis/core/types.generated.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import type { Room } from '../../allocate/choose-ports.ts'
import { chooseInPool, choosePorts, protocolsOf } from '../../allocate/choose-ports.ts'
import type { Holding } from '../../ledger/port-ledger.ts'
import type { Ask } from '../../model.ts'
import type { PortRange } from '../../port-range.ts'
import { loadBalancerId, poolKey } from './held-ports.ts'
import type { Allocation } from './manifest.ts'
import type { LoadBalancerRow, ServiceRow } from './row.ts'
import type { ServiceSettings } from './settings.ts'

/** The pool of a load balancer the cloud makes for one server: nobody else is in it. */
const ownPool = (row: LoadBalancerRow, claimKey: string): string => poolKey(row, `own:${claimKey}`)

/** A first choice for a claim without a Service; undefined when no load balancer has room. */
export function allocate(
  row: ServiceRow,
  settings: ServiceSettings,
  claimKey: string,
  range: PortRange | undefined,
  room: Room,
): Allocation | undefined {
  const { loadBalancer } = row
  if (loadBalancer === undefined) return { id: undefined, numbers: settings.asks.map(ask => ask.containerPort) }
  if (range === undefined) return undefined
  if (settings.createPool) {
    const numbers = chooseInPool(settings.asks, ownPool(loadBalancer, claimKey), range, room)
    return numbers === undefined ? undefined : { id: undefined, numbers }
  }
  const pools = settings.pools.map(id => poolKey(loadBalancer, id))
  const choice = choosePorts(settings.asks, pools, range, room, settings.spread)
  return choice === undefined ? undefined : { id: settings.pools[pools.indexOf(choice.pool)], numbers: choice.numbers }
}

/**
 * What a claim with a Service has from now on. It keeps its load balancer and every number it has, also when the list of load balancers
 * changed: people are connected. Only a load balancer that is no longer listed and never delivered an address (an id that does not exist,
 * say) is left. Undefined when a new port finds no room.
 */
export function reallocate(
  row: ServiceRow,
  settings: ServiceSettings,
  claimKey: string,
  service: DeepReadonly<Service>,
  range: PortRange | undefined,
  room: Room,
): Allocation | undefined {
  const { loadBalancer } = row
  if (loadBalancer === undefined) return allocate(row, settings, claimKey, range, room)
  const id = loadBalancerId(loadBalancer, service)
  const hasAddress = (service.status?.loadBalancer?.ingress?.length ?? 0) > 0
  const isListed = settings.createPool || (id !== undefined && settings.pools.includes(id))
  if (!isListed && !hasAddress) return allocate(row, settings, claimKey, range, room)

  const pool = id === undefined ? ownPool(loadBalancer, claimKey) : poolKey(loadBalancer, id)
  const kept = settings.asks.map(ask => keptNumber(service, ask, pool, room))
  const fresh = settings.asks.filter((_, at) => kept[at] === undefined)
  if (fresh.length === 0) return { id, numbers: kept.map(number => number ?? 0) }
  if (range === undefined) return undefined
  const occupied = new Set(kept)
  const numbers = chooseInPool(fresh, pool, range, {
    uses: (inPool, protocol, port) => (occupied.has(port) ? 1 : room.uses(inPool, protocol, port)),
    used: inPool => room.used(inPool),
  })
  if (numbers === undefined) return undefined
  return { id, numbers: kept.map(number => number ?? numbers.shift() ?? 0) }
}

function keptNumber(service: DeepReadonly<Service>, ask: Ask, pool: string, room: Room): number | undefined {
  const own = (service.spec?.ports ?? []).filter(port => port.targetPort === ask.containerPort)
  const number = own.find(port => protocolsOf(ask.protocol).some(protocol => protocol === (port.protocol ?? 'TCP')))?.port
  if (number === undefined) return undefined
  const isOurs = (protocol: 'TCP' | 'UDP') => own.some(port => port.port === number && (port.protocol ?? 'TCP') === protocol)
  return protocolsOf(ask.protocol).every(protocol => isOurs(protocol) || room.uses(pool, protocol, number) === 0) ? number : undefined
}

/** What an allocation holds in the ledger until the object that carries it is seen. */
export function holdingsOf(row: ServiceRow, settings: ServiceSettings, allocation: Allocation): Holding[] {
  const { loadBalancer } = row
  const { id } = allocation
  if (loadBalancer === undefined || id === undefined) return []
  return settings.asks.flatMap((ask, at) => {
    const port = allocation.numbers[at]
    if (port === undefined) return []
    return protocolsOf(ask.protocol).map(protocol => ({ pool: poolKey(loadBalancer, id), protocol, first: port, last: port }))
  })
}
