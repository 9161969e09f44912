import { createHash } from 'node:crypto'
import { versionText } from '../discovery/groups.ts'
import type { RegisteredResource } from '../registry.ts'
import { documentOf } from './document.ts'
import { emptySwaggerProtobuf, swaggerOf, swaggerProtobuf } from './swagger.ts'

export interface OpenApiReply {
  readonly status: 200 | 304 | 404 | 406
  readonly contentType: string
  readonly headers: Readonly<Record<string, string>>
  /** JSON text, ready to send. */
  readonly body: string
}

interface Published {
  readonly resources: readonly RegisteredResource[]
  text: string | undefined
  hash: string | undefined
}

/**
 * Serves `/openapi/v3`, `/openapi/v3/api/v1`, `/openapi/v3/apis/GROUP/VERSION` and `/openapi/v2`. Documents are made at the first request
 * for them and kept until the resources of their group-version change.
 */
export class OpenApiPublisher {
  readonly #resources: () => readonly RegisteredResource[]
  readonly #documents = new Map<string, Published>()

  /** @param resources all resources that are served now; the same objects as long as nothing about them changed */
  constructor(resources: () => readonly RegisteredResource[]) {
    this.#resources = resources
  }

  /**
   * Answers a GET; undefined when the path is no OpenAPI path.
   * @param path without the query string
   */
  reply(path: string, accept: string | undefined): OpenApiReply | undefined {
    if (path === '/openapi/v2') return this.#swagger(accept)
    // The index says that it is text, as it does everywhere.
    if (path === '/openapi/v3' || path === '/openapi/v3/')
      return { ...json(JSON.stringify(this.#index())), contentType: 'text/plain; charset=utf-8' }
    if (!path.startsWith('/openapi/v3/')) return undefined
    const key = path.slice('/openapi/v3/'.length)
    const published = this.#current().get(key)
    if (published === undefined) return { status: 404, contentType: '', headers: {}, body: '' }
    return json(textOf(key, published), { etag: `"${hashOf(key, published)}"` })
  }

  #index() {
    const paths = [...this.#current()].map(([key, published]) => [
      key,
      { serverRelativeURL: `/openapi/v3/${key}?hash=${hashOf(key, published)}` },
    ])
    return { paths: Object.fromEntries(paths) as Record<string, unknown> }
  }

  #swagger(accept: string | undefined): OpenApiReply {
    // Asked for with an @, answered without, as it is not allowed there. kubectl asks for protobuf only, when version 3 does not describe a kind, such as the List that `get -o yaml` prints.
    if (accept?.includes(swaggerProtobuf) === true)
      return { status: 200, contentType: swaggerProtobuf.replace('@', '.'), headers: {}, body: emptySwaggerProtobuf() }
    const wantsJson =
      accept === undefined || accept.split(',').some(range => /^\s*(application\/json|application\/\*|\*\/\*)\s*(;|$)/.test(range))
    if (!wantsJson)
      return { status: 406, contentType: 'text/plain; charset=utf-8', headers: {}, body: 'only application/json is served here\n' }
    return json(JSON.stringify(swaggerOf(this.#resources())))
  }

  #current(): ReadonlyMap<string, Published> {
    const groups = Map.groupBy(
      this.#resources(),
      ({ type }) => `${type.group === '' ? 'api' : 'apis'}/${versionText(type.group, type.version)}`,
    )
    for (const key of this.#documents.keys()) if (!groups.has(key)) this.#documents.delete(key)
    for (const [key, resources] of groups) {
      const known = this.#documents.get(key)?.resources
      const same =
        known !== undefined && known.length === resources.length && known.every((resource, index) => resource === resources[index])
      if (!same) this.#documents.set(key, { resources, text: undefined, hash: undefined })
    }
    return this.#documents
  }
}

const json = (body: string, headers: Readonly<Record<string, string>> = {}): OpenApiReply => ({
  status: 200,
  contentType: 'application/json',
  headers,
  body,
})

function textOf(key: string, published: Published): string {
  published.text ??= JSON.stringify(documentOf(key, published.resources))
  return published.text
}

/** Changes whenever the document does. */
function hashOf(key: string, published: Published): string {
  published.hash ??= createHash('sha256').update(textOf(key, published)).digest('hex').slice(0, 32).toUpperCase()
  return published.hash
}
