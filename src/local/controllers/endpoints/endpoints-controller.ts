import { isDeepStrictEqual } from 'node:util'
import { endpoints as endpointsType, endpointslices as sliceType } from '../../../apis/core/resources.generated.ts'
import type { EndpointSlice, Endpoints, Pod, Service } from '../../../apis/core/types.generated.ts'
import { isAlreadyExists, isConflict, isNamespaceTerminating, isNotFound } from '../../../kube/api-error.ts'
import type { Client } from '../../../kube/client.ts'
import { type Clock, systemClock } from '../../../kube/clock.ts'
import { type Controller, createController, type Result } from '../../../kube/controller.ts'
import { Expectations } from '../../../kube/expectations.ts'
import { type Logger, noopLogger } from '../../../kube/logger.ts'
import { type DeepReadonly, keyOf, type New } from '../../../kube/object.ts'
import { controllerReference } from '../../../kube/owner-reference.ts'
import type { Store } from '../../../kube/store.ts'
import { sameEndpoint } from '../pod-endpoint.ts'
import { byServiceName, type ServiceSelection, serviceNameLabel, serviceOfSlice } from '../service-selection.ts'
import { desiredGroups, desiredSubsets, type EndpointGroup } from './desired-endpoints.ts'

export interface EndpointsOptions {
  readonly client: Client
  readonly services: Store<Service>
  readonly pods: Store<Pod>
  readonly slices: Store<EndpointSlice>
  readonly endpoints: Store<Endpoints>
  readonly selection: ServiceSelection
  /**
   * How long the first write for a Service waits for an endpoint that takes traffic, in milliseconds; default 1500. A server
   * that comes up within it costs one write of each kind; nobody misses endpoints that lead nowhere.
   */
  readonly settleMs?: number
  readonly clock?: Clock
  readonly logger?: Logger
}

const managedBy = 'endpointslice-controller.k8s.io'
const managedByLabel = 'endpointslice.kubernetes.io/managed-by'
const headlessLabel = 'service.kubernetes.io/headless'

