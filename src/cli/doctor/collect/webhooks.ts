import {
  endpointslices,
  mutatingwebhookconfigurations,
  services,
  validatingwebhookconfigurations,
} from '../../../apis/core/resources.generated.ts'
import type { Service } from '../../../apis/core/types.generated.ts'
import { type GameServerSet, gameServerSets } from '../../../apis/game.kruise.io/game-server-set.ts'
import { controlChoices, controlLabel } from '../../../families/okg/control/decide.ts'
import { ApiError, isNotFound } from '../../../kube/api-error.ts'
import type { Client } from '../../../kube/client.ts'
import type { DeepReadonly, New } from '../../../kube/object.ts'
import { ask, type Asked } from '../asked.ts'
import type { WebhookFacts } from '../facts.ts'

/** All webhooks of the cluster, with the Services they are called by. */
export function readWebhooks(client: Client, signal: AbortSignal): Promise<Asked<readonly WebhookFacts[]>> {
  return ask(async () => {
    const [validating, mutating] = await Promise.all([
      client.list(validatingwebhookconfigurations, { signal }),
      client.list(mutatingwebhookconfigurations, { signal }),
    ])
    const all = [
      ...validating.items.flatMap(({ metadata, webhooks = [] }) =>
        webhooks.map(webhook => ({ kind: 'ValidatingWebhookConfiguration' as const, configuration: metadata.name, webhook })),
      ),
      ...mutating.items.flatMap(({ metadata, webhooks = [] }) =>
        webhooks.map(webhook => ({ kind: 'MutatingWebhookConfiguration' as const, configuration: metadata.name, webhook })),
      ),
    ]
    return Promise.all(all.map(async each => ({ ...each, ...(await behind(client, each.webhook.clientConfig.service, signal)) })))
  })
}

type Behind = Pick<WebhookFacts, 'service' | 'readyEndpoints'>

async function behind(
  client: Client,
  reference: { readonly namespace: string; readonly name: string } | undefined,
  signal: AbortSignal,
): Promise<Behind> {
  if (reference === undefined) return { service: undefined, readyEndpoints: undefined }
  const { namespace, name } = reference
  const [service, readyEndpoints] = await Promise.all([
    ask(() => serviceOrAbsent(client, { namespace, name }, signal)),
    ask(async () => {
      const labelSelector = `kubernetes.io/service-name=${name}`
      const { items } = await client.list(endpointslices, { namespace, labelSelector, signal })
      // A slice without endpoints has null there; those that say nothing of their readiness count as ready.
      return items
        .flatMap(({ endpoints }) => (endpoints as typeof endpoints | null) ?? [])
        .filter(({ conditions }) => conditions?.ready !== false).length
    }),
  ])
  return { service, readyEndpoints }
}

async function serviceOrAbsent(
  client: Client,
  ref: { readonly namespace: string; readonly name: string },
  signal: AbortSignal,
): Promise<DeepReadonly<Service> | 'absent'> {
  try {
    return await client.get(services, ref, { signal })
  } catch (error) {
    if (isNotFound(error)) return 'absent'
    throw error
  }
}

/** Of a network that does not exist: the schema lets it pass, the webhooks do not. */
const wrongSet = {
  metadata: { generateName: 'berth-doctor-', labels: { [controlLabel]: controlChoices.takeOver } },
  spec: {
    replicas: 0,
    network: { networkType: 'berth-doctor-asks' },
    gameServerTemplate: { spec: { containers: [{ name: 'game', image: 'none' }] } },
  },
} as unknown as New<GameServerSet>

/** Calls Berth's webhooks through the API server, with a dry run: nothing is stored. */
export function probeWebhooks(client: Client, namespace: string, signal: AbortSignal): Promise<Asked<'refused by Berth' | 'admitted'>> {
  return ask(async () => {
    try {
      await client.create(gameServerSets, { ...wrongSet, metadata: { ...wrongSet.metadata, namespace } }, { dryRun: true, signal })
      return 'admitted'
    } catch (error) {
      if (error instanceof ApiError && error.message.includes('berth-doctor-asks')) return 'refused by Berth'
      throw error
    }
  })
}
