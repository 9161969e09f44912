import type { ServedResource } from '../resources/served-resource.ts'
import { expired, tooLargeResourceVersion } from '../status-errors.ts'
import type { Storage } from '../storage/storage.ts'
import type { StoredObject } from '../storage/stored-object.ts'
import { isTrue, versionOf } from '../rest/list.ts'
import type { Selection } from './selection.ts'
import type { WatchHub } from './watch-hub.ts'
import { Watcher } from './watcher.ts'

/** Marks the bookmark that ends the initial events of `sendInitialEvents=true`. */
const initialEventsEnd = { 'k8s.io/initial-events-end': 'true' }

const messageLimit = 32_768

/**
 * Starts a watch. Without a version (or with 0) it begins with the present objects; with one it begins right after it, or fails with
 * 410 when that is too long ago.
 * Contract: https://kubernetes.io/docs/reference/using-api/api-concepts/#semantics-for-watch
 */
export function openWatch(
  storage: Storage,
  hub: WatchHub,
  resource: ServedResource,
  selection: Selection,
  query: URLSearchParams,
): Watcher {
  const collection = storage.collection(resource.collection)
  const asked = versionOf(query) ?? 0
  const bookmarks = isTrue(query, 'allowWatchBookmarks')
  const sendInitial = isTrue(query, 'sendInitialEvents')
  if (asked > storage.revision) throw tooLargeResourceVersion(asked, storage.revision)
  const resumes = asked > 0 && !sendInitial
  if (resumes && !collection.history.reaches(asked)) throw expired(`too old resource version: ${asked} (${storage.revision})`)
  const onClose = (closed: Watcher): void => hub.remove(resource.collection, closed)
  const watcher = new Watcher({ resource, selection, bookmarks, limit: messageLimit, onClose })
  if (resumes) for (const change of collection.history.since(asked)) if (inScope(change.object, selection)) watcher.push(change)
  if (!resumes && query.get('sendInitialEvents') !== 'false') {
    watcher.pushInitial(
      collection.list(selection.namespace).filter(object => inScope(object, selection) && (selection.matches?.(object) ?? true)),
    )
  }
  // Who asks for no version and nothing else is told where the present ends as well.
  const begins = (query.get('resourceVersion') ?? '') === '' && !query.has('sendInitialEvents')
  if ((sendInitial || begins) && bookmarks) watcher.bookmark(storage.revision, initialEventsEnd)
  if (!watcher.ended) hub.add(resource.collection, watcher)
  return watcher
}

function inScope({ metadata }: StoredObject, { namespace, name }: Selection): boolean {
  return (namespace === undefined || metadata.namespace === namespace) && (name === undefined || metadata.name === name)
}