/** Keeps EndpointSlices and Endpoints of Services that select pods. Both go with their Service: by owner reference, and by name. */
export function createEndpointsController(options: EndpointsOptions): Controller {
  const { client, services, pods, slices, endpoints, selection, clock = systemClock, logger = noopLogger } = options
  const settleMs = options.settleMs ?? 1500
  /** Since when the first endpoints of a Service are waited for. */
  const waitingSince = new Map<string, number>()
  slices.addIndex(serviceOfSlice, byServiceName)
  const expectedSlices = new Expectations(slices, { clock })
  const expectedEndpoints = new Expectations(endpoints, { clock })

  const settling = (key: string, groups: readonly EndpointGroup[]): number => {
    if (groups.some(group => group.endpoints.some(endpoint => endpoint.conditions?.ready === true))) return 0
    const since = waitingSince.get(key) ?? clock.now()
    waitingSince.set(key, since)
    return since + settleMs - clock.now()
  }

  const syncSlices = async (key: string, service: DeepReadonly<Service>, groups: readonly EndpointGroup[]): Promise<void> => {
    const own = slices.byIndex(serviceOfSlice, key).filter(slice => slice.metadata.labels?.[managedByLabel] === managedBy)
    const spare = own
      .filter(slice => slice.metadata.deletionTimestamp === undefined)
      .toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
    for (const group of groups) {
      const index = Math.max(
        0,
        spare.findIndex(slice => isDeepStrictEqual(slice.ports ?? [], group.ports)),
      )
      const [slice] = spare.splice(index, 1)
      if (slice === undefined) await createSlice(key, service, group)
      else await updateSlice(key, service, slice, group)
    }
    for (const slice of spare) {
      const { name, namespace = '', uid } = slice.metadata
      await client.delete(sliceType, { name, namespace }, { preconditions: { uid } }).catch(unlessGone)
      expectedSlices.deleted(key, slice)
    }
  }

  const createSlice = async (key: string, service: DeepReadonly<Service>, group: EndpointGroup): Promise<void> => {
    const { name, namespace = '' } = service.metadata
    const slice: New<EndpointSlice> = {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {
        generateName: `${name}-`,
        namespace,
        labels: labelsOf(service),
        ownerReferences: [controllerReference(service)],
      },
      addressType: 'IPv4',
      endpoints: [...group.endpoints],
      ports: [...group.ports],
    }
    expectedSlices.created(key, keyOf(await client.create(sliceType, slice)))
  }

  const updateSlice = async (
    key: string,
    service: DeepReadonly<Service>,
    slice: DeepReadonly<EndpointSlice>,
    group: EndpointGroup,
  ): Promise<void> => {
    // Labels follow with the next change: they are a copy of the Service's, and clouds label Services soon after they were made.
    const same = isDeepStrictEqual(slice.ports ?? [], group.ports) && isDeepStrictEqual(slice.endpoints ?? [], group.endpoints)
    if (same) return
    const { name, namespace = '', uid } = slice.metadata
    const patch = { metadata: { uid, labels: labelsOf(service) }, endpoints: group.endpoints, ports: group.ports }
    expectedSlices.written(key, await client.patch(sliceType, { name, namespace }, patch, { type: 'merge' }))
  }

  const syncEndpoints = async (key: string, service: DeepReadonly<Service>, groups: readonly EndpointGroup[]): Promise<void> => {
    const { name, namespace = '' } = service.metadata
    const current = endpoints.get(key)
    const subsets = desiredSubsets(groups)
    const labels = { 'endpoints.kubernetes.io/managed-by': 'endpoint-controller', ...service.metadata.labels, ...headless(service) }
    if (current === undefined) {
      const object: New<Endpoints> = { metadata: { name, namespace, labels }, ...(subsets.length > 0 ? { subsets } : {}) }
      expectedEndpoints.created(key, key)
      try {
        await client.create(endpointsType, object)
      } catch (error) {
        expectedEndpoints.failed(key, key)
        throw error
      }
      return
    }
    if (isDeepStrictEqual(current.subsets ?? [], subsets)) return
    const patch = { metadata: { uid: current.metadata.uid, labels }, subsets }
    expectedEndpoints.written(key, await client.patch(endpointsType, { name, namespace }, patch, { type: 'merge' }))
  }

  const forget = async (key: string): Promise<void> => {
    waitingSince.delete(key)
    expectedSlices.forget(key)
    expectedEndpoints.forget(key)
    const left = endpoints.get(key)
    if (left?.metadata.labels?.['endpoints.kubernetes.io/managed-by'] !== 'endpoint-controller') return
    const { name, namespace = '', uid } = left.metadata
    await client.delete(endpointsType, { name, namespace }, { preconditions: { uid } }).catch(unlessGone)
  }

  const reconcile = async (key: string): Promise<Result> => {
    const service = services.get(key)
    if (service === undefined) {
      await forget(key)
      return 'done'
    }
    if (service.spec?.type === 'ExternalName' || Object.keys(service.spec?.selector ?? {}).length === 0) return 'done'
    const open = Math.max(expectedSlices.timeoutMs(key) ?? 0, expectedEndpoints.timeoutMs(key) ?? 0)
    // The store will show what was written, and bring the key back.
    if (open > 0) return { requeueAfterMs: open }
    const groups = desiredGroups(service, selection.podsOf(service))
    if (endpoints.get(key) === undefined) {
      const left = settling(key, groups)
      if (left > 0) return { requeueAfterMs: left }
    }
    try {
      await Promise.all([syncSlices(key, service, groups), syncEndpoints(key, service, groups)])
    } catch (error) {
      // Everything goes when the namespace does.
      if (isNamespaceTerminating(error)) return 'done'
      if (isNotFound(error) || isConflict(error) || isAlreadyExists(error)) return { requeueAfterMs: 50 }
      throw error
    }
    waitingSince.delete(key)
    return 'done'
  }

  const controller = createController({ name: 'endpointslice', reconcile, workers: 8, clock, logger })
  controller.watch(services, { changed: (service, old) => service.metadata.generation === undefined || service.spec !== old.spec })
  controller.watch(pods, { keysOf: pod => selection.servicesOf(pod), changed: (pod, old) => !sameEndpoint(pod, old) })
  controller.watch(slices, { keysOf: slice => (slice.metadata.labels?.[managedByLabel] === managedBy ? byServiceName(slice) : []) })
  controller.watch(endpoints, { keysOf: object => (services.get(keyOf(object)) === undefined ? [] : [keyOf(object)]) })
  return {
    ...controller,
    async [Symbol.asyncDispose]() {
      await controller[Symbol.asyncDispose]()
      expectedSlices[Symbol.dispose]()
      expectedEndpoints[Symbol.dispose]()
    },
  }
}

function labelsOf(service: DeepReadonly<Service>): Record<string, string> {
  return { ...service.metadata.labels, ...headless(service), [serviceNameLabel]: service.metadata.name, [managedByLabel]: managedBy }
}

function headless(service: DeepReadonly<Service>): Record<string, string> {
  return service.spec?.clusterIP === 'None' ? { [headlessLabel]: '' } : {}
}

function unlessGone(error: unknown): void {
  if (!isNotFound(error) && !isConflict(error)) throw error
}
