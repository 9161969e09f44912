import { absent } from '../api-error.ts'
import type { Client } from '../client.ts'
import type { DeepReadonly, KubeObject } from '../object.ts'
import type { ResourceType } from '../resource.ts'
import type { TrustPlace } from './ca-bundle.ts'

/** An object that names a server which the API server calls, and whom it trusts there. */
export interface TrustingObject {
  /** For people, such as `APIService v1.allocation.agones.dev`. */
  readonly what: string
  /** Nowhere while it does not exist: then nobody calls. */
  places(client: Client, signal: AbortSignal): Promise<readonly TrustPlace[]>
  /** Applies a JSON patch to it. */
  patch(client: Client, steps: readonly object[], signal: AbortSignal): Promise<void>
}

interface WebhookConfiguration extends KubeObject {
  webhooks?: { name: string; clientConfig: { caBundle?: string } }[]
}

interface APIService extends KubeObject {
  spec?: { caBundle?: string; service?: { name?: string } }
}

const admission = { group: 'admissionregistration.k8s.io', version: 'v1', namespaced: false } as const
const validating: ResourceType<WebhookConfiguration> = {
  ...admission,
  plural: 'validatingwebhookconfigurations',
  kind: 'ValidatingWebhookConfiguration',
}
const mutating: ResourceType<WebhookConfiguration> = {
  ...admission,
  plural: 'mutatingwebhookconfigurations',
  kind: 'MutatingWebhookConfiguration',
}
const apiServices: ResourceType<APIService> = {
  group: 'apiregistration.k8s.io',
  version: 'v1',
  plural: 'apiservices',
  kind: 'APIService',
  namespaced: false,
}

/** A configuration of webhooks: every one of them is trusted by itself. */
function webhookConfiguration(type: ResourceType<WebhookConfiguration>, name: string): TrustingObject {
  const placesOf = ({ webhooks = [] }: DeepReadonly<WebhookConfiguration>): TrustPlace[] =>
    webhooks.map(({ name: webhook, clientConfig }, index) => ({
      path: `/webhooks/${index}/clientConfig/caBundle`,
      guard: { path: `/webhooks/${index}/name`, value: webhook },
      caBundle: clientConfig.caBundle,
    }))
  return {
    what: `${type.kind} ${name}`,
    places: async (client, signal) => {
      const found = await client.get(type, { name }, { signal }).catch(absent)
      return found === undefined ? [] : placesOf(found)
    },
    patch: async (client, steps, signal) => void (await client.patch(type, { name }, steps, { type: 'json', signal })),
  }
}

export const validatingConfiguration = (name: string): TrustingObject => webhookConfiguration(validating, name)
export const mutatingConfiguration = (name: string): TrustingObject => webhookConfiguration(mutating, name)

/** A version of an API group that is served behind a Service of the cluster. */
export function aggregatedApi(name: string): TrustingObject {
  return {
    what: `${apiServices.kind} ${name}`,
    places: async (client, signal) => {
      const found: DeepReadonly<APIService> | undefined = await client.get(apiServices, { name }, { signal }).catch(absent)
      const { caBundle, service } = found?.spec ?? {}
      if (service?.name === undefined) return []
      return [{ path: '/spec/caBundle', guard: { path: '/spec/service/name', value: service.name }, caBundle }]
    },
    patch: async (client, steps, signal) => void (await client.patch(apiServices, { name }, steps, { type: 'json', signal })),
  }
}
