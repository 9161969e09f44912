import { expect, test } from 'vitest'
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
