import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { type Command, Option } from 'commander'
import { clusterCommand, withConnection } from '../cli/command.ts'
import type { ConnectionOptions } from '../cli/connection.ts'
import type { CliContext } from '../cli/context.ts'
import type { Transport } from '../kube/transport.ts'
import type { Fence } from '../kube/write-fence.ts'
import { type HostAndPort, hostAndPort, namespaceList } from './options.ts'

export interface ControllerOptions extends ConnectionOptions {
  readonly leaderElect: boolean
  readonly leaseNamespace: string
  readonly installCrds?: boolean
  readonly providerConfig?: string
  readonly namespaces?: readonly string[]
  readonly takeOver?: boolean
  readonly bind?: HostAndPort
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error'
}

/** `berth controller`: the controllers alone, for a Kubernetes that exists. */
export function addControllerCommand(parent: Command, context: CliContext): void {
  clusterCommand(parent, {
    usage: 'controller',
    summary: 'Run the controllers for a Kubernetes cluster that exists',
    examples: [
      'berth controller --install-crds            # from a laptop, for the cluster of the kubeconfig',
      'berth controller --bind 0.0.0.0:8080       # in a pod: health checks and metrics',
      'berth controller --namespaces games,events',
      "berth controller --provider-config config.toml   # OpenKruiseGame's port ranges",
    ],
  })
    .option('--no-leader-elect', 'work at once, without a Lease: only where no other instance runs')
    .option('--lease-namespace <name>', 'namespace of the Lease', 'kube-system')
    .option('--install-crds', 'create or update the CustomResourceDefinitions first')
    .option('--namespaces <names>', 'work in these namespaces alone, with commas between them (default: in all)', namespaceList)
    .option(
      '--take-over',
      'also run game server sets that OpenKruiseGame runs or could run, once its manager is stopped; pods stay as they are',
    )
    .option('--provider-config <file>', "OpenKruiseGame's config.toml: port ranges and blocked ports")
    .option('--bind <host:port>', 'serve /healthz, /readyz and /metrics here', hostAndPort)
    .addOption(
      new Option('--log-level <level>', 'JSON lines on standard error').choices(['debug', 'info', 'warn', 'error']).default('info'),
    )
    .action((options: ControllerOptions) =>
      withConnection(context, options, connection => controller(context, connection.transport, options)),
    )
}

async function controller(context: CliContext, transport: Transport, options: ControllerOptions): Promise<void> {
  // Loaded only now: the commands that talk to a cluster shall not wait for it.
  const [
    { Cache },
    { RestClient },
    { readProviderConfig },
    { fillStores, startControllers },
    { installDefinitions },
    { serveHealth },
    { leadAgainAndAgain },
    { aborted },
    { createLogger },
    { PrometheusMetrics },
    { ownVersion },
  ] = await Promise.all([
    import('../kube/cache.ts'),
    import('../kube/rest-client.ts'),
    import('./provider-config-file.ts'),
    import('./controllers.ts'),
    import('./definitions.ts'),
    import('./health-server.ts'),
    import('./leading.ts'),
    import('./lifetime.ts'),
    import('./logger.ts'),
    import('./metrics.ts'),
    import('./version.ts'),
  ])
  context.runsUntilStopped = true
  const logger = createLogger({ level: options.logLevel })
  const metrics = new PrometheusMetrics()
  const { namespaces, takeOver = false } = options
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
    if (options.installCrds === true) await installDefinitions(writer, signal, { logger, takeOver })
    await using _controllers = await startControllers(
      { client: writer, cache, logger, metrics, takeOver, ...(network === undefined ? {} : { network }) },
      signal,
    )
    logger.info('controllers are at work', { server: context.server })
    ready = true
    await aborted(signal)
  }
  if (!options.leaderElect) return work(context.signal)

  const becomeReady = async (): Promise<void> => {
    // Kinds that are yet to be installed cannot be watched.
    if (options.installCrds !== true) {
      fillStores(cache)
      await cache.whenSynced(context.signal)
    }
    // Waiting to lead is being ready: a rolling update must not wait for the old leader.
    ready = true
  }
  const stopped = (error: unknown): void => {
    if (!context.signal.aborted) throw error
  }
  const lease = { namespace: options.leaseNamespace, name: 'berth-controller', identity }
  const election = { client, transport, ...lease, logger, metrics, clock: context.clock }
  await Promise.all([becomeReady().catch(stopped), leadAgainAndAgain(election, work, context.signal).catch(stopped)])
}
