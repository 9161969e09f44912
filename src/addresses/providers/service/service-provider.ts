import * as core from '../../../apis/core/resources.generated.ts'
import type { Node, Service } from '../../../apis/core/types.generated.ts'
import { isAlreadyExists, isConflict, isInvalid, isNamespaceTerminating, isNotFound } from '../../../kube/api-error.ts'
import { ApiError } from '../../../kube/api-error.ts'
import type { Client } from '../../../kube/client.ts'
import { splitKey } from '../../../kube/object.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import { standing } from '../../claim-state.ts'
import type { Holding, PortLedger } from '../../ledger/port-ledger.ts'
import { sameHolding } from '../../ledger/port-ledger.ts'
import type { Claim, ClaimStatus, Parameter } from '../../model.ts'
import type { ProviderConfig } from '../../provider-config.ts'
import type { WaitingClaims } from '../../waiting-claims.ts'
import type { AddressProvider } from '../provider.ts'
import { decideService } from './decide.ts'
import type { ServiceDecision } from './decide.ts'
import { serviceStatus } from './endpoints.ts'
import type { Allocation, ServiceInput } from './manifest.ts'
import type { ServiceRow } from './row.ts'
import type { ServiceTroubles } from './service-troubles.ts'
import type { ServiceView } from './service-view.ts'
import { parseSettings } from './settings.ts'
import type { ParsedSettings } from './settings.ts'

export interface ServiceProviderOptions {
  readonly row: ServiceRow
  readonly client: Client
  readonly services: ServiceView
  readonly troubles: ServiceTroubles
  readonly nodeOf: (name: string) => DeepReadonly<Node> | undefined
  readonly ledger: PortLedger
  readonly reservations: Reservations
  readonly waiting: WaitingClaims
  readonly config: ProviderConfig
}

/** Allocations of Services that are being created, until the watch shows them. */
export type Reservations = Map<string, { readonly hash: string; readonly allocation: Allocation }>

/** Parsed parameters are kept: all servers of a set share them. */
const mostParsed = 500

/** A Service per server, driven by a row. */
export class ServiceProvider implements AddressProvider {
  readonly name: string
  readonly #options: ServiceProviderOptions
  readonly #parsed = new Map<string, ParsedSettings>()

  constructor(options: ServiceProviderOptions) {
    this.#options = options
    this.name = options.row.provider
  }

  async reconcile(claim: Claim, signal: AbortSignal): Promise<ClaimStatus> {
    const { row, services, troubles, config, nodeOf, ledger, reservations, waiting } = this.#options
    const parsed = this.#parse(claim.parameters)
    if (!parsed.ok) return standing('InvalidParameters', parsed.problems.map(problem => problem.message).join('; '))
    const { settings } = parsed
    const off = row.loadBalancer === undefined ? undefined : config.off[row.loadBalancer.range]
    if (off !== undefined) return standing('ProviderOff', off)
    const { backend } = claim
    if (backend === undefined) return standing('NoBackend', 'there is no pod')

    const input: ServiceInput = { row, settings, claim: { ...claim, backend } }
    const reserved = reservations.get(claim.key)
    const decision = decideService(input, {
      service: services.get(claim.key),
      reserved: reserved?.hash === settings.hash ? reserved.allocation : undefined,
      range: row.loadBalancer === undefined ? undefined : config.ranges[row.loadBalancer.range],
      room: ledger,
    })
    if (decision.do !== 'stand') waiting.remove(claim.key)
    switch (decision.do) {
      case 'stand':
        if (decision.reason === 'NoFreePorts') waiting.add(claim.key, decision.waitsFor)
        return standing(decision.reason, decision.message)
      case 'read':
        // The watch shows what is desired: nothing is under way any more.
        if (!services.isAhead(claim.key)) ledger.release(reservationOf(claim.key))
        return serviceStatus(input, decision.service, nodeOf, troubles)
      case 'delete':
        return this.#delete(claim, decision.service, signal)
      case 'create':
        return this.#create(input, decision, signal)
      case 'patch':
        return this.#patch(input, decision, signal)
    }
  }

