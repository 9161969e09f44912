import { badRequest, expired, tooLargeResourceVersion, unreasoned } from '../status-errors.ts'
import { goSyntaxError } from './go-json.ts'
import { served, type ServedResource } from '../resources/served-resource.ts'
import { isAfter, type Position } from '../storage/collection.ts'
import type { Storage } from '../storage/storage.ts'
import type { StoredObject } from '../storage/stored-object.ts'
import type { Selection } from '../watch/selection.ts'

export interface ListPage {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string; readonly remainingItemCount?: number }
  readonly items: readonly StoredObject[]
}

interface Continuation extends Position {
  readonly revision: number
}

/**
 * One page of a list. All pages show the state of the version at which the first was read; when that is no longer known the answer is 410.
 * Contract: https://kubernetes.io/docs/reference/using-api/api-concepts/#retrieving-large-results-sets-in-chunks
 */
export function listPage(storage: Storage, resource: ServedResource, selection: Selection, query: URLSearchParams): ListPage {
  const collection = storage.collection(resource.collection)
  const token = query.get('continue') ?? ''
  // Version 0 means whatever is at hand, all of it.
  const limit = query.get('resourceVersion') === '0' ? 0 : limitOf(query)
  const asked = listVersionOf(query)
  const match = query.get('resourceVersionMatch') ?? ''
  if (token !== '' && asked !== undefined && asked !== 0) throw badRequest('specifying resource version is not allowed when using continue')
  if (asked !== undefined && asked > storage.revision) throw tooLargeResourceVersion(asked, storage.revision)
  const from = token === '' ? undefined : decodeContinue(token)
  const exact = from?.revision ?? (match === 'Exact' && asked !== undefined ? asked : undefined)
  const revision = exact ?? storage.revision
  if (exact !== undefined && !collection.history.reaches(exact)) {
    throw expired(
      'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter.',
    )
  }
  if (selection.name !== undefined && selection.namespace !== undefined && exact === undefined) {
    const only = collection.get(selection.namespace, selection.name)
    const items = only !== undefined && (selection.matches?.(only) ?? true) ? [served(resource, only)] : []
    return { metadata: { resourceVersion: String(revision) }, items }
  }
  let objects = exact === undefined ? collection.list(selection.namespace) : collection.listAt(exact, selection.namespace)
  if (from !== undefined) objects = objects.filter(object => isAfter(object, from))
  const { matches } = selection
  if (matches !== undefined) objects = objects.filter(matches)
  const page = limit > 0 && objects.length > limit ? objects.slice(0, limit) : objects
  const items = resource.conversion === undefined ? page : page.map(object => served(resource, object))
  const last = page.at(-1)
  if (page.length === objects.length || last === undefined) return { metadata: { resourceVersion: String(revision) }, items }
  return {
    metadata: {
      resourceVersion: String(revision),
      continue: encodeContinue({ revision, namespace: last.metadata.namespace ?? '', name: last.metadata.name }),
      ...(matches === undefined ? { remainingItemCount: objects.length - page.length } : {}),
    },
    items,
  }
}

/** The real server takes any number; below one it means all. */
function limitOf(query: URLSearchParams): number {
  return Math.max(0, integerOf(query, 'limit') ?? 0)
}

/** A whole number of a query; absent and empty are undefined. Throws a 400. */
export function integerOf(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name) ?? ''
  if (text === '') return undefined
  if (!/^[+-]?\d+$/.test(text)) throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`)
  return Number(text)
}

/** The version a get or watch asks for; absent and empty are undefined. For nonsense the real server blames itself: a 500. */
export function versionOf(query: URLSearchParams): number | undefined {
  const text = query.get('resourceVersion') ?? ''
  if (text === '') return undefined
  if (!/^\d+$/.test(text)) throw unreasoned(noVersion(text))
  return Number(text)
}

/** Of a list it is a 400. */
function listVersionOf(query: URLSearchParams): number | undefined {
  const text = query.get('resourceVersion') ?? ''
  if (text !== '' && !/^\d+$/.test(text)) throw badRequest(`invalid resource version: ${noVersion(text)}`)
  return versionOf(query)
}

function noVersion(text: string): string {
  return `resourceVersion: Invalid value: ${JSON.stringify(text)}: strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`
}

/** Query values Kubernetes reads as true. */
export function isTrue(query: URLSearchParams, name: string): boolean {
  const text = query.get(name)
  return text !== null && text !== 'false' && text !== '0'
}

function encodeContinue({ revision, namespace, name }: Continuation): string {
  return Buffer.from(JSON.stringify({ v: 'meta.k8s.io/v1', rv: revision, start: `${namespace}/${name}` })).toString('base64url')
}

function decodeContinue(token: string): Continuation {
  try {
    const { rv, start } = JSON.parse(Buffer.from(token, 'base64url').toString('utf8')) as { rv: unknown; start: unknown }
    if (typeof rv === 'number' && typeof start === 'string') {
      const slash = start.indexOf('/')
      return { revision: rv, namespace: start.slice(0, slash), name: start.slice(slash + 1) }
    }
  } catch {
    // Said below for every kind of nonsense.
  }
  const why = goSyntaxError(Buffer.from(token, 'base64url').toString('latin1')) ?? 'it was not made by this server'
  throw badRequest(`invalid continue token: continue key is not valid: ${why}`)
}
