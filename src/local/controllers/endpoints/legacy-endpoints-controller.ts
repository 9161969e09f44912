import { isDeepStrictEqual } from 'node:util'
import { endpoints as endpointsType } from '../../../apis/core/resources.generated.ts'
import type { EndpointSlice, Endpoints, Service } from '../../../apis/core/types.generated.ts'
import { isAlreadyExists, isConflict, isNamespaceTerminating, isNotFound } from '../../../kube/api-error.ts'
import type { Client } from '../../../kube/client.ts'
import { type Clock, systemClock } from '../../../kube/clock.ts'
import { type Controller, createController, type Result } from '../../../kube/controller.ts'
import { type Logger, noopLogger } from '../../../kube/logger.ts'
import { type DeepReadonly, keyOf } from '../../../kube/object.ts'
import type { Store } from '../../../kube/store.ts'
import { byServiceName, serviceOfSlice } from '../service-selection.ts'
import { desiredSubsets } from './desired-endpoints.ts'
import { headless, isManagedSlice, selectsPods } from './ownership.ts'

export interface LegacyEndpointsOptions {
  readonly client: Client
  readonly services: Store<Service>
  readonly slices: Store<EndpointSlice>
  readonly endpoints: Store<Endpoints>
  /** How far the Endpoints follow behind their slices, in milliseconds. Default 2,000. */
  readonly lagMs?: number
  readonly clock?: Clock
  readonly logger?: Logger
}

const label = 'endpoints.kubernetes.io/managed-by'
const self = 'endpoint-controller'

/**
 * Keeps the core Endpoints of Services as a copy of their EndpointSlices. Kubernetes has deprecated them since 1.33 and nothing in this cluster
 * reads them, so they follow some time behind: what changes and changes back, as in an update in place, is never written.
 */
export function createLegacyEndpointsController(options: LegacyEndpointsOptions): Controller {
  const { client, services, slices, endpoints, lagMs = 2_000, clock = systemClock, logger = noopLogger } = options
  slices.addIndex(serviceOfSlice, byServiceName)

  const sync = async (key: string, service: DeepReadonly<Service>, own: readonly DeepReadonly<EndpointSlice>[]): Promise<void> => {
    const { name, namespace = '' } = service.metadata
    const ordered = own.toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
    const subsets = desiredSubsets(ordered.map(slice => ({ ports: slice.ports ?? [], endpoints: slice.endpoints ?? [] })))
    const labels = { [label]: self, ...service.metadata.labels, ...headless(service) }
    const current = endpoints.get(key)
    if (current === undefined) {
      await client.create(endpointsType, { metadata: { name, namespace, labels }, ...(subsets.length > 0 ? { subsets } : {}) })
    } else if (!isDeepStrictEqual(current.subsets ?? [], subsets)) {
      const patch = { metadata: { uid: current.metadata.uid, labels }, subsets }
      await client.patch(endpointsType, { name, namespace }, patch, { type: 'merge' })
    }
  }

  const remove = async (key: string): Promise<void> => {
    const left = endpoints.get(key)
    if (left?.metadata.labels?.[label] !== self) return
    const { name, namespace = '', uid } = left.metadata
    await client.delete(endpointsType, { name, namespace }, { preconditions: { uid } })
  }

  const reconcile = async (key: string): Promise<Result> => {
    const service = services.get(key)
    try {
      if (service === undefined) await remove(key)
      else if (selectsPods(service)) {
        const own = slices.byIndex(serviceOfSlice, key).filter(isManagedSlice)
        if (own.length > 0) await sync(key, service, own)
      }
      return 'done'
    } catch (error) {
      // Everything goes when the namespace does, and what is gone already need not be removed.
      if (isNamespaceTerminating(error) || (service === undefined && isNotFound(error))) return 'done'
      if (isNotFound(error) || isConflict(error) || isAlreadyExists(error)) return { requeueAfterMs: 50 }
      throw error
    }
  }

  const controller = createController({ name: 'endpoints', reconcile, workers: 4, clock, logger })
  // Changes of a Service show in its slices.
  controller.watch(services, { changed: () => false })
  controller.watch(slices, { keysOf: slice => (isManagedSlice(slice) ? byServiceName(slice) : []), delayMs: lagMs })
  controller.watch(endpoints, { keysOf: object => (services.get(keyOf(object)) === undefined ? [] : [keyOf(object)]), delayMs: lagMs })
  return controller
}
