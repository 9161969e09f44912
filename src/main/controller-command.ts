import { type Command, Option } from 'commander'
import { clusterCommand, withConnection } from '../cli/command.ts'
import type { ConnectionOptions } from '../cli/connection.ts'
import type { CliContext } from '../cli/context.ts'
import { usageError } from '../cli/exit-code.ts'
import { addCloudProductOptions, type CloudProductOptions, cloudProductSettings } from './cloud-product-options.ts'
import { type HostAndPort, hostAndPort, leaseDuration, namespaceList, type NumberRange, portRange } from './options.ts'

export interface ControllerOptions extends ConnectionOptions, CloudProductOptions {
  readonly leaderElect: boolean
  readonly leaseNamespace: string
  readonly leaseDuration: number
  readonly installCrds?: boolean
  readonly providerConfig?: string
  readonly namespaces?: readonly string[]
  readonly takeOver?: boolean
  readonly agones?: boolean
  readonly agonesSidecarImage?: string
  readonly agonesSidecarPullPolicy?: 'Always' | 'IfNotPresent' | 'Never'
  readonly agonesPortRange: NumberRange
  readonly bind?: HostAndPort
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error'
}

/** `berth controller`: the controllers alone, for a Kubernetes that exists. */
export function addControllerCommand(parent: Command, context: CliContext): void {
  const command = clusterCommand(parent, {
    usage: 'controller',
    summary: 'Run the controllers for a Kubernetes cluster that exists',
    examples: [
      'berth controller --install-crds            # from a laptop, for the cluster of the kubeconfig',
      'berth controller --bind 0.0.0.0:8080       # in a pod: health checks and metrics',
      'berth controller --namespaces games,events',
      "berth controller --provider-config config.toml   # OpenKruiseGame's port ranges",
      'berth controller --agones --agones-sidecar-image registry.example.com/berth:1.0   # Fleets and GameServers of Agones as well',
    ],
  })
  addCloudProductOptions(command)
    .option('--no-leader-elect', 'work at once, without a Lease: only where no other instance runs')
    .option('--lease-namespace <name>', 'namespace of the Lease', 'kube-system')
    .addOption(
      new Option(
        '--lease-duration <span>',
        'the others take over so long after the last sign of life; longer where hosts are so busy that leaders miss it',
      )
        .argParser(leaseDuration)
        .default(4000, '4s'),
    )
    .option('--install-crds', 'create or update the CustomResourceDefinitions first')
    .option('--namespaces <names>', 'work in these namespaces alone, with commas between them (default: in all)', namespaceList)
    .option(
      '--take-over',
      'also run game server sets that OpenKruiseGame runs or could run, once its manager is stopped; pods stay as they are',
    )
    .option('--provider-config <file>', "OpenKruiseGame's config.toml: port ranges and blocked ports")
    .option('--agones', 'run Fleets, GameServerSets and GameServers of Agones as well; not where its own controller runs')
    .option('--agones-sidecar-image <image>', 'with --agones: an image of Berth, for the sidecars that serve the SDK')
    .addOption(
      new Option('--agones-sidecar-pull-policy <policy>', 'with --agones: when nodes pull it').choices(['Always', 'IfNotPresent', 'Never']),
    )
    .addOption(
      new Option('--agones-port-range <from-to>', 'with --agones: host ports to give to servers')
        .argParser(portRange)
        .default({ min: 7000, max: 8000 }, '7000-8000'),
    )
    .option('--bind <host:port>', 'serve /healthz, /readyz and /metrics here', hostAndPort)
    .addOption(
      new Option('--log-level <level>', 'JSON lines on standard error').choices(['debug', 'info', 'warn', 'error']).default('info'),
    )
    .action((options: ControllerOptions) => {
      if (options.agones === true && options.agonesSidecarImage === undefined) throw usageError('--agones needs --agones-sidecar-image')
      cloudProductSettings(options)
      return withConnection(context, options, async connection => {
        // Loaded only now: the commands that talk to a cluster shall not wait for it.
        const { runController } = await import('./controller.ts')
        await runController(context, connection.transport, options)
      })
    })
}
