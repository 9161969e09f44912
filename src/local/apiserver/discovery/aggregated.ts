import type { RegisteredResource } from '../registry.ts'
import type { GroupVersions } from './groups.ts'

export type AggregatedVersion = 'v2' | 'v2beta1'

/** The `APIGroupDiscoveryList` that lists all groups with all their resources at once. */
export function aggregatedDiscovery(groups: readonly GroupVersions[], version: AggregatedVersion): unknown {
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: `apidiscovery.k8s.io/${version}`,
    metadata: {},
    items: groups.map(({ group, versions }) => ({
      metadata: { name: group, creationTimestamp: null },
      versions: versions.map(entry => ({
        version: entry.version,
        resources: entry.resources.map(resourceDiscovery),
        freshness: 'Current',
      })),
    })),
  }
}

function resourceDiscovery({ type, custom, singular, shortNames, categories, verbs, subresources }: RegisteredResource) {
  // The real server leaves the version of built-in kinds to the entry it stands in.
  const responseKind = { group: type.group, version: custom ? type.version : '', kind: type.kind }
  return {
    resource: type.plural,
    responseKind,
    scope: type.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: singular,
    verbs,
    ...(shortNames.length === 0 ? {} : { shortNames }),
    ...(categories.length === 0 ? {} : { categories }),
    ...(subresources.length === 0
      ? {}
      : {
          subresources: subresources.map(subresource => ({
            subresource: subresource.name,
            responseKind: subresource.kind ?? responseKind,
            verbs: subresource.verbs,
          })),
        }),
  }
}
