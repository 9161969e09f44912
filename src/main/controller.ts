import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import type { CliContext } from '../cli/context.ts'
import { chooseCloudProduct } from '../families/agones/cloud-product/choose.ts'
import type { AgonesConfig } from '../families/agones/context.ts'
import { Cache } from '../kube/cache.ts'
import type { Client } from '../kube/client.ts'
import type { Logger } from '../kube/logger.ts'
import { RestClient } from '../kube/rest-client.ts'
import type { Transport } from '../kube/transport.ts'
import type { Fence } from '../kube/write-fence.ts'
import { agonesConfig, sidecarCommand } from './agones-config.ts'
import { cloudProductSettings } from './cloud-product-options.ts'
import type { ControllerOptions } from './controller-command.ts'
import { fillStores, startControllers } from './controllers.ts'
import { installDefinitions } from './definitions.ts'
import { serveHealth } from './health-server.ts'
import { leadAgainAndAgain } from './leading.ts'
import { aborted } from './lifetime.ts'
import { createLogger } from './logger.ts'
import { PrometheusMetrics } from './metrics.ts'
import { readProviderConfig } from './provider-config-file.ts'
import { ownVersion } from './version.ts'

/** Runs the controllers until `context.signal` says stop, or as often as this replica leads. */
export async function runController(context: CliContext, transport: Transport, options: ControllerOptions): Promise<void> {
  context.runsUntilStopped = true
  const logger = createLogger({ level: options.logLevel })
  const metrics = new PrometheusMetrics()
  const { namespaces, takeOver = false } = options
  const isAgones = options.agones === true
  const network = await readProviderConfig(context.cwd, options.providerConfig)
  // Which replica wrote what: audit logs have this, managed fields only "berth".
  const identity = `${hostname()}_${randomUUID()}`
  const connection = { transport, clock: context.clock, metrics, userAgent: `berth-controller/${ownVersion()} (${identity})` }
  const client = new RestClient(connection)
  let ready = false
  await using parts = new AsyncDisposableStack()
  if (options.bind !== undefined) {
    parts.use(await serveHealth({ ...options.bind, isReady: () => ready, metrics: () => metrics.text() }))
  }
  // Outlives the terms of leadership: who waits to lead has seen everything already, and a lost lease costs no lists.
  const cache = parts.use(new Cache({ client, clock: context.clock, logger, ...(namespaces === undefined ? {} : { namespaces }) }))
  const work = async (signal: AbortSignal, fence?: Fence): Promise<void> => {
    const writer = fence === undefined ? client : new RestClient({ ...connection, fence })
    // What it saw while it waited may be old, if its network was bad; it must not act on that.
    await cache.refresh(signal)
    if (options.installCrds === true) await installDefinitions(writer, signal, { logger, takeOver, agones: isAgones })
    const agones = isAgones ? await agonesOf(options, { client, logger }, signal) : undefined
    await using _controllers = await startControllers(
      { client: writer, cache, logger, metrics, takeOver, ...(network && { network }), ...(agones && { agones }) },
      signal,
    )
    logger.info('controllers are at work', { server: context.server })
    ready = true
    await aborted(signal)
  }
  if (!options.leaderElect) return await work(context.signal)

  const becomeReady = async (): Promise<void> => {
    // Kinds that are yet to be installed cannot be watched.
    if (options.installCrds !== true) {
      fillStores(cache, { agones: isAgones })
      await cache.whenSynced(context.signal)
    }
    // Waiting to lead is being ready: a rolling update must not wait for the old leader.
    ready = true
  }
  const stopped = (error: unknown): void => {
    if (!context.signal.aborted) throw error
  }
  const lease = { namespace: options.leaseNamespace, name: 'berth-controller', identity, leaseDurationMs: options.leaseDuration }
  const election = { client, transport, ...lease, logger, metrics, clock: context.clock }
  await Promise.all([becomeReady().catch(stopped), leadAgainAndAgain(election, work, context.signal).catch(stopped)])
}

async function agonesOf(
  options: ControllerOptions,
  cluster: { readonly client: Client; readonly logger: Logger },
  signal: AbortSignal,
): Promise<AgonesConfig> {
  const {
    agonesSidecarImage: image = '',
    agonesSidecarPullPolicy: imagePullPolicy,
    agonesPortRange: ports,
    agonesFeatureGates: gates,
  } = options
  const cloudProduct = await chooseCloudProduct(cloudProductSettings(options), { gates, range: ports }, cluster, signal)
  return agonesConfig({
    sidecar: { image, command: sidecarCommand, ...(imagePullPolicy && { imagePullPolicy }) },
    cloudProduct,
    gates,
    ports,
  })
}
