import type { EndpointSlice, Node, Pod, Service } from '../../../apis/core/types.generated.ts'
import { type Clock, systemClock } from '../../../kube/clock.ts'
import { createController } from '../../../kube/controller.ts'
import { type Logger, noopLogger } from '../../../kube/logger.ts'
import { type DeepReadonly, keyOf } from '../../../kube/object.ts'
import type { Store } from '../../../kube/store.ts'
import type { LoadBalancerDataPlane } from '../../clouds/load-balancer-data-plane.ts'
import { createForwarder, type ListenerStatus } from '../../forwarder/forwarder.ts'
import type { Listener, ListenerFailure } from '../../forwarder/listener.ts'
import type { PodDialer } from '../../node/runtime/runtime.ts'
import type { EventRecorder } from '../../../kube/event-recorder.ts'
import { isPodFinished, sameEndpoint } from '../pod-endpoint.ts'
import { byServiceName, type ServiceSelection, serviceOfSlice } from '../service-selection.ts'
import { hostPortListeners } from './host-port-listeners.ts'
import { loadBalancerListeners, serviceListeners, type ServiceWorld } from './service-listeners.ts'

export interface ServiceProxyOptions {
  readonly services: Store<Service>
  readonly pods: Store<Pod>
  readonly nodes: Store<Node>
  readonly slices: Store<EndpointSlice>
  readonly selection: ServiceSelection
  readonly dialer: PodDialer
  readonly recorder: EventRecorder
  /** Whether cluster IPs are addresses of this host. */
  readonly clusterIPs: boolean
  /** Whether only load balancers are carried, because a kube-proxy and the nodes do the rest. Default false. */
  readonly loadBalancersOnly?: boolean
  /** Where the API server listens; `default/kubernetes` leads there. */
  readonly apiServer?: { readonly ip: string; readonly port: number }
  readonly clock?: Clock
  readonly logger?: Logger
}

/** What kube-proxy and the clouds' data planes are elsewhere: carries traffic from cluster IPs, node ports, host ports and load balancers to pods. */
export interface ServiceProxy extends LoadBalancerDataPlane, AsyncDisposable {
  start(signal?: AbortSignal): Promise<void>
  /** Every listener with its counters and, where it could not be bound, the reason. */
  status(): readonly ListenerStatus[]
}

