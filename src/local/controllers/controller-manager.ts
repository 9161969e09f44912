import * as types from '../../apis/core/resources.generated.ts'
import { Cache } from '../../kube/cache.ts'
import type { Client } from '../../kube/client.ts'
import { type Clock, systemClock } from '../../kube/clock.ts'
import type { Controller } from '../../kube/controller.ts'
import { createEventRecorder, type EventRecorder } from '../../kube/event-recorder.ts'
import { type Logger, noopLogger } from '../../kube/logger.ts'
import type { CloudOptions } from '../clouds/cloud.ts'
import { createCloudController } from '../clouds/controller.ts'
import { noDataPlane } from '../clouds/load-balancer-data-plane.ts'
import type { ListenerStatus } from '../forwarder/forwarder.ts'
import type { HostPlan } from '../host-plan.ts'
import type { Isolation, PodDialer } from '../node/runtime/runtime.ts'
import { createDeploymentController } from './deployment/deployment-controller.ts'
import { createEndpointSliceController } from './endpoints/endpoint-slice-controller.ts'
import { createLegacyEndpointsController } from './endpoints/legacy-endpoints-controller.ts'
import { createNamespaceDefaults } from './namespace-defaults.ts'
import { createPodGarbageCollector } from './pod-garbage.ts'
import { createReplicaSetController } from './replica-set/replica-set-controller.ts'
import { createScheduler } from './scheduler/scheduler.ts'
import { openServiceNetwork } from './service-proxy/service-network.ts'
import { createServiceProxy, type ServiceProxy } from './service-proxy/service-proxy.ts'
import { createServiceSelection } from './service-selection.ts'
import { createTaintEviction } from './taint-eviction.ts'
import { announceUnservedKinds } from './unserved-kinds.ts'
import { createVolumeBinder } from './volume-binder.ts'

export interface ControllerManagerOptions {
  readonly client: Client
  readonly plan: HostPlan
  /** Shared with other controllers of the process; one of its own by default. */
  readonly cache?: Cache
  /** The way to the pods. Without it (simulated nodes) addresses are given, but nothing listens on them. */
  readonly dialer?: PodDialer
  /** With `namespaces`, cluster IPs become addresses of this host. Default `loopback`. */
  readonly isolation?: Isolation
  /** Where the API server listens on this host; the `kubernetes` Service leads there. */
  readonly apiServer?: { readonly ip: string; readonly port: number }
  /** PEM; see {@link createNamespaceDefaults}. */
  readonly rootCA?: string
  readonly clouds?: CloudOptions
  /** Whether every pod gets a `Scheduled` event; default true. */
  readonly scheduledEvents?: boolean
  readonly clock?: Clock
  readonly logger?: Logger
}

/** The running controllers. Disposal stops them and closes every listener. */
export interface Controllers extends AsyncDisposable {
  /** What this host listens on for the cluster, with counters; empty without a dialer. */
  listeners(): readonly ListenerStatus[]
  /** Lines for people: what could not be had, and why. */
  readonly notes: readonly string[]
}

/**
 * Starts what a cluster has in its controller manager, scheduler, kube-proxy and cloud controllers. Resolves when all
 * stores are filled and all controllers run. The signal ends the start; disposal ends the rest.
 */
export async function startControllers(options: ControllerManagerOptions, signal?: AbortSignal): Promise<Controllers> {
  const { client, plan, dialer, isolation = 'loopback', clock = systemClock, logger = noopLogger } = options
  await using stack = new AsyncDisposableStack()
  const cache = options.cache ?? stack.use(new Cache({ client, clock, logger }))
  const recorderOf = (component: string): EventRecorder => stack.use(createEventRecorder({ client, component, clock, logger }))
  const notes: string[] = []

  const common = { client, clock, logger }
  const pods = cache.store(types.pods)
  const nodes = cache.store(types.nodes)
  const services = cache.store(types.services)
  const slices = cache.store(types.endpointslices)
  const replicaSets = cache.store(types.replicasets)
  const selection = createServiceSelection(services, pods)
  const controllers: Pick<Controller, 'start'>[] = []
  const run = <T extends Pick<Controller, 'start'> & AsyncDisposable>(controller: T): T => {
    controllers.push(stack.use(controller))
    return controller
  }

  let proxy: ServiceProxy | undefined
  if (dialer !== undefined) {
    const network = isolation === 'namespaces' ? await serviceNetwork(plan, notes, signal) : undefined
    if (network !== undefined) stack.use(network)
    const { apiServer } = options
    proxy = run(
      createServiceProxy({
        services,
        pods,
        nodes,
        slices,
        selection,
        dialer,
        clock,
        logger,
        recorder: recorderOf('service-proxy'),
        clusterIPs: network !== undefined,
        ...(apiServer === undefined ? {} : { apiServer }),
      }),
    )
  }
  const dataPlane = proxy ?? noDataPlane
  run(
    createCloudController({
      ...common,
      services,
      plan,
      dataPlane,
      recorder: recorderOf('service-controller'),
      ...(options.clouds === undefined ? {} : { options: options.clouds }),
    }),
  )
  const { scheduledEvents: successEvents = true } = options
  run(createScheduler({ ...common, pods, nodes, recorder: recorderOf('default-scheduler'), successEvents }))
  run(createPodGarbageCollector({ ...common, pods, nodes }))
  run(createTaintEviction({ ...common, pods, nodes, recorder: recorderOf('taint-eviction-controller') }))
  run(createEndpointSliceController({ ...common, services, pods, slices, selection }))
  run(createLegacyEndpointsController({ ...common, services, slices, endpoints: cache.store(types.endpoints) }))
  run(createReplicaSetController({ ...common, replicaSets, pods, recorder: recorderOf('replicaset-controller') }))
  const deployments = cache.store(types.deployments)
  run(createDeploymentController({ ...common, deployments, replicaSets, pods, recorder: recorderOf('deployment-controller') }))
  run(
    createNamespaceDefaults({
      ...common,
      namespaces: cache.store(types.namespaces),
      serviceAccounts: cache.store(types.serviceaccounts),
      configMaps: cache.store(types.configmaps),
      ...(options.rootCA === undefined ? {} : { rootCA: options.rootCA }),
    }),
  )
  run(
    createVolumeBinder({
      ...common,
      claims: cache.store(types.persistentvolumeclaims),
      volumes: cache.store(types.persistentvolumes),
      classes: cache.store(types.storageclasses),
      recorder: recorderOf('persistentvolume-controller'),
    }),
  )

  stack.use(announceUnservedKinds(cache, recorderOf('embedded-cluster')))

  await cache.whenSynced(signal)
  await Promise.all(controllers.map(controller => controller.start()))
  const running = stack.move()
  return {
    notes,
    listeners: () => proxy?.status() ?? [],
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}

async function serviceNetwork(plan: HostPlan, notes: string[], signal?: AbortSignal): Promise<AsyncDisposable | undefined> {
  try {
    return await openServiceNetwork(plan.serviceNetwork, signal)
  } catch (error) {
    notes.push(`Cluster IPs cannot be reached: ${error instanceof Error ? error.message.trim() : String(error)}`)
    return undefined
  }
}
