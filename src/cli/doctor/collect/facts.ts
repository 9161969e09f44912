import { advancedStatefulSets } from '../../../apis/apps.kruise.io/advanced-stateful-set.ts'
import {
  apiservices,
  controllerrevisions,
  customresourcedefinitions,
  deployments,
  leases,
  pods,
  secrets,
} from '../../../apis/core/resources.generated.ts'
import type { CustomResourceDefinition, Deployment } from '../../../apis/core/types.generated.ts'
import { okgCustomResourceDefinitions } from '../../../apis/game.kruise.io/custom-resource-definitions.ts'
import { gameServerSets } from '../../../apis/game.kruise.io/game-server-set.ts'
import { labels } from '../../../apis/game.kruise.io/labels.ts'
import { original } from '../../../apis/game.kruise.io/original.ts'
import { servesKruise } from '../../../families/okg/control/kruise-workloads.ts'
import { isNotFound } from '../../../kube/api-error.ts'
import type { Client, ListOptions } from '../../../kube/client.ts'
import type { Clock } from '../../../kube/clock.ts'
import type { DeepReadonly, KubeObject } from '../../../kube/object.ts'
import type { ResourceType } from '../../../kube/resource.ts'
import type { Transport } from '../../../kube/transport.ts'
import { ask, type Asked, valueOf } from '../asked.ts'
import { argument, componentOf, namespacesOf, partOfBerth, serviceAccountOf } from '../component.ts'
import type { AccountRights, Facts, InstallationFacts, SetFacts } from '../facts.ts'
import { controllerClusterRights, controllerRights, leaseRights, userRights } from '../rights.ts'
import { missingRights } from './rights.ts'
import { readGroups, readPodSubresources, readServer } from './server.ts'
import { probeWebhooks, readWebhooks } from './webhooks.ts'

export interface CollectOptions {
  readonly client: Client
  readonly transport: Transport
  readonly clock: Clock
  /** Where the user works. */
  readonly namespace: string
  readonly ownVersion: string
}

/** Reads everything `diagnose` wants to know. Rejects when there is no answer at all; what is refused is a fact. */
export async function collectFacts(options: CollectOptions, signal: AbortSignal): Promise<Facts> {
  const { client, transport, clock, namespace, ownVersion } = options
  const server = await readServer(client, transport, clock, signal)
  const named = (name: string): ListOptions => ({ fieldSelector: `metadata.name=${name}` })
  const list = lister(client, signal)
  const [podSubresources, groups, definitions, installation, webhooks, sets, okgManagers, okgLeases, agones, agonesServices] =
    await Promise.all([
      readPodSubresources(client, signal),
      readGroups(client, signal),
      readDefinitions(client, signal),
      readInstallation(client, signal),
      readWebhooks(client, signal),
      readSets(client, signal),
      list(deployments, named(original.deployment)),
      list(leases, named(original.lease)),
      list(deployments, named('agones-controller')),
      ask(async () =>
        (await client.list(apiservices, { signal })).items.filter(({ spec }) => spec?.group?.endsWith('agones.dev') === true),
      ),
    ])
  const isWebhooksThere = valueOf(webhooks)?.some(({ webhook }) => webhook.name.endsWith('.berth.dev')) === true
  return {
    ownVersion,
    now: clock.now(),
    ...server,
    podSubresources,
    groups,
    definitions,
    installation,
    webhooks,
    rights: await readRights(client, installation.deployments, namespace, signal),
    probe: isWebhooksThere ? await probeWebhooks(client, probedNamespace(installation.deployments, namespace), signal) : undefined,
    others: { okgManagers, okgLeases, agones, agonesServices },
    sets,
  }
}

function lister(client: Client, signal: AbortSignal) {
  return <T extends KubeObject>(type: ResourceType<T>, options: ListOptions = {}): Promise<Asked<readonly DeepReadonly<T>[]>> =>
    ask(async () => (await client.list(type, { ...options, signal })).items)
}

