import { renderTable, type IncludeObject } from '../table/table.ts'
import type { ApiResponse, MessageStream, WatchMessage } from '../request.ts'
import type { ServedResource } from '../resources/served-resource.ts'
import { notAcceptable } from '../status-errors.ts'
import { jsonText, type StoredObject } from '../storage/stored-object.ts'
import type { ListPage } from './list.ts'

/** The form in which a client wants objects. */
export type Representation =
  | { readonly as: 'Object' }
  | { readonly as: 'Table'; readonly version: string }
  | { readonly as: 'PartialObjectMetadata'; readonly version: string }

const plain: Representation = { as: 'Object' }

/** The first form of an Accept header that can be served here. Throws a 406. */
export function representationOf(accept: string | undefined): Representation {
  if (accept === undefined || accept === '' || accept === 'application/json' || accept === '*/*') return plain
  for (const range of accept.split(',')) {
    const [type = '', ...parameters] = range.split(';').map(part => part.trim())
    if (type !== 'application/json' && type !== '*/*' && type !== 'application/*') continue
    const values = new Map(
      parameters.map(parameter => [parameter.slice(0, parameter.indexOf('=')), parameter.slice(parameter.indexOf('=') + 1)]),
    )
    const as = values.get('as')
    if (as === undefined) return plain
    const version = values.get('v') ?? 'v1'
    if (values.get('g') !== 'meta.k8s.io' || (version !== 'v1' && version !== 'v1beta1')) continue
    if (as === 'Table') return { as: 'Table', version }
    if (as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList') return { as: 'PartialObjectMetadata', version }
  }
  throw notAcceptable([
    'application/json',
    'application/json;as=Table;v=v1;g=meta.k8s.io',
    'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io',
  ])
}

/** How objects are shown to one request. */
export interface View {
  readonly representation: Representation
  readonly includeObject: IncludeObject
  readonly now: Date
}

export function viewOf(accept: string | undefined, query: URLSearchParams, now: Date): View {
  const include = query.get('includeObject')
  return { representation: representationOf(accept), includeObject: include === 'None' || include === 'Object' ? include : 'Metadata', now }
}

/** One object as an answer. */
export function objectResponse(view: View, resource: ServedResource, object: StoredObject, status = 200): ApiResponse {
  return { status, kind: 'object', object: shown(view, resource, object) }
}

/** A page of a list as an answer. */
export function listResponse(view: View, resource: ServedResource, page: ListPage): ApiResponse {
  const { representation, now, includeObject } = view
  const { metadata, items } = page
  switch (representation.as) {
    case 'Object': {
      // Lists of custom resources always say whether there is more.
      const shownMetadata = resource.custom && metadata.continue === undefined ? { continue: '', ...metadata } : metadata
      return {
        status: 200,
        kind: 'list',
        head: { kind: resource.listKind, apiVersion: resource.apiVersion, metadata: shownMetadata },
        items,
      }
    }
    case 'Table':
      return { status: 200, kind: 'object', object: renderTable(resource, items, { now, includeObject, listMetadata: metadata }) }
    case 'PartialObjectMetadata': {
      const head = { kind: 'PartialObjectMetadataList', apiVersion: `meta.k8s.io/${representation.version}`, metadata }
      return { status: 200, kind: 'list', head, items: items.map(item => partial(item, representation.version)) }
    }
  }
}

function shown({ representation, now, includeObject }: View, resource: ServedResource, object: StoredObject): object {
  switch (representation.as) {
    case 'Object':
      return object
    case 'Table':
      return renderTable(resource, [object], { now, includeObject })
    case 'PartialObjectMetadata':
      return partial(object, representation.version)
  }
}

function partial(object: StoredObject, version: string): object {
  return { kind: 'PartialObjectMetadata', apiVersion: `meta.k8s.io/${version}`, metadata: object.metadata }
}

/** A watch whose objects are shown as tables or metadata. */
export function viewStream(stream: MessageStream, view: View, resource: ServedResource, now: () => Date): MessageStream {
  const { representation, includeObject } = view
  if (representation.as === 'Object') return stream
  let isFirst = true
  const convert = (message: WatchMessage): WatchMessage => {
    if (message.type === 'ERROR') return message
    const object = message.object as StoredObject
    if (representation.as === 'PartialObjectMetadata') return { type: message.type, object: partial(object, representation.version) }
    const objects = message.type === 'BOOKMARK' ? [] : [object]
    const listMetadata = { resourceVersion: object.metadata.resourceVersion }
    const table = renderTable(resource, objects, { now: now(), includeObject, omitColumns: !isFirst, listMetadata })
    isFirst = false
    return { type: message.type, object: table }
  }
  return {
    get ended() {
      return stream.ended
    },
    wait: () => stream.wait(),
    take: () => stream.take().map(convert),
    [Symbol.dispose]: () => stream[Symbol.dispose](),
  }
}

/** The line of a watch message. The object's own text is shared by all who watch it. */
export function messageLine({ type, object }: WatchMessage): string {
  return `{"type":"${type}","object":${jsonText(object)}}\n`
}

/** The JSON text of a list, put together from the texts of its objects. */
export function listText(head: object, items: readonly object[]): string {
  return `${JSON.stringify(head).slice(0, -1)},"items":[${items.map(jsonText).join(',')}]}\n`
}
