import { hostname } from 'node:os'
import { parameterValidator } from '../addresses/parameter-validator.ts'
import { mutatingwebhookconfigurations, validatingwebhookconfigurations } from '../apis/core/resources.generated.ts'
import type { Connection } from '../cli/connection.ts'
import type { CliContext } from '../cli/context.ts'
import { apiServiceName } from '../allocation/api.ts'
import { passthroughConfiguration, passthroughConfigurationName } from '../families/agones/cloud-product/passthrough-webhook.ts'
import { autopilotPassthrough } from '../families/agones/cloud-product/settings.ts'
import { OkgReviewer } from '../families/okg/admission.ts'
import { isManagerDeployed } from '../families/okg/control/manager-presence.ts'
import { okgWebhookConfiguration } from '../families/okg/webhook-configuration.ts'
import { okgWebhooks } from '../families/okg/webhook.ts'
import { RestClient } from '../kube/rest-client.ts'
import type { KeyAndCertificate } from '../kube/tls/certificates.ts'
import { CertificateDirectory } from '../kube/webhook/certificate-directory.ts'
import { CertificateKeeper } from '../kube/webhook/certificate-keeper.ts'
import { aggregatedApi, mutatingConfiguration, validatingConfiguration } from '../kube/webhook/trusting-object.ts'
import { WebhookServer } from '../kube/webhook/webhook-server.ts'
import { agonesExtensions } from './agones-extensions.ts'
import { cloudProductSettings } from './cloud-product-options.ts'
import { serveHealth } from './health-server.ts'
import { aborted } from './lifetime.ts'
import { createLogger } from './logger.ts'
import { PrometheusMetrics } from './metrics.ts'
import { ownVersion } from './version.ts'
import type { WebhooksOptions } from './webhooks-command.ts'

/** Serves the webhooks, and the allocation API with Agones, until `context.signal` says stop; with a certificate that is its own or that others renew. */
export async function runWebhooks(context: CliContext, connection: Connection, options: WebhooksOptions): Promise<void> {
  context.runsUntilStopped = true
  const { clock, signal } = context
  const { bind, namespaces, serviceName, webhookConfiguration: configurationName } = options
  const logger = createLogger({ level: options.logLevel })
  const metrics = new PrometheusMetrics()
  const userAgent = `berth-webhooks/${ownVersion()}`
  const client = new RestClient({ transport: connection.transport, clock, metrics, userAgent })
  const namespace = options.serviceNamespace ?? connection.namespace
  const url = options.url === undefined ? undefined : new URL(options.url)

  const cloudProduct = cloudProductSettings(options)
  const mark = cloudProduct.passthroughLabel ?? autopilotPassthrough

  let ready = false
  await using parts = new AsyncDisposableStack()
  if (options.healthBind !== undefined) {
    parts.use(await serveHealth({ ...options.healthBind, isReady: () => ready, metrics: () => metrics.text() }))
  }
  if (options.install === true) {
    const at = options.url === undefined ? { service: { name: serviceName, namespace } } : { url: options.url }
    const configuration = okgWebhookConfiguration({
      name: configurationName,
      server: at,
      ...(options.controllerUser !== undefined && { controllerUser: options.controllerUser }),
      ...(namespaces !== undefined && { namespaces }),
    })
    const how = { type: 'apply', fieldManager: 'berth-webhooks-install', force: true, signal } as const
    await client.patch(validatingwebhookconfigurations, { name: configurationName }, configuration, how)
    if (options.agones === true && options.agonesFeatureGates.AutopilotPassthroughPort) {
      const passthrough = passthroughConfiguration({ mark, ...(namespaces !== undefined && { namespaces }) }, at)
      await client.patch(mutatingwebhookconfigurations, { name: passthroughConfigurationName }, passthrough, how)
    }
  }

  let server: WebhookServer | undefined
  let certificate: KeyAndCertificate | undefined
  const onCertificate = (fresh: KeyAndCertificate): void => {
    certificate = fresh
    server?.setCertificate(fresh)
  }
  const { certificateDir: directory } = options
  const certificates = parts.use(
    directory === undefined
      ? new CertificateKeeper({
          client,
          namespace,
          secretName: options.secretName,
          trusting: [
            validatingConfiguration(configurationName),
            ...(options.agones === true
              ? [
                  mutatingConfiguration(configurationName),
                  mutatingConfiguration(passthroughConfigurationName),
                  aggregatedApi(apiServiceName),
                ]
              : []),
          ],
          names: url === undefined ? serviceNames(serviceName, namespace) : [hostOf(url)],
          lifetimeMs: options.certificateLifetime,
          onCertificate,
          clock,
          logger,
          metrics,
        })
      : new CertificateDirectory({ directory, onCertificate, clock, logger }),
  )
  try {
    await certificates.start(signal)
  } catch (error) {
    if (signal.aborted) return
    throw error
  }
  if (certificate === undefined) return

  const handlers = okgWebhooks({
    reviewer: new OkgReviewer({ addresses: parameterValidator, client }),
    isManagerDeployed: late => isManagerDeployed(client, late),
    ...(namespaces !== undefined && { namespaces }),
  })
  const agones =
    options.agones === true
      ? parts.use(
          await agonesExtensions(
            {
              client,
              clock,
              logger,
              namespaces,
              cloudProduct: { ...cloudProduct, passthroughLabel: mark },
              gates: options.agonesFeatureGates,
              service: { namespace, name: serviceName, self: hostname() },
            },
            signal,
          ),
        )
      : undefined
  const serving = { ...bind, certificate, handlers: new Map([...handlers, ...(agones?.handlers ?? [])]), clock, logger, metrics }
  server = parts.use(await WebhookServer.start({ ...serving, ...(agones && { api: agones.api }) }))
  agones?.onFrontProxy(proxy => server?.setFrontProxy(proxy))
  ready = true
  logger.info('webhooks are served', { port: server.port, server: context.server })
  await aborted(signal)
  // The address stays advertised for a moment after a pod was told to stop.
  ready = false
  server.retire()
  await clock.sleep(options.shutdownDelay)
}

/** How API servers and people in the cluster call a Service. */
function serviceNames(name: string, namespace: string): string[] {
  return [`${name}.${namespace}.svc`, `${name}.${namespace}.svc.cluster.local`, `${name}.${namespace}`, name]
}

function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[(.*)\]$/, '$1')
}
