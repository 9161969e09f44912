import { describe, expect, test } from 'vitest'
import { Cache } from './cache.ts'
import { FakeApiServer } from './fake-api-server.ts'
import { FakeClock } from './fake-clock.ts'
import type { ResourceType } from './resource.ts'
import { RestClient } from './rest-client.ts'

const configmaps: ResourceType = { group: '', version: 'v1', plural: 'configmaps', kind: 'ConfigMap', namespaced: true }

test('each kind and selection is listed and watched once, however many ask', async () => {
  const server = new FakeApiServer()
  server.put('a')
  const clock = new FakeClock()
  await using cache = new Cache({ client: new RestClient({ transport: server, clock }), clock })
  const one = cache.store(configmaps)
  const other = cache.store(configmaps, { indexes: { name: ({ metadata }) => [metadata.name] } })
  const selected = cache.store(configmaps, { labelSelector: 'a=b' })
  await cache.whenSynced()
  await clock.advance(0)
  expect(other).toBe(one)
  expect(selected).not.toBe(one)
  expect(one.byIndex('name', 'a')).toHaveLength(1)
  expect([server.count(false), server.count(true)]).toEqual([2, 2])
})

describe('a cache of some namespaces', () => {
  const nodes: ResourceType = { group: '', version: 'v1', plural: 'nodes', kind: 'Node', namespaced: false }

  function setUp() {
    const server = new FakeApiServer()
    const clock = new FakeClock()
    const client = new RestClient({ transport: server, clock })
    return { server, clock, cache: new Cache({ client, clock, namespaces: ['a', 'b', 'a'] }) }
  }
  const paths = (server: FakeApiServer, watch: boolean) =>
    server.requests.filter(({ path }) => path.includes('watch=true') === watch).map(({ path }) => path.replace(/\?.*/, ''))

  test('one store has the objects of all of them, and of no other', async () => {
    const { server, clock, cache } = setUp()
    server.put('one', {}, '1', 'a')
    server.put('two', {}, '2', 'b')
    server.put('out', {}, '3', 'c')
    const store = cache.store(configmaps)
    const heard: string[] = []
    store.subscribe({
      added: ({ metadata }) => heard.push(`+${metadata.name}`),
      deleted: ({ metadata }) => heard.push(`-${metadata.name}`),
    })
    await cache.whenSynced()
    await clock.advance(0)
    server.put('three', {}, '4', 'b')
    server.put('outer', {}, '5', 'c')
    await clock.advance(0)
    expect(heard.toSorted()).toEqual(['+one', '+three', '+two'])
    expect(paths(server, false)).toEqual(['/api/v1/namespaces/a/configmaps', '/api/v1/namespaces/b/configmaps'])
    expect(paths(server, true)).toEqual(['/api/v1/namespaces/a/configmaps', '/api/v1/namespaces/b/configmaps'])
    await cache[Symbol.asyncDispose]()
  })

  test('it is synced when the last of them is', async () => {
    const { server, clock, cache } = setUp()
    const refused = { status: 403, body: { kind: 'Status', code: 403, reason: 'Forbidden', message: 'not yet' } }
    server.refusals.push(refused)
    const store = cache.store(configmaps)
    await clock.advance(0)
    expect(store.hasSynced).toBe(false)
    await clock.advance(1000)
    await cache.whenSynced()
    expect(store.hasSynced).toBe(true)
    await cache[Symbol.asyncDispose]()
  })

  test('a fresh list of one namespace leaves the others alone', async () => {
    const { server, clock, cache } = setUp()
    server.put('one', {}, '1', 'a')
    server.put('two', {}, '2', 'b')
    const store = cache.store(configmaps)
    await cache.whenSynced()
    await clock.advance(0)
    const heard: string[] = []
    store.subscribe({
      added: ({ metadata }) => heard.push(`+${metadata.name}`),
      deleted: ({ metadata }) => heard.push(`-${metadata.name}`),
    })
    heard.length = 0
    server.compact()
    server.put('three', {}, '3', 'a')
    server.compact()
    server.reset()
    await clock.advance(5000)
    expect(heard).toEqual(['+three'])
    expect(store.size).toBe(3)
    await cache[Symbol.asyncDispose]()
  })

  test('kinds without namespaces, and stores that ask for everything, are whole', async () => {
    const { server, clock, cache } = setUp()
    server.put('out', {}, '3', 'c')
    const all = cache.store(configmaps, { everywhere: true })
    cache.store(configmaps, { namespace: 'd' })
    cache.store(nodes)
    await cache.whenSynced()
    await clock.advance(0)
    expect(all.size).toBe(1)
    expect(paths(server, false)).toEqual(['/api/v1/configmaps', '/api/v1/namespaces/d/configmaps', '/api/v1/nodes'])
    await cache[Symbol.asyncDispose]()
  })

  test('no namespace at all is a mistake', () => {
    const client = new RestClient({ transport: new FakeApiServer() })
    expect(() => new Cache({ client, namespaces: [] })).toThrow(RangeError)
  })
})

test('a watch that ends goes on where it was; nothing is listed again, whatever time passes', async () => {
  const server = new FakeApiServer()
  server.put('a')
  const clock = new FakeClock()
  await using cache = new Cache({ client: new RestClient({ transport: server, clock }), clock })
  const store = cache.store(configmaps)
  await cache.whenSynced()
  for (let quarter = 0; quarter < 24; quarter += 1) {
    await clock.advance(15 * 60_000)
    server.put('a')
    await clock.advance(1000)
    server.reset()
  }
  expect(store.get('default/a')?.metadata.resourceVersion).toBe(server.list()[0]?.metadata.resourceVersion)
  expect(server.count(false)).toBe(1)
  expect(server.count(true)).toBeGreaterThan(24)
})
