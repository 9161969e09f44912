import type { Service } from '../../apis/core/types.generated.ts'
import { services as serviceType } from '../../apis/core/resources.generated.ts'
import { isConflict, isNotFound } from '../../kube/api-error.ts'
import type { Client } from '../../kube/client.ts'
import { type Clock, systemClock } from '../../kube/clock.ts'
import { type Controller, createController, type Result } from '../../kube/controller.ts'
import { type Logger, noopLogger } from '../../kube/logger.ts'
import { type DeepReadonly, keyOf } from '../../kube/object.ts'
import type { Store } from '../../kube/store.ts'
import type { HostPlan } from '../host-plan.ts'
import type { EventRecorder } from '../../kube/event-recorder.ts'
import { type Cloud, type CloudOptions, fillText } from './cloud.ts'
import { type CloudClaim, decideClaim } from './decide.ts'
import { huawei } from './huawei.ts'
import type { LoadBalancerDataPlane } from './load-balancer-data-plane.ts'
import { LoadBalancerLedger, type TakeResult } from './load-balancer-ledger.ts'
import { plain } from './plain.ts'
import { volcengine } from './volcengine.ts'

export interface CloudControllerOptions {
  readonly client: Client
  readonly services: Store<Service>
  readonly plan: HostPlan
  readonly dataPlane: LoadBalancerDataPlane
  readonly recorder: EventRecorder
  readonly options?: CloudOptions
  readonly clock?: Clock
  readonly logger?: Logger
}

const clouds: readonly Cloud[] = [volcengine, huawei]

/** Load balancer addresses of a {@link HostPlan}: those before the pods' part begins. */
const addressCapacity = 112 * 250

/** While sockets cannot be bound, the Service is looked at so often. */
const retryBindingMs = 2000

type Use = Extract<CloudClaim, { kind: 'use' }>

/**
 * The service controllers of the simulated clouds: Services of type LoadBalancer get an address, by one write each, as soon as
 * it can be dialled. Problems become events on the Service, which stays without an address until they are solved.
 */
