import { isDeepStrictEqual } from 'node:util'
import { endpointslices as sliceType } from '../../../apis/core/resources.generated.ts'
import type { EndpointSlice, Pod, Service } from '../../../apis/core/types.generated.ts'
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
import { desiredGroups, type EndpointGroup } from './desired-endpoints.ts'
import { headless, isManagedSlice, managedBy, managedByLabel, selectsPods } from './ownership.ts'
import { defaultSettling, type Settling, settlingMs } from './settling.ts'

export interface EndpointSliceOptions {
  readonly client: Client
  readonly services: Store<Service>
  readonly pods: Store<Pod>
  readonly slices: Store<EndpointSlice>
  readonly selection: ServiceSelection
  /** Default {@link defaultSettling}. */
  readonly settling?: Settling
  readonly clock?: Clock
  readonly logger?: Logger
}

/** Keeps the EndpointSlices of Services that select pods. They go with their Service by owner reference. */
export function createEndpointSliceController(options: EndpointSliceOptions): Controller {
  const { client, services, pods, slices, selection, settling = defaultSettling, clock = systemClock, logger = noopLogger } = options
  /** Since when slices that differ are left as they are. */
  const waitingSince = new Map<string, number>()
  slices.addIndex(serviceOfSlice, byServiceName)
  const expected = new Expectations(slices, { clock })

  const sync = async (
    key: string,
    service: DeepReadonly<Service>,
    own: readonly DeepReadonly<EndpointSlice>[],
    groups: readonly EndpointGroup[],
  ): Promise<void> => {
    const spare = own.toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
    for (const group of groups) {
      const index = Math.max(
        0,
        spare.findIndex(slice => isDeepStrictEqual(slice.ports ?? [], group.ports)),
      )
      const [slice] = spare.splice(index, 1)
      if (slice === undefined) await create(key, service, group)
      else await update(key, service, slice, group)
    }
    for (const slice of spare) {
      const { name, namespace = '', uid } = slice.metadata
      await client.delete(sliceType, { name, namespace }, { preconditions: { uid } }).catch(unlessGone)
      expected.deleted(key, slice)
    }
  }

  const create = async (key: string, service: DeepReadonly<Service>, group: EndpointGroup): Promise<void> => {
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
    expected.created(key, keyOf(await client.create(sliceType, slice)))
  }

  const update = async (
    key: string,
    service: DeepReadonly<Service>,
    slice: DeepReadonly<EndpointSlice>,
    group: EndpointGroup,
  ): Promise<void> => {
    // Labels follow with the next change: they are a copy of the Service's, and clouds label Services soon after they were made.
    if (isSame(slice, group)) return
    const { name, namespace = '', uid } = slice.metadata
    const patch = { metadata: { uid, labels: labelsOf(service) }, endpoints: group.endpoints, ports: group.ports }
    expected.written(key, await client.patch(sliceType, { name, namespace }, patch, { type: 'merge' }))
  }

  /** Milliseconds that a difference still has to last before it is written. */
  const toWait = (key: string, ms: number): number => {
    if (ms === 0) return 0
    const since = waitingSince.get(key) ?? clock.now()
    waitingSince.set(key, since)
    return since + ms - clock.now()
  }

  const reconcile = async (key: string): Promise<Result> => {
    const service = services.get(key)
    if (service === undefined || service.metadata.deletionTimestamp !== undefined) {
      waitingSince.delete(key)
      expected.forget(key)
      return 'done'
    }
    if (!selectsPods(service)) return 'done'
    const open = expected.timeoutMs(key)
    // The store will show what was written, and bring the key back.
    if (open !== undefined && open > 0) return { requeueAfterMs: open }
    const selected = selection.podsOf(service)
    const groups = desiredGroups(service, selected)
    const own = slices.byIndex(serviceOfSlice, key).filter(slice => isManagedSlice(slice) && slice.metadata.deletionTimestamp === undefined)
    const differs = own.length !== groups.length || !groups.every(group => own.some(slice => isSame(slice, group)))
    if (differs) {
      const left = toWait(key, settlingMs(settling, groups, selected, own))
      if (left > 0) return { requeueAfterMs: left }
      try {
        await sync(key, service, own, groups)
      } catch (error) {
        // Everything goes when the namespace does.
        if (isNamespaceTerminating(error)) return 'done'
        if (isNotFound(error) || isConflict(error) || isAlreadyExists(error)) return { requeueAfterMs: 50 }
        throw error
      }
    }
    waitingSince.delete(key)
    return 'done'
  }

  const controller = createController({ name: 'endpointslice', reconcile, workers: 8, clock, logger })
  controller.watch(services, { changed: (service, old) => service.metadata.generation === undefined || service.spec !== old.spec })
  controller.watch(pods, { keysOf: pod => selection.servicesOf(pod), changed: (pod, old) => !sameEndpoint(pod, old) })
  controller.watch(slices, { keysOf: slice => (isManagedSlice(slice) ? byServiceName(slice) : []) })
  return {
    ...controller,
    async [Symbol.asyncDispose]() {
      await controller[Symbol.asyncDispose]()
      expected[Symbol.dispose]()
    },
  }
}

function isSame(slice: DeepReadonly<EndpointSlice>, group: EndpointGroup): boolean {
  return isDeepStrictEqual(slice.ports ?? [], group.ports) && isDeepStrictEqual(slice.endpoints ?? [], group.endpoints)
}

function labelsOf(service: DeepReadonly<Service>): Record<string, string> {
  return { ...service.metadata.labels, ...headless(service), [serviceNameLabel]: service.metadata.name, [managedByLabel]: managedBy }
}

function unlessGone(error: unknown): void {
  if (!isNotFound(error) && !isConflict(error)) throw error
}
