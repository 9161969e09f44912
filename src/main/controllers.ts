import { createAddressEngine } from '../addresses/address-engine.ts'
import type { AddressEngine } from '../addresses/engine.ts'
import { serviceWarnings } from '../addresses/providers/service/service-troubles.ts'
import type { ProviderConfig } from '../addresses/provider-config.ts'
import { events, nodes, pods, services } from '../apis/core/resources.generated.ts'
import type { AgonesConfig } from '../families/agones/context.ts'
import { agonesStores, startAgones } from '../families/agones/start.ts'
import { okgStores, startOkg } from '../families/okg/start.ts'
import { Cache } from '../kube/cache.ts'
import type { Client } from '../kube/client.ts'
import { type Clock, systemClock } from '../kube/clock.ts'
import { type Logger, withFields } from '../kube/logger.ts'
import type { MetricsSink } from '../kube/metrics.ts'

export interface ControllersOptions {
  readonly client: Client
  readonly logger: Logger
  readonly clock?: Clock
  readonly metrics?: MetricsSink
  /** Port ranges of the networks. Default: those OpenKruiseGame ships with. */
  readonly network?: ProviderConfig
  /** Stores that others keep filled, such as a candidate that waits to lead; see {@link fillStores}. Default: own ones. */
  readonly cache?: Cache
  /** Work in these namespaces alone: nothing is read or written in others, so ports that others hold there are not seen. Default: in all. */
  readonly namespaces?: readonly string[]
  /** Also run GameServerSets that OpenKruiseGame runs or could run; see `OkgOptions`. */
  readonly takeOver?: boolean
  /** Default: the Agones family is off. */
  readonly agones?: AgonesConfig
}

/** Berth's own controllers at work on one cluster; any Kubernetes will do. Disposal stops them and leaves the cluster as it is. */
export interface Controllers extends AsyncDisposable {
  readonly addresses: AddressEngine
}

const addressStores = (cache: Cache) => ({
  services: cache.store(services),
  nodes: cache.store(nodes),
  pods: cache.store(pods),
  events: cache.store(events, { fieldSelector: serviceWarnings }),
})

/** Begins to fill every store the controllers will ask for, so that they need not wait for lists when they start. */
export function fillStores(cache: Cache, { agones }: { readonly agones: boolean }): void {
  addressStores(cache)
  okgStores(cache)
  if (agones) agonesStores(cache)
}

/** Starts the address engine and every family on it. Resolves when they work. */
export async function startControllers(options: ControllersOptions, signal: AbortSignal): Promise<Controllers> {
  const { client, logger, clock = systemClock, metrics, network, namespaces } = options
  await using parts = new AsyncDisposableStack()
  const cache = options.cache ?? parts.use(new Cache({ client, clock, logger, ...(namespaces === undefined ? {} : { namespaces }) }))
  const stores = addressStores(cache)
  const addresses = parts.use(
    createAddressEngine({
      client,
      stores,
      clock,
      logger: withFields(logger, { component: 'addresses' }),
      ...(network === undefined ? {} : { config: network }),
    }),
  )
  await addresses.start(signal)
  parts.use(
    await startOkg(
      {
        client,
        addresses,
        cache,
        clock,
        logger: withFields(logger, { component: 'okg' }),
        takeOver: options.takeOver ?? false,
        ...(metrics === undefined ? {} : { metrics }),
      },
      signal,
    ),
  )
  if (options.agones !== undefined) {
    const agones = { client, addresses, config: options.agones, cache, clock, logger: withFields(logger, { component: 'agones' }) }
    parts.use(await startAgones({ ...agones, ...(metrics === undefined ? {} : { metrics }) }, signal))
  }
  const running = parts.move()
  return { addresses, [Symbol.asyncDispose]: () => running.disposeAsync() }
}
