import { isNotFound } from '../kube/api-error.ts'
import type { Client } from '../kube/client.ts'
import type { ResourceType } from '../kube/resource.ts'
import { CliError, exitCode } from './exit-code.ts'

/** A kind the server serves, with the names people call it by. */
export interface ServedKind {
  readonly type: ResourceType
  readonly singular: string
  readonly shortNames: readonly string[]
  readonly categories: readonly string[]
  readonly verbs: readonly string[]
  readonly subresources: readonly string[]
}

interface AggregatedGroup {
  metadata?: { name?: string }
  versions?: { version: string; resources?: AggregatedResource[] }[]
}

interface AggregatedResource {
  resource: string
  responseKind?: { group?: string; version?: string; kind?: string }
  scope?: 'Namespaced' | 'Cluster'
  singularResource?: string
  shortNames?: string[]
  categories?: string[]
  verbs?: string[]
  subresources?: { subresource: string }[]
}

interface PlainResource {
  name: string
  singularName?: string
  namespaced: boolean
  kind: string
  verbs: string[]
  shortNames?: string[]
  categories?: string[]
}

const aggregated =
  'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json'

/**
 * Which kinds a server serves: read once, when first asked. Aggregated discovery in two requests; servers without it are
 * asked group by group.
 * Contract: https://kubernetes.io/docs/concepts/overview/kubernetes-api/#discovery-api
 */
export class Discovery {
  readonly #client: Client
  #kinds: Promise<readonly ServedKind[]> | undefined

  constructor(client: Client) {
    this.#client = client
  }

  /** All kinds, in the server's order of preference; every kind once, in its preferred version, and further versions after it. */
  kinds(): Promise<readonly ServedKind[]> {
    this.#kinds ??= this.#read()
    return this.#kinds
  }

  /** Asks the server anew next time: kinds may have been added. */
  forget(): void {
    this.#kinds = undefined
  }

  /** Finds a kind by plural, singular, kind, short name, or any of these with `.group` or `.version.group`. */
  async find(name: string): Promise<ServedKind> {
    const found = matchKind(await this.kinds(), name)
    if (found !== undefined) return found
    const near = nearestName(await this.kinds(), name)
    throw new CliError(exitCode.notFound, `the server has no kind "${name}"${near === undefined ? '' : `; did you mean "${near}"?`}`)
  }

  /** The kind of an object in a manifest, or `undefined`. */
  async of(apiVersion: string, kind: string): Promise<ServedKind | undefined> {
    const slash = apiVersion.indexOf('/')
    const group = slash < 0 ? '' : apiVersion.slice(0, slash)
    const version = apiVersion.slice(slash + 1)
    return (await this.kinds()).find(({ type }) => type.group === group && type.version === version && type.kind === kind)
  }

  async #read(): Promise<readonly ServedKind[]> {
    const [core, groups] = await Promise.all([
      this.#client.raw('/api', { accept: aggregated }),
      this.#client.raw('/apis', { accept: aggregated }),
    ])
    if (isAggregated(core) && isAggregated(groups)) return [...core.items, ...groups.items].flatMap(kindsOfGroup)
    return this.#readPlain(groups as { groups?: { name: string; versions: { version: string }[] }[] })
  }

  async #readPlain(list: { groups?: { name: string; versions: { version: string }[] }[] }): Promise<readonly ServedKind[]> {
    const versions = [{ group: '', version: 'v1' }]
    for (const { name, versions: served } of list.groups ?? []) for (const { version } of served) versions.push({ group: name, version })
    const kinds = await Promise.all(
      versions.map(async ({ group, version }) => {
        const path = group === '' ? `/api/${version}` : `/apis/${group}/${version}`
        try {
          return kindsOfList(group, version, ((await this.#client.raw(path)) as { resources?: PlainResource[] }).resources ?? [])
        } catch (error) {
          // An aggregated API whose server is away must not take the others with it.
          if (isNotFound(error)) return []
          throw error
        }
      }),
    )
    return kinds.flat()
  }
}

function isAggregated(value: unknown): value is { items: AggregatedGroup[] } {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'APIGroupDiscoveryList' && 'items' in value
}

function kindsOfGroup({ metadata, versions = [] }: AggregatedGroup): ServedKind[] {
  const group = metadata?.name ?? ''
  return versions.flatMap(({ version, resources = [] }) =>
    resources.map(resource => ({
      type: {
        group,
        version,
        plural: resource.resource,
        kind: resource.responseKind?.kind ?? '',
        namespaced: resource.scope === 'Namespaced',
      },
      singular: resource.singularResource ?? '',
      shortNames: resource.shortNames ?? [],
      categories: resource.categories ?? [],
      verbs: resource.verbs ?? [],
      subresources: (resource.subresources ?? []).map(({ subresource }) => subresource),
    })),
  )
}

function kindsOfList(group: string, version: string, resources: readonly PlainResource[]): ServedKind[] {
  return resources
    .filter(({ name }) => !name.includes('/'))
    .map(resource => ({
      type: { group, version, plural: resource.name, kind: resource.kind, namespaced: resource.namespaced },
      singular: resource.singularName ?? '',
      shortNames: resource.shortNames ?? [],
      categories: resource.categories ?? [],
      verbs: resource.verbs,
      subresources: resources
        .filter(({ name }) => name.startsWith(`${resource.name}/`))
        .map(({ name }) => name.slice(resource.name.length + 1)),
    }))
}

/** The best match of a name; exact names win over short names, as kubectl decides. */
export function matchKind(kinds: readonly ServedKind[], asked: string): ServedKind | undefined {
  const text = asked.toLowerCase()
  const full = (kind: ServedKind, name: string): readonly string[] => {
    const { group, version } = kind.type
    const lower = name.toLowerCase()
    return group === '' ? [lower, `${lower}.${version}`] : [lower, `${lower}.${group}`, `${lower}.${version}.${group}`]
  }
  const isNamed = (kind: ServedKind, names: readonly string[]): boolean =>
    names.some(name => name !== '' && full(kind, name).includes(text))
  return (
    kinds.find(kind => isNamed(kind, [kind.type.plural, kind.singular, kind.type.kind])) ??
    kinds.find(kind => isNamed(kind, kind.shortNames))
  )
}

/** `gameserverset.game.kruise.io/mc`: how an object is called in output. */
export function objectName(kind: ServedKind, name: string): string {
  const singular = kind.singular === '' ? kind.type.kind.toLowerCase() : kind.singular
  return `${kind.type.group === '' ? singular : `${singular}.${kind.type.group}`}/${name}`
}

function nearestName(kinds: readonly ServedKind[], asked: string): string | undefined {
  let best: { name: string; distance: number } | undefined
  for (const { type, singular } of kinds) {
    for (const name of [type.plural, singular]) {
      const distance = editDistance(name, asked.toLowerCase())
      if (name !== '' && distance <= 2 && distance < (best?.distance ?? 3)) best = { name, distance }
    }
  }
  return best?.name
}

function editDistance(one: string, other: string): number {
  let previous = Array.from({ length: other.length + 1 }, (_unused, index) => index)
  for (let row = 1; row <= one.length; row += 1) {
    const current = [row]
    for (let column = 1; column <= other.length; column += 1) {
      const change = (previous[column - 1] ?? 0) + (one[row - 1] === other[column - 1] ? 0 : 1)
      current.push(Math.min(change, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1))
    }
    previous = current
  }
  return previous[other.length] ?? 0
}
