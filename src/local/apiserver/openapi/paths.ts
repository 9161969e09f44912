import type { RegisteredResource } from '../registry.ts'
import { META } from './schemas.ts'

type Json = Record<string, unknown>
interface Kind {
  readonly group: string
  readonly version: string
  readonly kind: string
}

const query = (name: string, type: string, description: string): Json => ({
  name,
  in: 'query',
  description,
  schema: { type, uniqueItems: true },
})
const inPath = (name: string): Json => ({ name, in: 'path', required: true, schema: { type: 'string', uniqueItems: true } })

const pretty = query('pretty', 'string', "If 'true', then the output is pretty printed.")
const dryRun = query('dryRun', 'string', 'When present, indicates that modifications should not be persisted. Valid values are: All')
const fieldManager = query('fieldManager', 'string', 'The name associated with the actor or entity that is making these changes.')
const fieldValidation = query(
  'fieldValidation',
  'string',
  'Instructs the server on how to handle unknown or duplicate fields. Valid values are: Ignore, Warn, Strict',
)
const force = query(
  'force',
  'boolean',
  'Force is going to "force" Apply requests. It means user will re-acquire conflicting fields owned by other people.',
)
const listParameters = [
  query('allowWatchBookmarks', 'boolean', 'Requests watch events with type "BOOKMARK".'),
  query('continue', 'string', 'The continue option of a paged list.'),
  query('fieldSelector', 'string', 'A selector to restrict the list of returned objects by their fields.'),
  query('labelSelector', 'string', 'A selector to restrict the list of returned objects by their labels.'),
  query('limit', 'integer', 'The maximum number of responses to return for a list call.'),
  query('resourceVersion', 'string', 'The version a list or watch starts from.'),
  query('resourceVersionMatch', 'string', 'How resourceVersion is applied to list calls.'),
  query('sendInitialEvents', 'boolean', 'Whether a watch begins with the existing objects.'),
  query('timeoutSeconds', 'integer', 'Timeout for the list/watch call.'),
  query('watch', 'boolean', 'Watch for changes to the described resources.'),
]
const deleteParameters = [
  dryRun,
  query('gracePeriodSeconds', 'integer', 'The duration in seconds before the object should be deleted.'),
  query('propagationPolicy', 'string', "Whether and how garbage collection will be performed: 'Orphan', 'Background' or 'Foreground'."),
]
const writeParameters = [dryRun, fieldManager, fieldValidation]

const json = (name: string): Json => ({ 'application/json': { schema: { $ref: `#/components/schemas/${name}` } } })

function operation(action: string, kind: Kind, parameters: readonly Json[], answer: string, body?: Json): Json {
  const response = { description: 'OK', content: json(answer) }
  return {
    parameters,
    ...(body === undefined ? {} : { requestBody: { content: body, required: action !== 'delete' } }),
    responses: {
      200: response,
      ...(action === 'post' ? { 201: { ...response, description: 'Created' } } : {}),
      401: { description: 'Unauthorized' },
    },
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': kind,
  }
}

function patchBody(custom: boolean): Json {
  const types = ['application/apply-patch+yaml', 'application/json-patch+json', 'application/merge-patch+json']
  if (!custom) types.push('application/strategic-merge-patch+json')
  return Object.fromEntries(types.map(type => [type, { schema: { type: 'object' } }]))
}

/** All paths of a resource and its subresources. `root` is `/api/v1` or `/apis/apps/v1`, `name` that of its definition. */
export function pathsOfResource(root: string, resource: RegisteredResource, name: string): Record<string, Json> {
  const { type, custom } = resource
  const kind: Kind = { group: type.group, version: type.version, kind: type.kind }
  const scoped = type.namespaced ? `${root}/namespaces/{namespace}` : root
  const scope = type.namespaced ? [inPath('namespace')] : []
  const has = (verb: string) => resource.verbs.includes(verb)
  const paths: Record<string, Json> = {}

  const list = operation('list', kind, listParameters, `${name}List`)
  const collection: Json = { parameters: [...scope, pretty] }
  if (has('list')) collection['get'] = list
  if (has('create')) collection['post'] = operation('post', kind, writeParameters, name, json(name))
  if (has('deletecollection')) {
    collection['delete'] = operation(
      'deletecollection',
      kind,
      [...listParameters, ...deleteParameters],
      META.status,
      json(META.deleteOptions),
    )
  }
  paths[`${scoped}/${type.plural}`] = collection
  if (type.namespaced && has('list')) paths[`${root}/${type.plural}`] = { parameters: [pretty], get: list }

  const objectPath = `${scoped}/${type.plural}/{name}`
  if (has('get') || has('update') || has('delete')) {
    paths[objectPath] = { parameters: [inPath('name'), ...scope, pretty], ...objectOperations(resource.verbs, kind, name, custom) }
  }
  for (const subresource of resource.subresources) {
    const own = subresource.kind
    const subKind: Kind = own === undefined || own.version === '' ? { ...kind, kind: own?.kind ?? kind.kind } : own
    const answer = own?.kind === 'Scale' ? META.scale : name
    const operations = objectOperations(subresource.verbs, subKind, answer, custom)
    if (subresource.verbs.includes('create')) operations['post'] = operation('post', subKind, writeParameters, answer, json(answer))
    paths[`${objectPath}/${subresource.name}`] = { parameters: [inPath('name'), ...scope, pretty], ...operations }
  }
  return paths
}

function objectOperations(verbs: readonly string[], kind: Kind, name: string, custom: boolean): Json {
  const operations: Json = {}
  if (verbs.includes('get')) operations['get'] = operation('get', kind, [], name)
  if (verbs.includes('update')) operations['put'] = operation('put', kind, writeParameters, name, json(name))
  if (verbs.includes('patch')) operations['patch'] = operation('patch', kind, [...writeParameters, force], name, patchBody(custom))
  if (verbs.includes('delete')) operations['delete'] = operation('delete', kind, deleteParameters, META.status, json(META.deleteOptions))
  return operations
}