export function createCloudController(setup: CloudControllerOptions): Controller {
  const { client, services, plan, dataPlane, recorder, options = {}, clock = systemClock, logger = noopLogger } = setup
  const delayMs = options.delayMs ?? 50
  const ledger = new LoadBalancerLedger({
    addressOf: n => plan.loadBalancerIP(n),
    capacity: addressCapacity,
    ...(options.listenerQuota === undefined ? {} : { quota: options.listenerQuota }),
  })
  /** Since when the cloud is at work for a Service that has no address yet, by its uid. */
  const startedAt = new Map<string, number>()
  /** The last problem told, by key. */
  const told = new Map<string, string>()
  /** Uid of the Service that holds the key's place in the ledger. */
  const holders = new Map<string, string>()

  const fail = (key: string, service: DeepReadonly<Service>, message: string): void => {
    if (told.get(key) === message) return
    told.set(key, message)
    recorder.event(service, 'Warning', 'SyncLoadBalancerFailed', `Error syncing load balancer: failed to ensure load balancer: ${message}`)
  }

  const letGo = (key: string): void => {
    dataPlane.withdraw(key)
    holders.delete(key)
    for (const waiting of ledger.release(key)) controller.enqueue(waiting)
  }

  const writeStatus = async (service: DeepReadonly<Service>, use: Use | undefined, ip: string | undefined): Promise<void> => {
    const { metadata } = service
    const ingress = ip === undefined ? [] : [{ ip, ipMode: 'VIP' }]
    const annotations = annotationsFor(service, use)
    const labels = labelsFor(service, use)
    const current = service.status?.loadBalancer?.ingress ?? []
    if (current.length === ingress.length && current[0]?.ip === ip && annotations === undefined && labels === undefined) return
    const patch = {
      // Refused when a namesake has taken the Service's place.
      metadata: { uid: metadata.uid, ...(annotations && { annotations }), ...(labels && { labels }) },
      status: { loadBalancer: ip === undefined ? { ingress: null } : { ingress } },
    }
    try {
      const ref = { name: metadata.name, ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }) }
      await client.patch(serviceType, ref, patch, { type: 'merge', subresource: 'status' })
    } catch (error) {
      // Gone or replaced meanwhile: the watch will tell.
      if (!isNotFound(error) && !isConflict(error)) throw error
    }
  }

  const serve = async (key: string, service: DeepReadonly<Service>, use: Use): Promise<Result> => {
    const { uid } = service.metadata
    if ((service.status?.loadBalancer?.ingress ?? []).length === 0) {
      const since = startedAt.get(uid) ?? clock.now()
      startedAt.set(uid, since)
      const left = since + delayMs - clock.now()
      if (left > 0) return { requeueAfterMs: left }
    }
    const taken = ledger.take(key, use.balancer, use.ports, use.own)
    for (const waiting of taken.retry) controller.enqueue(waiting)
    if (!taken.ok) {
      fail(key, service, refusalText(use, taken))
      if (!ledger.holds(key)) {
        dataPlane.withdraw(key)
        await writeStatus(service, undefined, undefined)
      }
      return 'done'
    }
    holders.set(key, uid)
    const problems = await dataPlane.expose(service, taken.ip)
    if (problems.length > 0) {
      fail(key, service, problems.join('; '))
      return { requeueAfterMs: retryBindingMs }
    }
    told.delete(key)
    await writeStatus(service, use, taken.ip)
    startedAt.delete(uid)
    return 'done'
  }

  const reconcile = async (key: string): Promise<Result> => {
    const service = services.get(key)
    const holder = holders.get(key)
    if (holder !== undefined && holder !== service?.metadata.uid) letGo(key)
    if (service === undefined) {
      told.delete(key)
      return 'done'
    }
    const claim = decideClaim(service, clouds, plain, options)
    if (claim.kind === 'use') return serve(key, service, claim)
    if (holders.has(key)) letGo(key)
    startedAt.delete(service.metadata.uid)
    if (claim.kind === 'refused') fail(key, service, claim.message)
    else told.delete(key)
    if (claim.kind === 'refused' || service.spec?.type !== 'LoadBalancer') await writeStatus(service, undefined, undefined)
    return 'done'
  }

  /** Addresses and listeners that were given in an earlier life of the cluster come first, oldest Service first. */
  const restore = (): void => {
    const served = services.list().filter(service => (service.status?.loadBalancer?.ingress ?? []).length > 0)
    served.sort((a, b) => (a.metadata.creationTimestamp < b.metadata.creationTimestamp ? -1 : 1))
    const claims = served.flatMap(service => {
      const claim = decideClaim(service, clouds, plain, options)
      return claim.kind === 'use' ? [{ service, claim }] : []
    })
    for (const { service, claim } of claims) {
      const ip = service.status?.loadBalancer?.ingress?.[0]?.ip
      // An address of another slot is somebody else's by now: its load balancers move.
      if (ip !== undefined && plan.owns(ip)) ledger.restore(claim.balancer, ip, claim.own)
    }
    for (const { service, claim } of claims) {
      if (ledger.take(keyOf(service), claim.balancer, claim.ports, claim.own).ok) holders.set(keyOf(service), service.metadata.uid)
    }
  }

  const controller = createController({ name: 'service-lb', reconcile, workers: 16, clock, logger })
  controller.watch(services, { changed: (service, old) => service.metadata.resourceVersion !== old.metadata.resourceVersion })
  // A Service that dies before it was looked at again must not leave its time of start behind.
  const forgetting = services.subscribe({ deleted: service => void startedAt.delete(service.metadata.uid) })
  return {
    ...controller,
    async start(signal) {
      await services.whenSynced(signal)
      restore()
      await controller.start(signal)
    },
    async [Symbol.asyncDispose]() {
      forgetting[Symbol.dispose]()
      await controller[Symbol.asyncDispose]()
    },
  }
}

function annotationsFor(service: DeepReadonly<Service>, use: Use | undefined): Record<string, string> | undefined {
  const key = use?.cloud.idAnnotation
  return use === undefined || key === undefined || service.metadata.annotations?.[key] === use.id ? undefined : { [key]: use.id }
}

function labelsFor(service: DeepReadonly<Service>, use: Use | undefined): Record<string, string> | undefined {
  const key = use?.cloud.idLabel
  return use === undefined || key === undefined || service.metadata.labels?.[key] === use.id ? undefined : { [key]: use.id }
}

function refusalText(use: Use, refusal: Extract<TakeResult, { ok: false }>): string {
  const { texts } = use.cloud
  switch (refusal.reason) {
    case 'conflict':
      return fillText(texts.portConflict, { id: use.id, ...refusal.port, holder: refusal.holder })
    case 'quota':
      return fillText(texts.quota, { id: use.id, quota: refusal.quota })
    case 'no-address':
      return 'there is no free load balancer address left'
  }
}
