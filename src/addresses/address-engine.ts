import type { Event, Node, Pod, Service } from '../apis/core/types.generated.ts'
import * as core from '../apis/core/resources.generated.ts'
import { isNotFound } from '../kube/api-error.ts'
import type { Client } from '../kube/client.ts'
import type { Clock } from '../kube/clock.ts'
import type { Logger } from '../kube/logger.ts'
import { noopLogger } from '../kube/logger.ts'
import type { DeepReadonly, ObjectKey } from '../kube/object.ts'
import { keyOf, splitKey } from '../kube/object.ts'
import type { Store } from '../kube/store.ts'
import { standing } from './claim-state.ts'
import { serviceRows } from './clouds/rows.ts'
import type { AddressEngine, PodPreparation } from './engine.ts'
import { HostPorts } from './host-ports.ts'
import type { Holding } from './ledger/port-ledger.ts'
import { PortLedger, sameHolding } from './ledger/port-ledger.ts'
import type { Claim, ClaimStatus, Parameter, ParameterProblem } from './model.ts'
import { parameterValidator, unknownProvider } from './parameter-validator.ts'
import type { ProviderConfig } from './provider-config.ts'
import { defaultProviderConfig } from './provider-config.ts'
import { heldHostPorts } from './providers/host-port/held-ports.ts'
import { HostPortProvider } from './providers/host-port/host-port-provider.ts'
import { nodeAddress } from './providers/node-address.ts'
import type { AddressProvider } from './providers/provider.ts'
import { heldPorts } from './providers/service/held-ports.ts'
import type { Reservations } from './providers/service/service-provider.ts'
import { ServiceProvider, reservationOf } from './providers/service/service-provider.ts'
import { ServiceTroubles } from './providers/service/service-troubles.ts'
import { ServiceView } from './providers/service/service-view.ts'
import { WaitingClaims } from './waiting-claims.ts'

export interface AddressEngineOptions {
  readonly client: Client
  /** All Services, Nodes and Pods of the cluster: ports that others hold count too. */
  readonly stores: {
    readonly services: Store<Service>
    readonly nodes: Store<Node>
    readonly pods: Store<Pod>
    /** Those that `serviceWarnings` selects. Without them, claims whose load balancer fails only say that they wait. */
    readonly events?: Store<Event>
  }
  readonly clock: Clock
  readonly logger?: Logger
  /** Default: the ports OpenKruiseGame ships with. */
  readonly config?: ProviderConfig
}

/** Makes the engine; `start` it before anything else. */
export function createAddressEngine(options: AddressEngineOptions): AddressEngine {
  return new Engine(options)
}

