import { access, rm } from 'node:fs/promises'
import { relative, resolve } from 'node:path'
import { type Command, Option } from 'commander'
import { collect, wholeNumber } from '../cli/command.ts'
import { type CliContext, note, print } from '../cli/context.ts'
import { CliError, exitCode, usageError } from '../cli/exit-code.ts'
import type { EmbeddedBerth } from './embedded.ts'
import { addCloudProductOptions, type CloudProductOptions, cloudProductSettings } from './cloud-product-options.ts'
import { writeKubeconfig } from './kubeconfig-file.ts'
import { aborted } from './lifetime.ts'

interface DevOptions extends CloudProductOptions {
  filename?: readonly string[]
  kubeconfig: string
  dataDir?: string
  nodes: number
  simulate?: boolean
  controllers: boolean
  agones?: boolean
  port?: number
  images?: readonly string[]
  loadBalancer?: readonly string[]
  providerConfig?: string
  isolation?: 'namespaces' | 'user-namespaces' | 'loopback'
}

/** Where the API server listens unless told otherwise; taken by another cluster, a free port is picked. */
const usualPort = 16_443

/** `berth dev`: the embedded cluster in the foreground. */
export function addDevCommand(
  parent: Command,
  context: CliContext,
  apply: (files: readonly string[], kubeconfig: string) => Promise<void>,
): void {
  const command = parent
    .command('dev')
    .summary('Run an embedded cluster with Berth in the foreground')
    .description(
      'Run an embedded cluster with Berth in the foreground: API server, node, simulated clouds, controllers. Ctrl-C ends it and everything in it.',
    )
    .option('-f, --filename <file>', 'apply this file or folder once the cluster is ready; may be repeated', collect)
    .option('--kubeconfig <file>', 'where to write the kubeconfig', '.berth/kubeconfig')
    .option('--data-dir <folder>', 'keep everything here, and be there again after a restart (default: in memory)')
    .option('--nodes <number>', 'number of nodes', wholeNumber, 1)
    .option('--simulate', 'run no processes: pods become ready by the clock, so that thousands fit')
    .option('--agones', 'serve the API of Agones as well: Fleets, GameServers, their SDK, allocation')
  addCloudProductOptions(command, 'generic')
    .option(
      '--no-controllers',
      'run "berth controller" in a process of its own: a plain Kubernetes; with --agones also what is no controller: SDK, admission, allocation',
    )
    .option(
      '--port <port>',
      `of the API server on 127.0.0.1; 0 picks a free one (default: ${usualPort}, or a free one when that is taken)`,
      wholeNumber,
    )
    .option('--images <folder>', 'further image definitions; may be repeated (see examples/images/README.md)', collect)
    .option(
      '--load-balancer <cloud=id>',
      'only these load balancers exist in this cloud (volcengine, huawei); may be repeated (default: every plausible id)',
      collect,
    )
    .option('--provider-config <file>', "OpenKruiseGame's config.toml: port ranges and blocked ports")
    .addOption(
      new Option('--isolation <kind>', 'no stronger isolation of containers than this').choices([
        'namespaces',
        'user-namespaces',
        'loopback',
      ]),
    )
    .addHelpText(
      'after',
      `
Examples:
  berth dev                                  # then, elsewhere: export KUBECONFIG=$PWD/.berth/kubeconfig; kubectl get gss
  berth dev -f examples/2048                 # with a set of game servers from the start
  berth dev --data-dir .berth/data           # everything is there again next time
  berth dev --agones -f examples/agones/fleet.yaml   # a Fleet of Agones, its SDK and allocation
  berth dev --simulate --nodes 20            # thousands of servers, no processes
  berth dev --port 0 --kubeconfig /tmp/two   # a second cluster beside the first`,
    )
    .action((options: DevOptions) => dev(context, options, apply))
}

