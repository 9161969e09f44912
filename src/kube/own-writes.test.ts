import { describe, expect, it } from 'vitest'
import { ApiError } from './api-error.ts'
import type { Client } from './client.ts'
import { FakeClock } from './fake-clock.ts'
import type { KubeObject } from './object.ts'
import type { ResourceType } from './resource.ts'
import { ObjectStore } from './store.ts'
import { OwnWrites } from './own-writes.ts'

const object = (version: number, more: Partial<KubeObject['metadata']> = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'a', namespace: 'n', uid: 'u', creationTimestamp: '', resourceVersion: String(version), ...more },
})
const type: ResourceType<KubeObject> = { group: '', version: 'v1', plural: 'pods', kind: 'Pod', namespaced: true }

/** `there` is what the API has, by name. */
function openOn(store: ObjectStore<KubeObject>) {
  const clock = new FakeClock()
  const there = new Map<string, KubeObject>()
  const gone: string[] = []
  const get = (_type: unknown, { name }: { name: string }) => {
    const found = there.get(name)
    return found === undefined ? Promise.reject(new ApiError({ code: 404, reason: 'NotFound' })) : Promise.resolve(found)
  }
  const client = { get } as unknown as Pick<Client, 'get'>
  const writes = new OwnWrites<KubeObject>(store, { client, clock, type, gone: ({ metadata }) => void gone.push(metadata.name) })
  return { store, writes, clock, there, gone }
}
const setUp = () => openOn(new ObjectStore<KubeObject>({ all: () => ['x'] }))
const all = (writes: OwnWrites<KubeObject>): string[] => writes.byIndex('all', 'x', () => true).map(found => found.metadata.resourceVersion)

describe('OwnWrites', () => {
  it('shows a created object before the watch does, once', () => {
    const { store, writes } = setUp()
    writes.wrote(object(5))
    expect(all(writes)).toEqual(['5'])
    store.apply(object(5))
    expect(all(writes)).toEqual(['5'])
  })

  it('gives up what came and went without the watch showing it, and waits for what is only late', async () => {
    const { writes, clock, there, gone } = setUp()
    for (const name of ['lost', 'late']) writes.wrote(object(5, { name, uid: name }))
    there.set('late', object(5, { name: 'late', uid: 'late' }))
    await clock.advance(4900)
    expect([writes.get('n/lost')?.metadata.uid, gone]).toEqual(['lost', []])
    await clock.advance(200)
    expect([writes.get('n/lost'), writes.get('n/late')?.metadata.uid, gone]).toEqual([undefined, 'late', ['lost']])
    // An answer that comes after that does not bring it back.
    writes.wrote(object(6, { name: 'lost', uid: 'lost' }))
    expect(writes.get('n/lost')).toBeUndefined()
  })

  it('finds among many what was written and what the index does not have yet, each once', () => {
    const store = new ObjectStore<KubeObject>({ all: ({ metadata }) => (metadata.labels?.['of'] === 'x' ? ['x'] : []) })
    const { writes } = openOn(store)
    const named = (name: string, version: number, of: string) => object(version, { name, uid: name, labels: { of } })
    for (const name of ['a', 'b', 'c']) store.apply(named(name, 1, 'x'))
    store.apply(named('d', 1, 'y'))
    writes.wrote(named('b', 2, 'x'))
    writes.wrote(named('d', 2, 'x'))
    writes.wrote(named('e', 2, 'x'))
    writes.wrote(named('f', 2, 'y'))
    const found = writes.byIndex('all', 'x', ({ metadata }) => metadata.labels?.['of'] === 'x')
    expect(found.map(({ metadata }) => metadata.name + metadata.resourceVersion).toSorted()).toEqual(['a1', 'b2', 'c1', 'd2', 'e2'])
  })

  it('prefers whichever version is newer', () => {
    const { store, writes } = setUp()
    store.apply(object(3))
    writes.wrote(object(5))
    store.apply(object(4))
    expect(writes.get('n/a')?.metadata.resourceVersion).toBe('5')
    store.apply(object(9))
    writes.wrote(object(8))
    expect(writes.get('n/a')?.metadata.resourceVersion).toBe('9')
  })

  it('does not bring back what is gone when the answer to the write comes late', () => {
    const { store, writes } = setUp()
    store.apply(object(3))
    store.remove(object(4))
    writes.wrote(object(3))
    expect(writes.get('n/a')).toBeUndefined()
  })

  it('counts an accepted deletion until the watch shows it', () => {
    const { store, writes } = setUp()
    store.apply(object(3))
    writes.deleted(object(3))
    expect(writes.isDeleting(object(3))).toBe(true)
    store.remove(object(4))
    store.apply(object(6, { uid: 'next' }))
    expect(writes.isDeleting(object(6, { uid: 'next' }))).toBe(false)
  })
})
