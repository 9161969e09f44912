import type { ResourceTable } from '../resources/resource-table.ts'
import type { ServedResource } from '../resources/served-resource.ts'
import { unknownResource } from '../status-errors.ts'

/** What a path of the resource API is about. */
export interface Target {
  readonly resource: ServedResource
  /** Undefined for cluster-scoped resources and for requests over all namespaces. */
  readonly namespace: string | undefined
  /** Undefined for the collection. */
  readonly name: string | undefined
  readonly subresource: string | undefined
}

/** A path that nothing answers to: a 404 that is no `Status`. */
export class PageNotFound extends Error {}

/** Subresources of a namespace, which look like resources inside it. */
const namespaceSubresources: ReadonlySet<string> = new Set(['status', 'finalize'])

/**
 * Reads `/api/v1/…` and `/apis/GROUP/VERSION/…`. Undefined for paths that are no resource paths;
 * throws a 404 for a resource that is not served.
 */
export function targetOf(path: string, resources: ResourceTable): Target | undefined {
  const parts = path.split('/')
  let group = ''
  let at = 3
  if (parts[1] === 'apis') {
    group = parts[2] ?? ''
    at = 4
  } else if (parts[1] !== 'api') return undefined
  const version = parts[at - 1] ?? ''
  if (parts.at(-1) === '') parts.pop()
  if (parts.length <= at) return undefined
  if (parts[at] !== 'namespaces' || parts.length <= at + 2 || (parts.length === at + 3 && namespaceSubresources.has(parts[at + 2] ?? ''))) {
    return build(resources, group, version, undefined, parts.slice(at))
  }
  return build(resources, group, version, decode(parts[at + 1] ?? ''), parts.slice(at + 2))
}

function build(resources: ResourceTable, group: string, version: string, namespace: string | undefined, rest: readonly string[]): Target {
  // The groups of Kubernetes itself answer with a Status, the handler of custom resources with a page.
  const unknown = (): Error =>
    resources.all().some(({ type, custom }) => type.group === group && !custom) ? unknownResource() : new PageNotFound()
  const [plural = '', name, ...more] = rest
  const resource = resources.find(group, version, plural)
  if (resource === undefined) throw unknown()
  if (namespace !== undefined && !resource.type.namespaced) throw unknown()
  if (more.length > 1 && more[0] !== 'proxy') throw unknown()
  const subresource = more[0]
  if (subresource !== undefined && !resource.subresources.some(known => known.name === subresource)) throw unknown()
  if (name !== undefined && resource.type.namespaced && namespace === undefined) throw unknown()
  return { resource, namespace, name: name === undefined ? undefined : decode(name), subresource }
}

function decode(part: string): string {
  if (!part.includes('%')) return part
  try {
    return decodeURIComponent(part)
  } catch {
    throw unknownResource()
  }
}