class Engine implements AddressEngine {
  readonly providers = parameterValidator.providers
  readonly #options: AddressEngineOptions
  readonly #logger: Logger
  readonly #byName = new Map<string, AddressProvider>()
  readonly #hostPort: HostPortProvider
  readonly #ledger = new PortLedger()
  readonly hostPorts = new HostPorts(this.#ledger)
  readonly #reservations: Reservations = new Map()
  readonly #waiting = new WaitingClaims()
  readonly #services: ServiceView
  readonly #troubles: ServiceTroubles
  readonly #listeners = new Set<(claimKey: string) => void>()
  readonly #subscriptions: Disposable[] = []
  /** The node each claim's address depends on. */
  readonly #nodes = new Map<string, string>()
  readonly #loadBalancers = serviceRows.flatMap(row => (row.loadBalancer === undefined ? [] : [row.loadBalancer]))

  constructor(options: AddressEngineOptions) {
    const { client, stores, clock, logger = noopLogger, config = defaultProviderConfig } = options
    this.#options = options
    this.#logger = logger
    const isThere = async (key: ObjectKey): Promise<boolean> => {
      const { namespace, name } = splitKey(key)
      try {
        await client.get(core.services, namespace === undefined ? { name } : { namespace, name })
        return true
      } catch (error) {
        if (isNotFound(error)) return false
        throw error
      }
    }
    this.#services = new ServiceView(stores.services, clock, isThere, key => this.#unseen(key))
    this.#troubles = new ServiceTroubles(stores.events)
    const nodeOf = (name: string) => stores.nodes.get(name)
    const shared = {
      client,
      services: this.#services,
      troubles: this.#troubles,
      nodeOf,
      ledger: this.#ledger,
      reservations: this.#reservations,
      waiting: this.#waiting,
      config,
    }
    this.#hostPort = new HostPortProvider({ hostPorts: this.hostPorts, config, nodeOf })
    for (const provider of [this.#hostPort, ...serviceRows.map(row => new ServiceProvider({ ...shared, row }))])
      this.#byName.set(provider.name, provider)
  }

  async start(signal: AbortSignal): Promise<void> {
    const { services, nodes, pods, events } = this.#options.stores
    await Promise.all([services.whenSynced(signal), nodes.whenSynced(signal), pods.whenSynced(signal), events?.whenSynced(signal)])
    this.#subscriptions.push(
      this.#ledger.onFreed(pool => {
        for (const claimKey of this.#waiting.waitingFor(pool)) this.#notify(claimKey)
      }),
      services.subscribe({
        added: service => this.#seen(service, true),
        updated: service => this.#seen(service, false),
        deleted: service => this.#gone(service),
      }),
      pods.subscribe({
        added: pod => this.#podSeen(pod, true),
        updated: (pod, old) => {
          if (pod.status?.phase !== old.status?.phase) this.#podSeen(pod, false)
        },
        deleted: pod => this.#ledger.release(`pod ${pod.metadata.uid}`),
      }),
      nodes.subscribe({
        added: node => this.#nodeChanged(node.metadata.name),
        updated: (node, old) => {
          if (nodeAddress(node) !== nodeAddress(old)) this.#nodeChanged(node.metadata.name)
        },
      }),
    )
    const warned = ({ involvedObject: { namespace, name } }: DeepReadonly<Event>): void => {
      if (name !== undefined) this.#notify(namespace === undefined ? name : `${namespace}/${name}`)
    }
    if (events !== undefined) this.#subscriptions.push(events.subscribe({ added: warned, updated: warned }))
  }

  validate(provider: string, parameters: readonly Parameter[]): readonly ParameterProblem[] {
    return parameterValidator.validate(provider, parameters)
  }

  prepare(claim: Claim): PodPreparation {
    const provider = this.#byName.get(claim.provider)
    if (provider === undefined) return { ok: false, reason: 'UnknownNetworkType', message: unknownProvider(claim.provider) }
    return provider.prepare?.(claim) ?? { ok: true, ports: [] }
  }

  unprepare(claimKey: string): void {
    this.#hostPort.forget(claimKey)
  }

  async reconcile(claim: Claim, signal: AbortSignal): Promise<ClaimStatus> {
    const provider = this.#byName.get(claim.provider)
    if (provider === undefined) return standing('UnknownNetworkType', unknownProvider(claim.provider))
    if (claim.backend?.node === undefined) this.#nodes.delete(claim.key)
    else this.#nodes.set(claim.key, claim.backend.node)
    return provider.reconcile(claim, signal)
  }

  release(claimKey: string, _signal: AbortSignal): Promise<void> {
    this.#hostPort.forget(claimKey)
    this.#waiting.remove(claimKey)
    this.#nodes.delete(claimKey)
    // What a creation under way reserved stays until the watch shows its outcome, or long enough did not.
    if (!this.#services.isAhead(claimKey)) this.#dropReservation(claimKey)
    return Promise.resolve()
  }

  subscribe(listener: (claimKey: string) => void): Disposable {
    this.#listeners.add(listener)
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const subscription of this.#subscriptions.splice(0)) subscription[Symbol.dispose]()
    this.#services[Symbol.dispose]()
    this.#listeners.clear()
    await Promise.resolve()
  }

  #seen(service: DeepReadonly<Service>, isNew: boolean): void {
    const key = keyOf(service)
    // Lets the view drop what we wrote ourselves, now that the watch has it.
    this.#services.get(key)
    const holdings = heldPorts(this.#loadBalancers, service)
    if (isNew) this.#warnOfConflicts(service, holdings)
    this.#ledger.hold(holderOf(service), holdings)
    const reserved = this.#ledger.holdingsOf(reservationOf(key))
    // After a patch an older version may still come by; it does not hold the new ports yet.
    if (isNew || reserved.every(wanted => holdings.some(has => sameHolding(has, wanted)))) this.#dropReservation(key)
    this.#notify(key)
  }

  #gone(service: DeepReadonly<Service>): void {
    this.#services.ended(keyOf(service))
    this.#troubles.ended(service)
    this.#ledger.release(holderOf(service))
    // Only changes of this very Service can have been under way: a successor is created after its end was seen.
    this.#dropReservation(keyOf(service))
    this.#notify(keyOf(service))
  }

  #unseen(claimKey: string): void {
    this.#dropReservation(claimKey)
    this.#notify(claimKey)
  }

  #podSeen(pod: DeepReadonly<Pod>, isNew: boolean): void {
    this.#ledger.hold(`pod ${pod.metadata.uid}`, heldHostPorts(pod))
    if (isNew) this.#hostPort.forget(keyOf(pod))
  }

  #nodeChanged(name: string): void {
    for (const [claimKey, node] of this.#nodes) if (node === name) this.#notify(claimKey)
  }

  #dropReservation(claimKey: ObjectKey): void {
    this.#reservations.delete(claimKey)
    this.#ledger.release(reservationOf(claimKey))
  }

  /** Only a Service that has an address holds its ports in the cloud; others of the same number merely wait, and their cloud says so. */
  #warnOfConflicts(service: DeepReadonly<Service>, holdings: readonly Holding[]): void {
    if ((service.status?.loadBalancer?.ingress ?? []).length === 0) return
    const own = this.#ledger.holdingsOf(reservationOf(keyOf(service)))
    for (const holding of holdings) {
      const others =
        this.#ledger.uses(holding.pool, holding.protocol, holding.first) - (own.some(mine => sameHolding(mine, holding)) ? 1 : 0)
      if (others > 0)
        this.#logger.warn('a port of a load balancer is held twice', { service: keyOf(service), pool: holding.pool, port: holding.first })
    }
  }

  #notify(claimKey: string): void {
    for (const listener of this.#listeners) listener(claimKey)
  }
}

function holderOf(service: DeepReadonly<Service>): string {
  return `service ${service.metadata.uid}`
}
