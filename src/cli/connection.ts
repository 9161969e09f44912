import { access } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { type Command, Option } from 'commander'
import { inClusterConfig } from '../kube/in-cluster.ts'
import { type ClusterConfig, KubeconfigError, loadKubeconfig } from '../kube/kubeconfig.ts'
import { RestClient } from '../kube/rest-client.ts'
import type { Transport } from '../kube/transport.ts'
import type { CliContext } from './context.ts'
import { Discovery } from './discovery.ts'

/** Name under which writes other than apply are recorded. */
export const cliFieldManager = 'berth-cli'

/** Options that every command that talks to a cluster has. */
export interface ConnectionOptions {
  readonly kubeconfig?: string
  readonly context?: string
  readonly namespace?: string
}

/** One command's work with one cluster. */
export interface Connection extends AsyncDisposable {
  readonly client: RestClient
  /** The way that `client` goes, for clients of another kind; closed with the connection. */
  readonly transport: Transport
  readonly discovery: Discovery
  /** From `-n`, else from the context. */
  readonly namespace: string
  /** Whether the user named the namespace on the command line. */
  readonly namespaceGiven: boolean
}

export function addConnectionOptions(command: Command): Command {
  return command
    .addOption(new Option('--kubeconfig <file>', 'kubeconfig to use (default: $KUBECONFIG, .berth/kubeconfig, ~/.kube/config)'))
    .addOption(new Option('--context <name>', 'context within the kubeconfig (default: its current context)'))
    .addOption(new Option('-n, --namespace <name>', 'namespace (default: that of the context)'))
}

/** Finds the cluster and opens the way to it; nothing is requested yet. */
export async function connect(context: CliContext, options: ConnectionOptions): Promise<Connection> {
  const config = await clusterConfig(context, options)
  context.server = `${config.server} (context "${config.context}" of ${config.source})`
  const transport = context.createTransport(config)
  const client = new RestClient({
    transport,
    clock: context.clock,
    userAgent: 'berth-cli',
    fieldManager: cliFieldManager,
    maxRetries: 3,
  })
  return {
    client,
    transport,
    discovery: new Discovery(client),
    namespace: options.namespace ?? config.namespace,
    namespaceGiven: options.namespace !== undefined,
    [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
  }
}

/** A cluster, and in which words to say where it was found. */
type FoundCluster = ClusterConfig & { readonly source: string }

async function clusterConfig({ env, cwd, home, clock }: CliContext, options: ConnectionOptions): Promise<FoundCluster> {
  const choice = options.context === undefined ? {} : { context: options.context }
  const load = async (files: readonly string[], source = files.join(delimiter)): Promise<FoundCluster> => ({
    ...(await loadKubeconfig({ files, env, clock, ...choice })),
    source,
  })
  if (options.kubeconfig !== undefined) return load([options.kubeconfig])
  const fromEnv = (env['KUBECONFIG'] ?? '').split(delimiter).filter(file => file !== '')
  if (fromEnv.length > 0) return load(fromEnv)
  const ownConfig = join(cwd, '.berth', 'kubeconfig')
  const usersConfig = join(home, '.kube', 'config')
  if (await exists(ownConfig)) return load([ownConfig], `${ownConfig}; is "berth dev" running?`)
  if (await exists(usersConfig)) return load([usersConfig])
  const inCluster = await inClusterConfig({ env, clock })
  if (inCluster !== undefined) return { ...inCluster, source: 'this pod' }
  throw new KubeconfigError(
    `no cluster: start one with "berth dev", or name a kubeconfig with --kubeconfig (looked at ${ownConfig}, ${usersConfig})`,
  )
}

function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  )
}