async function dev(
  context: CliContext,
  options: DevOptions,
  apply: (files: readonly string[], kubeconfig: string) => Promise<void>,
): Promise<void> {
  if (options.nodes < 1 || options.nodes > 200) throw usageError('--nodes must be a number from 1 to 200')
  context.runsUntilStopped = true
  const begun = performance.now()
  for (const path of [...(options.images ?? []), ...(options.filename ?? []).filter(file => file !== '-')]) await exists(context, path)
  await using berth = await start(context, options)
  const kubeconfig = resolve(context.cwd, options.kubeconfig)
  const { cluster } = berth
  await writeKubeconfig(kubeconfig, {
    name: 'berth',
    server: cluster.endpoint.url,
    ca: cluster.endpoint.ca,
    token: cluster.apiServer.tokens.admin,
  })
  try {
    announce(context, options, berth, kubeconfig, performance.now() - begun)
    if (options.filename !== undefined) await apply(options.filename, kubeconfig)
    await aborted(context.signal)
    note(context, 'stopping …')
  } finally {
    // A kubeconfig that leads nowhere only confuses; with a data folder the next start serves the same one again.
    if (options.dataDir === undefined) await rm(kubeconfig, { force: true })
  }
}

async function start(context: CliContext, options: DevOptions): Promise<EmbeddedBerth> {
  // Loaded only now: the commands that talk to a cluster shall not wait for it.
  const [{ startEmbedded }, { readProviderConfig }] = await Promise.all([import('./embedded.ts'), import('./provider-config-file.ts')])
  const network = await readProviderConfig(context.cwd, options.providerConfig)
  const attempt = (port: number): Promise<EmbeddedBerth> =>
    startEmbedded(
      {
        port,
        nodes: options.nodes,
        simulate: options.simulate ?? false,
        controllers: options.controllers,
        agones: options.agones ?? false,
        cloudProduct: { settings: cloudProductSettings(options), gates: options.agonesFeatureGates },
        imageFolders: (options.images ?? []).map(folder => resolve(context.cwd, folder)),
        onTrouble: message => note(context, `berth: ${message}`),
        ...(network === undefined ? {} : { network }),
        loadBalancers: loadBalancers(options.loadBalancer ?? []),
        ...(options.dataDir === undefined ? {} : { dataDir: resolve(context.cwd, options.dataDir) }),
        ...(options.isolation === undefined ? {} : { isolation: options.isolation }),
      },
      context.signal,
    )
  try {
    return await attempt(options.port ?? usualPort)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')) throw error
    if (options.port === undefined) return attempt(0)
    throw new CliError(exitCode.refused, `port ${options.port} of 127.0.0.1 is taken; --port 0 picks a free one`, { cause: error })
  }
}

/** `volcengine=clb-a` … → the ids that exist, by cloud. */
function loadBalancers(given: readonly string[]): Record<string, string[]> {
  const result: Record<string, string[]> = {}
  for (const one of given) {
    const [cloud, id] = one.split('=', 2)
    if (cloud === undefined || id === undefined || !['volcengine', 'huawei'].includes(cloud)) {
      throw usageError(`--load-balancer ${one}: it must be volcengine=ID or huawei=ID`)
    }
    ;(result[cloud] ??= []).push(id)
  }
  return result
}

async function exists(context: CliContext, path: string): Promise<void> {
  try {
    await access(resolve(context.cwd, path))
  } catch (error) {
    throw new CliError(exitCode.usage, `${path} does not exist`, { cause: error })
  }
}

function announce(context: CliContext, options: DevOptions, berth: EmbeddedBerth, kubeconfig: string, ms: number): void {
  const { cluster } = berth
  const shown = relative(context.cwd, kubeconfig)
  const path = shown.startsWith('..') ? kubeconfig : shown
  print(context, `Berth is ready (${(ms / 1000).toFixed(2)} s).`)
  print(context, `  API server   ${cluster.endpoint.url}`)
  print(context, `  kubeconfig   ${kubeconfig}`)
  print(
    context,
    `  nodes        ${cluster.nodes.length <= 3 ? cluster.nodes.join(', ') : `${cluster.nodes.length} (${cluster.nodes[0]} …)`}`,
  )
  print(
    context,
    `  objects      ${options.dataDir === undefined ? 'in memory; --data-dir keeps them' : resolve(context.cwd, options.dataDir)}`,
  )
  print(context, `  log          ${berth.logFile}`)
  for (const line of berth.notes) print(context, `  note         ${line}`)
  print(context, '')
  print(context, `  export KUBECONFIG=${kubeconfig}`)
  print(context, `  kubectl get gss,gs        # or, without kubectl: ./berth get gss --kubeconfig ${path}`)
  print(context, '  ./berth addresses         # where players connect')
  print(context, '')
}
