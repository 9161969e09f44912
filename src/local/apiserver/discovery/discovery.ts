import { apiVersionOf } from '../../../kube/resource.ts'
import type { RegisteredResource } from '../registry.ts'
import { aggregatedDiscovery, type AggregatedVersion } from './aggregated.ts'
import { byGroup, type GroupVersions, versionText } from './groups.ts'

export interface DiscoveryReply {
  readonly contentType: string
  readonly body: unknown
}

/**
 * Answers the discovery paths `/api`, `/apis`, `/api/v1`, `/apis/GROUP` and `/apis/GROUP/VERSION`; undefined for any other path and
 * for groups and versions that are not served (404).
 * @param accept the request's Accept header: the aggregated form is served when it asks for it
 */
export function discoveryReply(
  path: string,
  accept: string | undefined,
  resources: readonly RegisteredResource[],
): DiscoveryReply | undefined {
  const parts = path.split('/').filter(part => part !== '')
  const [root, first, second] = parts
  if (root === 'api') {
    if (parts.length === 1)
      return aggregated(accept, resources, true) ?? json({ kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] })
    return parts.length === 2 && first === 'v1' ? resourceList(resources, '', 'v1') : undefined
  }
  if (root !== 'apis') return undefined
  if (first === undefined) {
    const groups = byGroup(resources.filter(resource => resource.type.group !== ''))
    return aggregated(accept, resources, false) ?? json({ kind: 'APIGroupList', apiVersion: 'v1', groups: groups.map(groupBody) })
  }
  if (parts.length === 2) {
    const group = byGroup(resources.filter(resource => resource.type.group === first))[0]
    return group === undefined || group.group === '' ? undefined : json({ kind: 'APIGroup', apiVersion: 'v1', ...groupBody(group) })
  }
  return parts.length === 3 && second !== undefined ? resourceList(resources, first, second) : undefined
}

const json = (body: unknown): DiscoveryReply => ({ contentType: 'application/json', body })

function aggregated(accept: string | undefined, resources: readonly RegisteredResource[], core: boolean): DiscoveryReply | undefined {
  const version = aggregatedVersion(accept)
  if (version === undefined) return undefined
  return {
    contentType: `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`,
    body: aggregatedDiscovery(byGroup(resources.filter(resource => (resource.type.group === '') === core)), version),
  }
}

/** The first form of the Accept header that is served here; undefined for plain JSON. */
function aggregatedVersion(accept: string | undefined): AggregatedVersion | undefined {
  for (const range of (accept ?? '').split(',')) {
    const [type = '', ...parameters] = range.split(';').map(part => part.trim())
    if (type !== 'application/json' && type !== '*/*') continue
    if (!parameters.includes('as=APIGroupDiscoveryList')) return undefined
    if (parameters.includes('v=v2')) return 'v2'
    if (parameters.includes('v=v2beta1')) return 'v2beta1'
  }
  return undefined
}

function groupBody({ group, versions }: GroupVersions) {
  const entries = versions.map(({ version }) => ({ groupVersion: versionText(group, version), version }))
  return { name: group, versions: entries, preferredVersion: entries[0] }
}

function resourceList(resources: readonly RegisteredResource[], group: string, version: string): DiscoveryReply | undefined {
  const own = resources.filter(resource => resource.type.group === group && resource.type.version === version)
  if (own.length === 0) return undefined
  return json({
    kind: 'APIResourceList',
    ...(group === '' ? {} : { apiVersion: 'v1' }),
    groupVersion: versionText(group, version),
    resources: own.flatMap(resource => [
      resourceBody(resource),
      ...resource.subresources.map(subresource => subresourceBody(resource, subresource)),
    ]),
  })
}

function resourceBody(resource: RegisteredResource) {
  return {
    name: resource.type.plural,
    singularName: resource.singular,
    namespaced: resource.type.namespaced,
    kind: resource.type.kind,
    verbs: resource.verbs,
    ...(resource.shortNames.length === 0 ? {} : { shortNames: resource.shortNames }),
    ...(resource.categories.length === 0 ? {} : { categories: resource.categories }),
    storageVersionHash: storageVersionHash(resource),
  }
}

function subresourceBody(resource: RegisteredResource, subresource: RegisteredResource['subresources'][number]) {
  const { kind } = subresource
  const foreign =
    kind !== undefined && kind.version !== '' && (kind.group !== resource.type.group || kind.version !== resource.type.version)
  return {
    name: `${resource.type.plural}/${subresource.name}`,
    singularName: '',
    namespaced: resource.type.namespaced,
    ...(foreign ? { group: kind.group, version: kind.version } : {}),
    kind: kind?.kind ?? resource.type.kind,
    verbs: subresource.verbs,
  }
}

/** Opaque to clients; changes only when the storage would. */
function storageVersionHash({ type }: RegisteredResource): string {
  return Buffer.from(`${apiVersionOf(type)}/${type.kind}`)
    .toString('base64url')
    .slice(0, 11)
    .padEnd(12, '=')
}
