import { kubernetesFacts, type DiscoveredResource } from '../../../apis/core/facts.ts'
import { builtinSchema } from '../../../apis/core/schemas.ts'
import { builtinStrategies, plainStrategy } from '../kinds/strategies.ts'
import type { ScalePaths } from '../registry.ts'
import { groupResourceName } from '../status-errors.ts'
import { autoscalerConversion, autoscalerV1, autoscalerV1Schema } from './autoscaler-v1.ts'
import { definitionStrategy } from './definition-strategy.ts'
import { eventConversion } from './event-conversion.ts'
import type { ResourceTable } from './resource-table.ts'
import type { ServedResource } from './served-resource.ts'

const scalePaths: ScalePaths = { specReplicas: '.spec.replicas', statusReplicas: '.status.replicas' }

/** Kinds that answer and are never stored, and older versions; published facts know only some of them. */
const alsoServed: readonly (readonly [groupVersion: string, resource: DiscoveredResource])[] = [
  ['autoscaling/v1', autoscalerV1],
  [
    'authentication.k8s.io/v1',
    {
      resource: 'selfsubjectreviews',
      singularResource: 'selfsubjectreview',
      scope: 'Cluster',
      kind: 'SelfSubjectReview',
      verbs: ['create'],
    },
  ],
  [
    'authorization.k8s.io/v1',
    {
      resource: 'localsubjectaccessreviews',
      singularResource: 'localsubjectaccessreview',
      scope: 'Namespaced',
      kind: 'LocalSubjectAccessReview',
      verbs: ['create'],
    },
  ],
]

/** What is stored in another version than it is served in. */
const storedVersions: ReadonlyMap<string, string> = new Map([
  ['events.k8s.io/v1/events', 'v1'],
  ['autoscaling/v1/horizontalpodautoscalers', 'autoscaling/v2'],
  ['apiextensions.k8s.io/v1/customresourcedefinitions', 'apiextensions.k8s.io/v1beta1'],
])

/** The kinds of Kubernetes itself, from its published facts. */
export function builtinResources(table: ResourceTable): ServedResource[] {
  const result: ServedResource[] = []
  const { discovery } = kubernetesFacts()
  for (const [groupVersion, resources] of Object.entries(discovery)) {
    for (const resource of resources) result.push(builtinResource(groupVersion, resource, table))
  }
  for (const [groupVersion, resource] of alsoServed) {
    if (discovery[groupVersion]?.some(known => known.resource === resource.resource) !== true)
      result.push(builtinResource(groupVersion, resource, table))
  }
  return result
}

function builtinResource(apiVersion: string, facts: DiscoveredResource, table: ResourceTable): ServedResource {
  const slash = apiVersion.indexOf('/')
  const group = slash < 0 ? '' : apiVersion.slice(0, slash)
  const version = apiVersion.slice(slash + 1)
  const type = { group, version, plural: facts.resource, kind: facts.kind, namespaced: facts.scope === 'Namespaced' }
  const subresources = (facts.subresources ?? []).map(({ subresource, verbs, responseKind }) => ({
    name: subresource,
    verbs,
    // Facts leave out group and version where they are the resource's own.
    ...(responseKind === undefined
      ? {}
      : { kind: responseKind.version === '' ? { group, version, kind: responseKind.kind } : responseKind }),
  }))
  const isEvent = group === 'events.k8s.io'
  const isOldAutoscaler = facts === autoscalerV1
  const plural = facts.resource
  return {
    type,
    apiVersion,
    collection: isEvent ? 'events' : groupResourceName(type),
    ...(isEvent ? { conversion: eventConversion } : isOldAutoscaler ? { conversion: autoscalerConversion } : {}),
    ...(storedVersions.has(`${apiVersion}/${plural}`) ? { storedAs: storedVersions.get(`${apiVersion}/${plural}`) ?? apiVersion } : {}),
    listKind: `${facts.kind}List`,
    singular: facts.singularResource === '' ? facts.kind.toLowerCase() : facts.singularResource,
    shortNames: facts.shortNames ?? [],
    categories: facts.categories ?? [],
    verbs: facts.verbs,
    subresources,
    schema: (isOldAutoscaler ? autoscalerV1Schema : builtinSchema(type)) ?? {
      type: 'object',
      'x-kubernetes-preserve-unknown-fields': true,
    },
    custom: false,
    hasStatus: subresources.some(({ name }) => name === 'status'),
    ...(subresources.some(({ name }) => name === 'scale') ? { scale: scalePaths } : {}),
    columns: kubernetesFacts().tables[`${isOldAutoscaler ? 'autoscaling/v2' : apiVersion}/${plural}`] ?? [],
    strategy:
      plural === 'customresourcedefinitions'
        ? definitionStrategy(table)
        : (builtinStrategies.get(`${isEvent ? '' : group}/${plural}`) ?? plainStrategy),
  }
}
