import { createHash } from 'node:crypto'
import { apiVersionOf } from '../../../kube/resource.ts'
import type { RegisteredResource } from '../registry.ts'
import { notAcceptable } from '../status-errors.ts'
import { aggregatedDiscovery } from './aggregated.ts'
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

/** Undefined for plain JSON. Throws a 406 when the header takes neither that nor the aggregated form that is served. */
function aggregated(accept: string | undefined, resources: readonly RegisteredResource[], core: boolean): DiscoveryReply | undefined {
  if (!wantsAggregated(accept)) return undefined
  return {
    contentType: 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList',
    body: aggregatedDiscovery(byGroup(resources.filter(resource => (resource.type.group === '') === core))),
  }
}

/** Whether the first form of the Accept header that is served here is the aggregated one. */
function wantsAggregated(accept = ''): boolean {
  const ranges = accept.split(',').filter(range => /^\s*(application\/json|application\/\*|\*\/\*)\s*(;|$)/.test(range))
  for (const range of ranges) {
    const parameters = range.split(';').map(part => part.trim())
    if (!parameters.some(parameter => parameter.startsWith('as='))) return false
    if (parameters.includes('as=APIGroupDiscoveryList') && parameters.includes('v=v2')) return true
  }
  if (ranges.length > 0) throw notAcceptable(['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'])
  return false
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
    ...(resource.verbs.includes('list') ? { storageVersionHash: storageVersionHash(resource) } : {}),
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

/** Opaque to clients; changes only when the storage would. Made as Kubernetes makes it, which some tools compare across clusters. */
function storageVersionHash({ type, storedAs = apiVersionOf(type) }: RegisteredResource): string {
  const stored = `${storedAs.includes('/') ? '' : '/'}${storedAs}/${type.kind}`
  return createHash('sha256').update(stored).digest().subarray(0, 8).toString('base64')
}