  async #create(input: ServiceInput, decision: Extract<ServiceDecision, { do: 'create' }>, signal: AbortSignal): Promise<ClaimStatus> {
    const { client, services, troubles, ledger, reservations, nodeOf } = this.#options
    const { claim, settings } = input
    // Reserved before the first await: whoever asks meanwhile finds the ports taken.
    const before = this.#reserve(claim.key, decision.holdings)
    services.creates(claim.key)
    reservations.set(claim.key, { hash: settings.hash, allocation: decision.allocation })
    try {
      const created = await client.create(core.services, decision.service, { signal })
      services.wrote(claim.key, created, undefined)
      ledger.hold(reservationOf(claim.key), this.#isSeen(claim.key, created) ? [] : decision.holdings)
      return serviceStatus(input, created, nodeOf, troubles)
    } catch (error) {
      if (isAlreadyExists(error)) return standing('ServicePending', `Service ${claim.key} exists and is not seen yet`)
      if (wasRefused(error)) {
        ledger.hold(reservationOf(claim.key), before)
        reservations.delete(claim.key)
        if (before.length === 0) services.ended(claim.key)
      }
      return refusal(error)
    }
  }

  async #delete(claim: Claim, service: DeepReadonly<Service>, signal: AbortSignal): Promise<ClaimStatus> {
    const { name, namespace, uid } = service.metadata
    const ref = namespace === undefined ? { name } : { namespace, name }
    try {
      await this.#options.client.delete(core.services, ref, { preconditions: { uid }, signal })
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error
    }
    return standing('PreviousServiceRemains', `Service ${claim.key} belongs to another network type and is being deleted`)
  }

  async #patch(input: ServiceInput, decision: Extract<ServiceDecision, { do: 'patch' }>, signal: AbortSignal): Promise<ClaimStatus> {
    const { client, services, troubles, ledger, reservations, nodeOf } = this.#options
    const { claim } = input
    const { namespace, name } = splitKey(claim.key)
    // An unfinished creation is over: the Service is there.
    reservations.delete(claim.key)
    const before = this.#reserve(claim.key, decision.holdings)
    const basedOn = services.seenVersion(claim.key)
    try {
      const ref = namespace === undefined ? { name } : { namespace, name }
      const patched = await client.patch(core.services, ref, decision.patch, { type: 'merge', signal })
      services.wrote(claim.key, patched, basedOn)
      troubles.forget(patched)
      if (decision.holdings.length > 0) ledger.hold(reservationOf(claim.key), this.#isSeen(claim.key, patched) ? [] : decision.holdings)
      return serviceStatus(input, patched, nodeOf, troubles)
    } catch (error) {
      if (wasRefused(error)) ledger.hold(reservationOf(claim.key), before)
      if (isNotFound(error) || isConflict(error)) return standing('ServicePending', `Service ${claim.key} changed meanwhile`)
      return refusal(error)
    }
  }

  /**
   * Adds to what the claim has reserved, and returns what it had: an earlier write whose outcome nobody knows may have happened with
   * other ports.
   */
  #reserve(claimKey: string, holdings: readonly Holding[]): readonly Holding[] {
    const { ledger } = this.#options
    const before = ledger.holdingsOf(reservationOf(claimKey))
    const fresh = holdings.filter(holding => !before.some(other => sameHolding(other, holding)))
    if (fresh.length > 0) ledger.hold(reservationOf(claimKey), [...before, ...fresh])
    return before
  }

  #isSeen(claimKey: string, service: DeepReadonly<Service>): boolean {
    return this.#options.services.seenVersion(claimKey) === service.metadata.resourceVersion
  }

  #parse(parameters: readonly Parameter[]): ParsedSettings {
    const key = JSON.stringify(parameters)
    let parsed = this.#parsed.get(key)
    if (parsed === undefined) {
      parsed = parseSettings(this.#options.row, parameters)
      if (this.#parsed.size >= mostParsed) this.#parsed.clear()
      this.#parsed.set(key, parsed)
    }
    return parsed
  }
}

/** Holder of what is being written and not seen yet. */
export function reservationOf(claimKey: string): string {
  return `claim ${claimKey}`
}

/** Whether the write certainly did not happen. Of others nobody knows: what they reserved stays reserved. */
function wasRefused(error: unknown): boolean {
  return error instanceof ApiError && error.code >= 400 && error.code < 500
}

function refusal(error: unknown): ClaimStatus {
  if (isNamespaceTerminating(error)) return standing('NamespaceTerminating', 'the namespace is being deleted')
  if (isInvalid(error)) return standing('ServiceRefused', error.message)
  throw error
}
