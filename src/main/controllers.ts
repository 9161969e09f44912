import { type AddressEngineOptions, createAddressEngine } from '../addresses/create-address-engine.ts'
import type { AddressEngine } from '../addresses/engine.ts'
import { type OkgOptions, startOkg } from '../families/okg/start.ts'
import { Cache } from '../kube/cache.ts'
import type { Client } from '../kube/client.ts'
import { type Clock, systemClock } from '../kube/clock.ts'
import { createEventRecorder } from '../kube/event-recorder.ts'
import type { Logger } from '../kube/logger.ts'

export interface ControllersOptions {
  readonly client: Client
  readonly logger: Logger
  readonly clock?: Clock
  /** Port ranges of the networks. */
  readonly network?: AddressEngineOptions['config']
}

/** Berth's own controllers at work on one cluster; any Kubernetes will do. */
export interface Controllers extends AsyncDisposable {
  readonly addresses: AddressEngine
}
