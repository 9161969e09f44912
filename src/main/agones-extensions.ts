import { answerApiRequest } from '../allocation/api.ts'
import { Allocator } from '../allocation/allocator.ts'
import { membersOf, shareOf } from '../allocation/shares.ts'
import { gameServers } from '../apis/agones.dev/game-server.ts'
import { endpointslices } from '../apis/core/resources.generated.ts'
import { agonesWebhooks } from '../families/agones/webhook.ts'
import { Cache } from '../kube/cache.ts'
import type { Client } from '../kube/client.ts'
import type { Clock } from '../kube/clock.ts'
import { createEventRecorder } from '../kube/event-recorder.ts'
import type { Logger } from '../kube/logger.ts'
import { type FrontProxy, frontProxyConfig, frontProxyOf } from '../kube/webhook/front-proxy.ts'
import type { AdmissionHandler, ApiAnswer, ApiRequest } from '../kube/webhook/webhook-server.ts'
import { agonesVersion } from './agones-config.ts'

interface Options {
  readonly client: Client
  readonly clock: Clock
  readonly logger: Logger
  readonly namespaces: readonly string[] | undefined
  /** Where the replicas are found, and which one this is. */
  readonly service: { readonly namespace: string; readonly name: string; readonly self: string }
}

/** What Agones' extensions do on a cluster: admission, and allocation as an API that the API server passes requests on to. */
export interface AgonesExtensions extends AsyncDisposable {
  readonly handlers: ReadonlyMap<string, AdmissionHandler>
  api(this: void, request: ApiRequest, signal: AbortSignal): Promise<ApiAnswer>
  /** Tells now and whenever it changes who may ask the API. */
  onFrontProxy(listener: (proxy: FrontProxy | undefined) => void): void
}

/** Resolves when it knows the servers there are. */
export async function agonesExtensions(
  { client, clock, logger, namespaces, service }: Options,
  signal: AbortSignal,
): Promise<AgonesExtensions> {
  await using parts = new AsyncDisposableStack()
  const cache = parts.use(new Cache({ client, clock, logger, ...(namespaces !== undefined && { namespaces }) }))
  const store = cache.store(gameServers)
  const { type, namespace, name } = frontProxyConfig
  const proxies = cache.store(type, { namespace, fieldSelector: `metadata.name=${name}` })
  const replicas = cache.store(endpointslices, {
    namespace: service.namespace,
    labelSelector: `kubernetes.io/service-name=${service.name}`,
  })
  await Promise.all([store, proxies, replicas].map(one => one.whenSynced(signal)))
  const recorder = parts.use(createEventRecorder({ client, component: 'GameServerAllocation-Allocator', clock, logger }))
  let isOwn = shareOf(membersOf(replicas.list()), service.self)
  const share = (): void => void (isOwn = shareOf(membersOf(replicas.list()), service.self))
  parts.use(replicas.subscribe({ added: share, updated: share, deleted: share }))
  const allocator = parts.use(new Allocator({ client, store, recorder, clock, isOwn: server => isOwn(server) }))
  const running = parts.move()
  return {
    handlers: agonesWebhooks({ sdkVersion: agonesVersion, ...(namespaces !== undefined && { namespaces }) }),
    api: (request, late) => answerApiRequest(allocator, request, late),
    onFrontProxy(listener) {
      const tell = (): void => listener(frontProxyOf(proxies.get(`${namespace}/${name}`)))
      running.use(proxies.subscribe({ added: tell, updated: tell, deleted: tell }))
      tell()
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}
