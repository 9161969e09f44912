/** Which cloud product an installation runs on: as it says, or as the cluster shows. */
import { mutatingwebhookconfigurations } from '../../../apis/core/resources.generated.ts'
import { absent, isForbidden } from '../../../kube/api-error.ts'
import type { Client } from '../../../kube/client.ts'
import type { Logger } from '../../../kube/logger.ts'
import type { FeatureGates } from '../feature-gates.ts'
import type { CloudProduct } from './cloud-product.ts'
import { generic } from './generic.ts'
import { autopilotWebhooks, gkeAutopilot } from './gke-autopilot.ts'
import { type PlatformPorts, platformPorts } from './platform-ports.ts'
import { autopilotPassthrough, type CloudProductName as Name, type CloudProductSettings } from './settings.ts'

/** What else a product depends on. */
export interface Surroundings {
  readonly gates: FeatureGates
  /** Host ports for servers. */
  readonly range: PlatformPorts['range']
}

type Make = (settings: CloudProductSettings, surroundings: Surroundings) => CloudProduct

const products: Readonly<Record<Name, Make>> = {
  generic: () => generic,
  'gke-autopilot': (_, { gates, range }) =>
    gkeAutopilot({
      range,
      passthrough: gates.AutopilotPassthroughPort ? autopilotPassthrough : undefined,
      extendedDurationPods: gates.GKEAutopilotExtendedDurationPods,
    }),
  platform({ hostPortsAnnotation = '', passthroughLabel = autopilotPassthrough }, { gates, range }) {
    const where = 'where the platform assigns host ports'
    return platformPorts({
      annotation: hostPortsAnnotation,
      passthrough: gates.AutopilotPassthroughPort ? passthroughLabel : undefined,
      range,
      words: {
        portPolicy: `portPolicy must be ${gates.AutopilotPassthroughPort ? 'Dynamic, Passthrough' : 'Dynamic'} or None ${where}`,
        range: `range must not be used ${where}`,
      },
    })
  },
}

/** By which webhook configurations a product is known. */
const signs: readonly { readonly name: Name; readonly webhooks: readonly string[] }[] = [
  { name: 'gke-autopilot', webhooks: autopilotWebhooks },
]

/** The product of an installation. Asks the cluster when the setting is `auto`; where that is not allowed, the cluster is taken for a plain one. */
export async function chooseCloudProduct(
  settings: CloudProductSettings,
  surroundings: Surroundings,
  { client, logger }: { readonly client: Client; readonly logger: Logger },
  signal: AbortSignal,
): Promise<CloudProduct> {
  const name = settings.name === 'auto' ? await detect(client, logger, signal) : settings.name
  logger.info('the cloud product is chosen', { product: name, setting: settings.name })
  return products[name](settings, surroundings)
}

async function detect(client: Client, logger: Logger, signal: AbortSignal): Promise<Name> {
  try {
    for (const { name, webhooks } of signs)
      for (const webhook of webhooks)
        if ((await client.get(mutatingwebhookconfigurations, { name: webhook }, { signal }).catch(absent)) !== undefined) return name
  } catch (error) {
    if (!isForbidden(error)) throw error
    logger.warn('the cloud product cannot be detected: reading MutatingWebhookConfigurations is not allowed', { error })
  }
  return 'generic'
}
