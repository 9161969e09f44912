import { type Command, Option } from 'commander'
import { clusterCommand, withConnection } from '../cli/command.ts'
import type { ConnectionOptions } from '../cli/connection.ts'
import type { CliContext } from '../cli/context.ts'
import { type HostAndPort, hostAndPort, leaseDuration, namespaceList } from './options.ts'

export interface ControllerOptions extends ConnectionOptions {
  readonly leaderElect: boolean
  readonly leaseNamespace: string
  readonly leaseDuration: number
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
    .option('--bind <host:port>', 'serve /healthz, /readyz and /metrics here', hostAndPort)
    .addOption(
      new Option('--log-level <level>', 'JSON lines on standard error').choices(['debug', 'info', 'warn', 'error']).default('info'),
    )
    .action((options: ControllerOptions) =>
      withConnection(context, options, async connection => {
        // Loaded only now: the commands that talk to a cluster shall not wait for it.
        const { runController } = await import('./controller.ts')
        await runController(context, connection.transport, options)
      }),
    )
}
