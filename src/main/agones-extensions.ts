import { answerApiRequest } from '../allocation/api.ts'
import { agonesServers } from '../allocation/agones-servers.ts'
import { Allocator } from '../allocation/allocator.ts'
import { okgServers } from '../allocation/okg-servers.ts'
import { membersOf, shareOf } from '../allocation/shares.ts'
import { stockOf } from '../allocation/stock.ts'
import { gameServers } from '../apis/agones.dev/game-server.ts'
import { gameServers as okgGameServers } from '../apis/game.kruise.io/game-server.ts'
import { endpointslices } from '../apis/core/resources.generated.ts'
import { chooseCloudProduct } from '../families/agones/cloud-product/choose.ts'
import { autopilotPassthrough, type CloudProductSettings } from '../families/agones/cloud-product/settings.ts'
import type { FeatureGates } from '../families/agones/feature-gates.ts'
import { agonesWebhooks } from '../families/agones/webhook.ts'
import { isNotFound } from '../kube/api-error.ts'
import { Cache } from '../kube/cache.ts'
import type { Client } from '../kube/client.ts'
import type { Clock } from '../kube/clock.ts'
import { createEventRecorder } from '../kube/event-recorder.ts'
import type { Logger } from '../kube/logger.ts'
import { apiVersionOf } from '../kube/resource.ts'
import { type FrontProxy, frontProxyConfig, frontProxyOf } from '../kube/webhook/front-proxy.ts'
import type { AdmissionHandler, ApiAnswer, ApiRequest } from '../kube/webhook/webhook-server.ts'
import { agonesVersion, defaultPorts } from './agones-config.ts'

interface Options {
  readonly client: Client
  readonly clock: Clock
  readonly logger: Logger
  readonly namespaces: readonly string[] | undefined
  readonly cloudProduct: CloudProductSettings
  readonly gates: FeatureGates
  /** Where the replicas are found, and which one this is. */
  readonly service: { readonly namespace: string; readonly name: string; readonly self: string }
}

/** An event costs an API server as much as the allocation that it tells of. After bursts it comes later; players do not wait for it. */
const eventLimits = { flowControl: { perSecond: 50, burst: 50 }, bufferSize: 5000 }

/** What Agones' extensions do on a cluster: admission, and allocation as an API that the API server passes requests on to. */
export interface AgonesExtensions extends AsyncDisposable {
  readonly handlers: ReadonlyMap<string, AdmissionHandler>
  api(this: void, request: ApiRequest, signal: AbortSignal): Promise<ApiAnswer>
  /** Tells now and whenever it changes who may ask the API. */
  onFrontProxy(listener: (proxy: FrontProxy | undefined) => void): void
}

/** Resolves when it knows the servers there are. */
export async function agonesExtensions(
  { client, clock, logger, namespaces, service, cloudProduct, gates }: Options,
  signal: AbortSignal,
): Promise<AgonesExtensions> {
  await using parts = new AsyncDisposableStack()
  const product = await chooseCloudProduct(cloudProduct, { gates, range: defaultPorts }, { client, logger }, signal)
  const cache = parts.use(new Cache({ client, clock, logger, ...(namespaces !== undefined && { namespaces }) }))
  const store = cache.store(gameServers)
  const okg = (await servesOkg(client, signal)) ? cache.store(okgGameServers) : undefined
  const { type, namespace, name } = frontProxyConfig
  const proxies = cache.store(type, { namespace, fieldSelector: `metadata.name=${name}` })
  const replicas = cache.store(endpointslices, {
    namespace: service.namespace,
    labelSelector: `kubernetes.io/service-name=${service.name}`,
  })
  await Promise.all([store, proxies, replicas, ...(okg ? [okg] : [])].map(one => one.whenSynced(signal)))
  const recorder = parts.use(createEventRecorder({ client, component: 'GameServerAllocation-Allocator', clock, logger, ...eventLimits }))
  let isOwn = shareOf(membersOf(replicas.list()), service.self)
  const share = (): void => void (isOwn = shareOf(membersOf(replicas.list()), service.self))
  parts.use(replicas.subscribe({ added: share, updated: share, deleted: share }))
  const shared = { client, recorder, clock }
  const stocks = [
    stockOf({ ...shared, kind: agonesServers, store }),
    ...(okg ? [stockOf({ ...shared, kind: okgServers, store: okg })] : []),
  ]
  const allocator = parts.use(new Allocator({ stocks, clock, isOwn: server => isOwn(server) }))
  const running = parts.move()
  return {
    handlers: agonesWebhooks({
      sdkVersion: agonesVersion,
      cloudProduct: product,
      mark: cloudProduct.passthroughLabel ?? autopilotPassthrough,
      ...(namespaces !== undefined && { namespaces }),
    }),
    api: (request, late) => answerApiRequest(allocator, request, late),
    onFrontProxy(listener) {
      const tell = (): void => listener(frontProxyOf(proxies.get(`${namespace}/${name}`)))
      running.use(proxies.subscribe({ added: tell, updated: tell, deleted: tell }))
      tell()
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}

/** Whether the cluster knows OpenKruiseGame's API. Where it comes later, its servers can be allocated after the next start. */
async function servesOkg(client: Client, signal: AbortSignal): Promise<boolean> {
  try {
    await client.raw(`/apis/${apiVersionOf(okgGameServers)}`, { signal })
    return true
  } catch (error) {
    if (isNotFound(error)) return false
    throw error
  }
}