/** Creates the proxy; it carries nothing before `start`. */
export function createServiceProxy(options: ServiceProxyOptions): ServiceProxy {
  const { services, pods, nodes, slices, selection, recorder, clock = systemClock, logger = noopLogger } = options
  const exposed = new Map<string, string>()
  const nodeIPs = new Map<string, string>()
  slices.addIndex(serviceOfSlice, byServiceName)

  const onFailure = (group: string, _listener: Listener, failure: ListenerFailure | undefined): void => {
    const [kind, key = ''] = group.split(' ')
    // Handing over from a pod to its successor is no failure; load balancers' are told by their cloud.
    if (failure === undefined || failure.code === 'HELD' || kind === 'lb') return
    const about = kind === 'pod' ? pods.get(key) : services.get(key)
    if (about !== undefined) recorder.event(about, 'Warning', 'FailedToListen', failure.message)
  }
  const forwarder = createForwarder({ dialer: options.dialer, clock, logger, onFailure })

  const worldOf = (service: DeepReadonly<Service>): ServiceWorld => ({
    service,
    pods: selection.podsOf(service),
    slices: slices.byIndex(serviceOfSlice, keyOf(service)),
    nodes: nodeIPs,
    clusterIPs: options.clusterIPs,
  })

  const apiServerListeners = (service: DeepReadonly<Service>): Listener[] => {
    const { apiServer } = options
    if (apiServer === undefined) return []
    const backends = [{ podUid: 'apiserver', podIP: apiServer.ip, port: apiServer.port, accepting: true, onHost: true }]
    return serviceListeners(worldOf(service)).map(listener => ({ ...listener, backends }))
  }

  const proxyService = (key: string): Promise<'done'> => {
    const service = services.get(key)
    const ip = exposed.get(key)
    if (service === undefined || options.loadBalancersOnly === true) forwarder.set(`svc ${key}`, [])
    else forwarder.set(`svc ${key}`, key === 'default/kubernetes' ? apiServerListeners(service) : serviceListeners(worldOf(service)))
    if (service !== undefined && ip !== undefined) forwarder.set(`lb ${key}`, loadBalancerListeners(worldOf(service), ip))
    return Promise.resolve('done')
  }
  const serviceLoop = createController({ name: 'service-proxy', reconcile: proxyService, clock, logger })
  serviceLoop.watch(services)
  serviceLoop.watch(pods, { keysOf: pod => selection.servicesOf(pod), changed: (pod, old) => !sameEndpoint(pod, old) })
  serviceLoop.watch(slices, { keysOf: slice => (slice.endpoints.some(one => one.targetRef?.kind === 'Pod') ? [] : byServiceName(slice)) })

  const proxyPod = (key: string): Promise<'done'> => {
    const pod = pods.get(key)
    forwarder.set(`pod ${key}`, pod === undefined || options.loadBalancersOnly === true ? [] : hostPortListeners(pod, nodeIPs))
    return Promise.resolve('done')
  }
  const podLoop = createController({ name: 'host-ports', reconcile: proxyPod, clock, logger })
  podLoop.watch(pods, { keysOf: pod => (hasHostPorts(pod) ? [keyOf(pod)] : []), changed: (pod, old) => !sameEndpoint(pod, old) })

  const watchNodes = (): Disposable => {
    const note = (node: DeepReadonly<Node>, ip: string | undefined): void => {
      const { name } = node.metadata
      if (nodeIPs.get(name) === ip) return
      if (ip === undefined) nodeIPs.delete(name)
      else nodeIPs.set(name, ip)
      for (const service of services.list()) serviceLoop.enqueue(keyOf(service))
      for (const pod of pods.list()) if (hasHostPorts(pod)) podLoop.enqueue(keyOf(pod))
    }
    return nodes.subscribe({
      added: node => note(node, nodeIP(node)),
      updated: node => note(node, nodeIP(node)),
      deleted: node => note(node, undefined),
    })
  }
  const subscriptions = [
    watchNodes(),
    pods.subscribe({
      updated: pod => {
        if (isPodFinished(pod)) forwarder.closePod(pod.metadata.uid)
      },
      deleted: pod => forwarder.closePod(pod.metadata.uid),
    }),
  ]

  return {
    async start(signal) {
      await nodes.whenSynced(signal)
      await Promise.all([serviceLoop.start(signal), podLoop.start(signal)])
    },
    async expose(service, ip) {
      const key = keyOf(service)
      exposed.set(key, ip)
      forwarder.set(`lb ${key}`, loadBalancerListeners(worldOf(service), ip))
      const failures = await forwarder.settled(`lb ${key}`)
      return failures.map(failure => failure.message)
    },
    withdraw(key) {
      exposed.delete(key)
      forwarder.set(`lb ${key}`, [])
    },
    status: () => forwarder.status(),
    async [Symbol.asyncDispose]() {
      for (const subscription of subscriptions) subscription[Symbol.dispose]()
      await Promise.all([serviceLoop[Symbol.asyncDispose](), podLoop[Symbol.asyncDispose]()])
      await forwarder[Symbol.asyncDispose]()
    },
  }
}

function nodeIP(node: DeepReadonly<Node>): string | undefined {
  return node.status?.addresses?.find(address => address.type === 'InternalIP')?.address
}

function hasHostPorts(pod: DeepReadonly<Pod>): boolean {
  const declares = (container: { readonly ports?: readonly { readonly hostPort?: number }[] }): boolean =>
    container.ports?.some(port => (port.hostPort ?? 0) > 0) ?? false
  return (pod.spec?.containers.some(declares) ?? false) || (pod.spec?.initContainers?.some(declares) ?? false)
}
