import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Cache } from '../kube/cache.ts'
import type { Client } from '../kube/client.ts'
import { type Clock, systemClock } from '../kube/clock.ts'
import { createEventRecorder } from '../kube/event-recorder.ts'
import { type Logger, noopLogger, withFields } from '../kube/logger.ts'
import { RestClient } from '../kube/rest-client.ts'
import { type ApiServer, createApiServer } from './apiserver/server.ts'
import type { CloudOptions } from './clouds/cloud.ts'
import { startControllers } from './controllers/controller-manager.ts'
import type { HostPlan } from './host-plan.ts'
import { FolderCatalogue } from './node/images/folder-catalogue.ts'
import { ResidentCatalogue } from './node/images/resident-catalogue.ts'
import { createNode } from './node/node.ts'
import { retireNodes } from './node/retire-nodes.ts'
import { createContainerRuntime } from './node/runtime/create-container-runtime.ts'
import type { ResidentProgram } from './node/runtime/resident-container.ts'
import type { ContainerRuntime, Isolation } from './node/runtime/runtime.ts'
import { createSimulatedNodes } from './node/simulate/simulated-nodes.ts'
import type { NodeStreams } from './node/streams.ts'
import { servingPair } from './pki.ts'
import { routeStreams, type StreamRoute } from './stream-router.ts'

export interface ClusterOptions {
  /** The host's addresses that this cluster may use; the caller has claimed the slot. */
  readonly plan: HostPlan
  /** Folder for logs, volumes and, when `persistent`, objects and keys. */
  readonly stateDir: string
  /** Whether the cluster is there again when it is started on the same folder. */
  readonly persistent: boolean
  /** Of the API server on 127.0.0.1; 0 picks a free one. */
  readonly port: number
  /** How many nodes; default 1. */
  readonly nodes?: number
  /** Pods go through stages by the clock, without processes. Default false. */
  readonly simulate?: boolean
  /** Folders with image definitions. */
  readonly imageFolders: readonly string[]
  /** Images that are programs of this process, by repository. */
  readonly residents?: ReadonlyMap<string, ResidentProgram>
  /** No stronger isolation of containers than this. Default: the strongest the host allows. */
  readonly isolation?: Isolation
  readonly cloud?: CloudOptions
  readonly clock?: Clock
  readonly logger?: Logger
}

/** A Kubernetes in this process: API server, controllers, nodes, simulated clouds. It knows nothing of Berth's own kinds. */
export interface EmbeddedCluster extends AsyncDisposable {
  readonly apiServer: ApiServer
  /** `https://127.0.0.1:PORT` and the PEM of the authority that signed its certificate. */
  readonly endpoint: { readonly url: string; readonly ca: string }
  /** `simulated`, or how containers are kept apart. */
  readonly isolation: Isolation | 'simulated'
  /** Sentences for people: what was chosen for this host and why nothing stronger. */
  readonly notes: readonly string[]
  readonly nodes: readonly string[]
  /** A client in process, acting as this user. Disposed with the cluster. */
  client(user?: string): Client
}

/** Starts everything and resolves when nodes and controllers are at work. Rejects, with nothing left behind, when a part cannot start. */
export async function startCluster(options: ClusterOptions): Promise<EmbeddedCluster> {
  const { plan, stateDir, persistent, simulate = false, clock = systemClock, logger = noopLogger } = options
  const count = options.nodes ?? 1
  await using parts = new AsyncDisposableStack()
  await mkdir(stateDir, { recursive: true, mode: 0o700 })

  const apiServer = parts.use(
    await createApiServer({
      plan,
      clock,
      logger: withFields(logger, { component: 'apiserver' }),
      ...(persistent ? { dataDir: join(stateDir, 'objects') } : {}),
    }),
  )
  const clusterIP = plan.serviceNetwork.ip(0)
  const pki = await servingPair(join(stateDir, 'pki'), persistent, [clusterIP], new Date(clock.now()))
  let port = options.port
  const target = () => ({ host: '127.0.0.1', port })
  const [listening, runtime] = await Promise.all([
    apiServer.listen({ host: '127.0.0.1', port, tls: pki.serving }),
    simulate ? undefined : startRuntime(options, { ip: clusterIP, port: 443, target }),
  ])
  port = listening.port
  if (runtime !== undefined) parts.use(runtime)

  const client = (user?: string): RestClient =>
    parts.use(new RestClient({ transport: apiServer.transport(user), fieldManager: managerOf(user), clock }))
  const cache = parts.use(new Cache({ client: client('system:kube-controller-manager'), clock, logger }))
  const recorder = parts.use(createEventRecorder({ client: client('kubelet'), component: 'kubelet', clock, logger }))

  const controllers = await startControllers({
    client: client('system:kube-controller-manager'),
    cache,
    plan,
    apiServer: { ip: '127.0.0.1', port },
    rootCA: pki.ca,
    clock,
    logger,
    ...(runtime === undefined ? {} : { dialer: runtime.dialer, isolation: runtime.isolation }),
    ...(options.cloud === undefined ? {} : { clouds: options.cloud }),
  })
  parts.use(controllers)

  const routes: StreamRoute[] = []
  const names: string[] = []
  const images = new ResidentCatalogue(
    options.residents ?? new Map(),
    new FolderCatalogue({ folders: options.imageFolders, onProblem: problem => logger.warn(problem) }),
  )
  const expected = [...Array(count).keys()].map(index => `${simulate ? 'simulated' : 'berth'}-${index}`)
  await retireNodes(client('system:kube-controller-manager'), expected)
  if (runtime === undefined) {
    const simulated = parts.use(await createSimulatedNodes({ client: client('system:node:simulated'), cache, plan, count, clock, logger }))
    routes.push(simulated)
    names.push(...simulated.names)
  } else {
    const inPod = runtime.isolation === 'loopback' ? `https://127.0.0.1:${port}` : `https://${clusterIP}:443`
    const started = await Promise.all(
      [...Array(count).keys()].map(index =>
        createNode({
          client: client(`system:node:berth-${index}`),
          cache,
          name: `berth-${index}`,
          plan,
          index,
          runtime,
          images,
          stateDir: join(stateDir, 'pods'),
          apiServer: { url: inPod, ca: pki.ca },
          recorder,
          clock,
          logger,
        }),
      ),
    )
    for (const node of started) {
      parts.use(node)
      routes.push(node)
      names.push(node.name)
    }
  }
  const streams: NodeStreams = routeStreams(routes)
  apiServer.setStreams(streams)

  const running = parts.move()
  return {
    apiServer,
    endpoint: { url: `https://127.0.0.1:${port}`, ca: pki.ca },
    isolation: runtime?.isolation ?? 'simulated',
    notes: [...(runtime?.notes ?? ['pods are simulated: no processes run']), ...controllers.notes],
    nodes: names,
    client: user => running.use(new RestClient({ transport: apiServer.transport(user), fieldManager: managerOf(user), clock })),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}

function startRuntime(
  options: ClusterOptions,
  api: { ip: string; port: number; target: () => { host: string; port: number } },
): Promise<ContainerRuntime> {
  return createContainerRuntime({
    plan: options.plan,
    stateDir: options.stateDir,
    reachable: [api],
    ...(options.isolation === undefined ? {} : { prefer: options.isolation }),
  })
}

/** Controllers write under their own name, as they do in a real cluster: the user's without `system:`. */
function managerOf(user: string | undefined): string {
  return user?.replace(/^system:/, '') ?? 'berth'
}
