import { describe, expect, it } from 'vitest'
import { builtinResources } from '../resources/builtin.ts'
import { ResourceTable } from '../resources/resource-table.ts'
import { Storage } from '../storage/storage.ts'
import type { Draft } from '../registry.ts'
import { WatchHub } from './watch-hub.ts'
import { Watcher } from './watcher.ts'

const table = new ResourceTable()
for (const resource of builtinResources(table)) table.add(resource)
const resource = table.find('', 'v1', 'configmaps')!

const draft = (name: string): Draft => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'n', uid: name, resourceVersion: '', creationTimestamp: '' },
})

function watching(storage: Storage, hub: WatchHub, selection: { namespace?: string; name?: string }, limit = 10): Watcher {
  const watcher: Watcher = new Watcher({
    resource,
    selection: { ...selection, matches: undefined },
    bookmarks: true,
    limit,
    onClose: closed => hub.remove('configmaps', closed),
  })
  hub.add('configmaps', watcher)
  return watcher
}

describe('watchers', () => {
  it('hear what is in their scope', () => {
    const storage = new Storage()
    const hub = new WatchHub(storage)
    const scopes = [
      {},
      { namespace: 'n' },
      { namespace: 'other' },
      { name: 'a' },
      { namespace: 'n', name: 'a' },
      { namespace: 'n', name: 'b' },
    ]
    const watchers = scopes.map(scope => watching(storage, hub, scope))
    storage.put('configmaps', draft('a'))
    expect(watchers.map(watcher => watcher.take().length)).toEqual([1, 1, 0, 1, 1, 0])
  })

  it('that read too slowly are cut off', async () => {
    const storage = new Storage()
    const hub = new WatchHub(storage)
    const slow = watching(storage, hub, {}, 3)
    const brisk = watching(storage, hub, {}, 3)
    for (const name of ['a', 'b', 'c', 'd', 'e']) {
      storage.put('configmaps', draft(name))
      brisk.take()
    }
    await slow.wait()
    expect(slow.ended).toBe(true)
    expect(brisk.ended).toBe(false)
  })

  it('get bookmarks, and wake up for what comes', async () => {
    const storage = new Storage()
    const hub = new WatchHub(storage)
    const watcher = watching(storage, hub, {})
    const woken = watcher.wait()
    hub.sendBookmarks()
    await woken
    expect(watcher.take()).toMatchObject([
      { type: 'BOOKMARK', object: { kind: 'ConfigMap', metadata: { resourceVersion: String(storage.revision) } } },
    ])
  })

  it('are told when their kind goes away', async () => {
    const storage = new Storage()
    const hub = new WatchHub(storage)
    const watcher = watching(storage, hub, { namespace: 'n' })
    hub.closeAll('configmaps')
    await watcher.wait()
    expect(watcher.ended).toBe(true)
  })
})