function readDefinitions(client: Client, signal: AbortSignal): Promise<Asked<readonly DeepReadonly<CustomResourceDefinition>[]>> {
  return ask(async () => {
    const found = await Promise.all(
      okgCustomResourceDefinitions.map(async ({ metadata: { name } }) => {
        try {
          return [await client.get(customresourcedefinitions, { name }, { signal })]
        } catch (error) {
          if (isNotFound(error)) return []
          throw error
        }
      }),
    )
    return found.flat()
  })
}

async function readInstallation(client: Client, signal: AbortSignal): Promise<InstallationFacts> {
  const list = lister(client, signal)
  const own = { labelSelector: partOfBerth }
  const [found, pods_, lease] = await Promise.all([
    list(deployments, own),
    list(pods, own),
    list(leases, { fieldSelector: 'metadata.name=berth-controller' }),
  ])
  const webhooks = valueOf(found)?.find(deployment => componentOf(deployment) === 'webhooks')
  const name = webhooks === undefined ? undefined : argument(webhooks, 'secret-name')
  const servingCertificate =
    webhooks === undefined || name === undefined
      ? undefined
      : await ask(async () => {
          try {
            const secret = await client.get(secrets, { namespace: webhooks.metadata.namespace ?? '', name }, { signal })
            return Buffer.from(secret.data?.['tls.crt'] ?? '', 'base64').toString('utf8')
          } catch (error) {
            if (isNotFound(error)) return ''
            throw error
          }
        })
  return { deployments: found, pods: pods_, leases: lease, servingCertificate }
}

async function readSets(client: Client, signal: AbortSignal): Promise<SetFacts> {
  const list = lister(client, signal)
  const owned = { labelSelector: labels.ownerSet }
  const [sets, workloads, revisions, servers] = await Promise.all([
    ask(async () => {
      try {
        return (await client.list(gameServerSets, { signal })).items
      } catch (error) {
        // The kind is not there yet.
        if (isNotFound(error)) return []
        throw error
      }
    }),
    ask(async () => ((await servesKruise(client, signal)) ? (await client.list(advancedStatefulSets, { signal })).items : [])),
    list(controllerrevisions, owned),
    list(pods, owned),
  ])
  return { sets, workloads, revisions, pods: servers }
}

/** Of the user, and of each of Berth's own accounts. */
async function readRights(
  client: Client,
  found: InstallationFacts['deployments'],
  namespace: string,
  signal: AbortSignal,
): Promise<readonly AccountRights[]> {
  const controllers = (valueOf(found) ?? []).filter(deployment => componentOf(deployment) === 'controller')
  const own = missingRights(client, undefined, userRights, namespace, signal)
  const others = controllers.map(async (deployment): Promise<AccountRights> => {
    const user = serviceAccountOf(deployment)
    const scopes = namespacesOf(deployment) ?? [undefined]
    const lease = argument(deployment, 'lease-namespace') ?? 'kube-system'
    const missing = await Promise.all([
      missingRights(client, user, controllerClusterRights, undefined, signal),
      missingRights(client, user, leaseRights, lease, signal),
      ...scopes.map(scope => missingRights(client, user, controllerRights, scope, signal)),
    ])
    const unknown = missing.find(part => !part.known)
    return {
      user,
      purpose: `${deployment.metadata.namespace ?? ''}/${deployment.metadata.name}`,
      missing: unknown ?? { known: true, value: missing.flatMap(part => valueOf(part) ?? []) },
    }
  })
  return [{ user: undefined, purpose: `game servers in ${namespace}`, missing: await own }, ...(await Promise.all(others))]
}

/** Webhooks that are limited to namespaces look at none else. */
function probedNamespace(found: Asked<readonly DeepReadonly<Deployment>[]>, namespace: string): string {
  const webhooks = (valueOf(found) ?? []).find(deployment => componentOf(deployment) === 'webhooks')
  const limited = webhooks === undefined ? undefined : namespacesOf(webhooks)
  return limited === undefined || limited.includes(namespace) ? namespace : (limited[0] ?? namespace)
}
