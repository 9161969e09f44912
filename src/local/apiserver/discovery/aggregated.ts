import type { RegisteredResource } from '../registry.ts'
import type { GroupVersions } from './groups.ts'

/** The `APIGroupDiscoveryList` that lists all groups with all their resources at once. */
export function aggregatedDiscovery(groups: readonly GroupVersions[]): unknown {
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: 'apidiscovery.k8s.io/v2',
    metadata: {},
    items: groups.map(({ group, versions }) => ({
      metadata: group === '' ? {} : { name: group },
      versions: versions.map(entry => ({
        version: entry.version,
        resources: entry.resources.map(resourceDiscovery),
        freshness: 'Current',
      })),
    })),
  }
}

function resourceDiscovery({ type, custom, singular, shortNames, categories, verbs, subresources }: RegisteredResource) {
  // The real server leaves group and version of built-in kinds to the entry they stand in.
  const named = (kind: { group: string; version: string; kind: string }) =>
    !custom && kind.group === type.group && (kind.version === type.version || kind.version === '')
      ? { group: '', version: '', kind: kind.kind }
      : kind
  const responseKind = named({ group: type.group, version: type.version, kind: type.kind })
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
            responseKind: subresource.kind === undefined ? responseKind : named(subresource.kind),
            verbs: subresource.verbs,
          })),
        }),
  }
}
