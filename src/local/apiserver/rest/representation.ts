import { stringify } from 'yaml'
import { renderTable, type IncludeObject } from '../table/table.ts'
import type { ApiResponse, MessageStream, WatchMessage } from '../request.ts'
import type { ServedResource } from '../resources/served-resource.ts'
import { badRequest, noList, notAcceptable, nothingAcceptable } from '../status-errors.ts'
import { jsonText, type StoredObject } from '../storage/stored-object.ts'
import type { ListPage } from './list.ts'
import { goPackage } from './prepare.ts'

/** The form in which a client wants objects. */
export type Representation =
  | { readonly as: 'Object'; readonly yaml?: true }
  | { readonly as: 'Table'; readonly version: string }
  | { readonly as: 'PartialObjectMetadata'; readonly version: string; readonly isList: boolean }

const plain: Representation = { as: 'Object' }

const served = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf']

/** The first form of an Accept header that can be served here. Throws a 406. */
export function representationOf(accept: string | undefined): Representation {
  if (accept === undefined || accept === '' || accept === 'application/json' || accept === '*/*') return plain
  let isServed = false
  for (const range of accept.split(',')) {
    const [type = '', ...parameters] = range.split(';').map(part => part.trim())
    if (type === 'application/yaml') return { as: 'Object', yaml: true }
    if (type !== 'application/json' && type !== '*/*') continue
    isServed = true
    const values = new Map(
      parameters.map(parameter => [parameter.slice(0, parameter.indexOf('=')), parameter.slice(parameter.indexOf('=') + 1)]),
    )
    const as = values.get('as')
    if (as === undefined) return plain
    const version = values.get('v') ?? 'v1'
    if (values.get('g') !== 'meta.k8s.io' || (version !== 'v1' && version !== 'v1beta1')) continue
    if (as === 'Table') return { as: 'Table', version }
    if (as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList') {
      return { as: 'PartialObjectMetadata', version, isList: as.endsWith('List') }
    }
  }
  throw isServed ? notAcceptable(served) : nothingAcceptable(served)
}

/** How objects are shown to one request. */
export interface View {
  readonly representation: Representation
  readonly includeObject: IncludeObject
  readonly now: Date
}

/** Throws a 406 for forms that are not served, and a 400 for a table of what there is not. */
export function viewOf(accept: string | undefined, query: URLSearchParams, now: Date): View {
  const include = query.get('includeObject') ?? ''
  const representation = representationOf(accept)
  if (representation.as === 'Table' && !['', 'None', 'Metadata', 'Object'].includes(include)) {
    const why = `includeObject: Invalid value: ${JSON.stringify(include)}: must be 'Metadata', 'Object', 'None', or empty`
    throw badRequest(`Unable to convert to Table as requested: ${why}`)
  }
  return { representation, includeObject: include === 'None' || include === 'Object' ? include : 'Metadata', now }
}

/** One object as an answer. */
export function objectResponse(view: View, resource: ServedResource, object: StoredObject, status = 200): ApiResponse {
  const { representation } = view
  if (representation.as === 'PartialObjectMetadata' && representation.isList) {
    throw noList(`you requested PartialObjectMetadataList, but the requested object is not a list (*${goTypeOf(resource)})`)
  }
  const body = shown(view, resource, object)
  return representation.as === 'Object' && representation.yaml === true
    ? yamlResponse(body, status)
    : { status, kind: 'object', object: body }
}

/** A page of a list as an answer. */
export function listResponse(view: View, resource: ServedResource, page: ListPage): ApiResponse {
  const { representation, now, includeObject } = view
  const { metadata, items } = page
  if (representation.as === 'PartialObjectMetadata' && !representation.isList) {
    throw noList(`you requested PartialObjectMetadata, but the requested object is a list (*${goTypeOf(resource)}List)`)
  }
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
      return {
        status: 200,
        kind: 'object',
        object: renderTable(resource, items, { now, includeObject, listMetadata: metadata, version: representation.version }),
      }
    case 'PartialObjectMetadata': {
      const head = { kind: 'PartialObjectMetadataList', apiVersion: `meta.k8s.io/${representation.version}`, metadata }
      return { status: 200, kind: 'list', head, items: items.map(item => partial(item, representation.version)) }
    }
  }
}

/** As Kubernetes writes it: members in the order of their names, lists not indented. */
function yamlResponse(object: object, status: number): ApiResponse {
  const text = stringify(object, { version: '1.1', sortMapEntries: true, indentSeq: false, lineWidth: 0, aliasDuplicateObjects: false })
  // Managed fields have many members named by a dot, which no reader takes for a number.
  return { status, kind: 'text', text: text.replaceAll(/^(\s*)"\.": /gm, '$1.: '), contentType: 'application/yaml' }
}

/** `core.ConfigMap`; custom resources have one type for all. */
function goTypeOf({ custom, type }: ServedResource): string {
  return custom ? 'unstructured.Unstructured' : `${goPackage(type.group)}.${type.kind}`
}

function shown({ representation, now, includeObject }: View, resource: ServedResource, object: StoredObject): object {
  switch (representation.as) {
    case 'Object':
      return object
    case 'Table':
      return renderTable(resource, [object], { now, includeObject, version: representation.version })
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
    const table = renderTable(resource, objects, {
      now: now(),
      includeObject,
      omitColumns: !isFirst,
      listMetadata,
      version: representation.version,
    })
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
