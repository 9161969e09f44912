import { type Command, Option } from 'commander'
import { clusterCommand, timeSpan, withConnection } from '../cli/command.ts'
import type { ConnectionOptions } from '../cli/connection.ts'
import type { CliContext } from '../cli/context.ts'
import { usageError } from '../cli/exit-code.ts'
import { addCloudProductOptions, type CloudProductOptions, cloudProductSettings } from './cloud-product-options.ts'
import { type HostAndPort, hostAndPort, namespaceList } from './options.ts'

export interface WebhooksOptions extends ConnectionOptions, CloudProductOptions {
  readonly bind: HostAndPort
  readonly healthBind?: HostAndPort
  readonly serviceName: string
  readonly serviceNamespace?: string
  readonly secretName: string
  readonly webhookConfiguration: string
  readonly certificateDir?: string
  readonly certificateLifetime: number
  readonly namespaces?: readonly string[]
  readonly agones?: boolean
  readonly install?: boolean
  readonly url?: string
  readonly controllerUser?: string
  readonly shutdownDelay: number
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error'
}

/** `berth webhooks`: refuses bad input before it is stored, for a Kubernetes that exists. */
export function addWebhooksCommand(parent: Command, context: CliContext): void {
  const command = clusterCommand(parent, {
    usage: 'webhooks',
    summary: 'Refuse bad input on a Kubernetes cluster that exists: serve validating webhooks',
    examples: [
      'berth webhooks --health-bind :8080        # in pods behind the Service berth-webhooks; any number of them',
      'berth webhooks --certificate-dir /etc/berth-tls  # certificates of cert-manager instead of own ones',
      'berth webhooks --install --url https://192.0.2.7:9443   # from a machine that the API server can reach',
    ],
  })
  addCloudProductOptions(command)
    .addOption(
      new Option('--bind <host:port>', 'serve the webhooks here').argParser(hostAndPort).default({ host: '', port: 9443 }, ':9443'),
    )
    .option('--health-bind <host:port>', 'serve /healthz, /readyz and /metrics here', hostAndPort)
    .option('--service-name <name>', 'Service in front of the webhooks', 'berth-webhooks')
    .option('--service-namespace <name>', 'namespace of the Service and of the Secret (default: -n, or that of the context)')
    .option('--secret-name <name>', 'Secret that keeps the certificates; made when there is none', 'berth-webhooks-tls')
    .option('--webhook-configuration <name>', 'ValidatingWebhookConfiguration that shall trust the certificates', 'berth-webhooks')
    .option(
      '--certificate-dir <folder>',
      'use tls.crt and tls.key in this folder, which others renew; write no Secret and no configuration',
    )
    .addOption(
      new Option('--certificate-lifetime <span>', 'life of a certificate; it is renewed after two thirds')
        .argParser(lifetime)
        .default(90 * 24 * 60 * 60 * 1000, '90d'),
    )
    .option('--namespaces <names>', 'look at objects in these namespaces alone, with commas between them (default: in all)', namespaceList)
    .option('--agones', 'see to the kinds of Agones as well, and serve allocation.agones.dev for the API server')
    .option(
      '--install',
      'create or update the ValidatingWebhookConfiguration first, and with --agones what sets passthrough ports where a platform assigns host ports',
    )
    .option('--url <url>', 'with --install: where the API server reaches these webhooks, instead of the Service')
    .option('--controller-user <name>', 'with --install: user of the controller, whose writes are not looked at')
    .addOption(
      new Option('--shutdown-delay <span>', 'after being told to stop, answer for so long yet: until nobody is sent here any more')
        .argParser(timeSpan)
        .default(5000, '5s'),
    )
    .addOption(
      new Option('--log-level <level>', 'JSON lines on standard error').choices(['debug', 'info', 'warn', 'error']).default('info'),
    )
    .action((options: WebhooksOptions) => {
      if (options.url !== undefined && (options.install !== true || !/^https:\/\/[^/]+/.test(options.url)))
        throw usageError('--url needs --install and begins with https://')
      cloudProductSettings(options)
      return withConnection(context, options, async connection => {
        // Loaded only now: the commands that talk to a cluster shall not wait for it.
        const { runWebhooks } = await import('./webhooks.ts')
        await runWebhooks(context, connection, options)
      })
    })
}

const shortestLifetime = 10_000

function lifetime(value: string): number {
  return Math.max(timeSpan(value), shortestLifetime)
}
