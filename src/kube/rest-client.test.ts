import { describe, expect, test } from 'vitest'
import { ApiError, isConflict, isNotFound, isUnreachable } from './api-error.ts'
import { FakeApiServer } from './fake-api-server.ts'
import { FakeClock } from './fake-clock.ts'
import type { ResourceType } from './resource.ts'
import { RestClient, type RestClientOptions } from './rest-client.ts'
import type { TransportRequest } from './transport.ts'

const configmaps: ResourceType = { group: '', version: 'v1', plural: 'configmaps', kind: 'ConfigMap', namespaced: true }
const sets: ResourceType = {
  group: 'game.kruise.io',
  version: 'v1alpha1',
  plural: 'gameserversets',
  kind: 'GameServerSet',
  namespaced: true,
}

function setUp(options: Partial<RestClientOptions> = {}) {
  const server = new FakeApiServer()
  const clock = new FakeClock()
  return { server, clock, client: new RestClient({ transport: server, clock, ...options }) }
}

const brief = ({ method, path, headers, body }: TransportRequest) => ({ method, path, type: headers?.['content-type'], body })

describe('RestClient', () => {
  test('reads lists in pages and gives items their type', async () => {
    const { server, client } = setUp()
    for (let index = 0; index < 5; index += 1) server.put(`c${index}`)
    const list = await client.list(configmaps, { namespace: 'default', limit: 2, labelSelector: 'a=b' })
    expect(list.items.map(item => item.metadata.name)).toEqual(['c0', 'c1', 'c2', 'c3', 'c4'])
    expect(server.requests.map(request => request.path)).toEqual([
      '/api/v1/namespaces/default/configmaps?labelSelector=a%3Db&limit=2',
      '/api/v1/namespaces/default/configmaps?labelSelector=a%3Db&limit=2&continue=2',
      '/api/v1/namespaces/default/configmaps?labelSelector=a%3Db&limit=2&continue=4',
    ])
    server.refusals.push({
      status: 200,
      body: { kind: 'ConfigMapList', metadata: { resourceVersion: '1' }, items: [{ metadata: { name: 'x' } }] },
    })
    expect((await client.list(configmaps)).items[0]).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x' } })
  })

  test('a list whose pages expired is read again as a whole', async () => {
    const { server, client } = setUp()
    server.put('a')
    server.refusals.push({ status: 410, body: { kind: 'Status', code: 410, reason: 'Expired' } })
    expect((await client.list(configmaps)).items).toHaveLength(1)
    expect(server.requests.at(-1)?.path).toBe('/api/v1/configmaps')
  })

  test('writes with field manager, type and the right content type', async () => {
    const { server, client } = setUp()
    for (let index = 0; index < 6; index += 1) server.refusals.push({ status: 200, body: {} })
    await client.create(sets, { metadata: { name: 'mc', namespace: 'g' } }, { dryRun: true })
    await client.patch(sets, { namespace: 'g', name: 'mc' }, { spec: {} }, { type: 'apply', force: true, fieldManager: 'me' })
    await client.patch(sets, { namespace: 'g', name: 'mc' }, [], { type: 'json', subresource: 'status' })
    await client.delete(sets, { namespace: 'g', name: 'mc' }, { propagationPolicy: 'Foreground' })
    await client.createSubresource(configmaps, { namespace: 'g', name: 'c' }, 'eviction', { a: 1 })
    expect(server.requests.map(brief)).toEqual([
      {
        method: 'POST',
        path: '/apis/game.kruise.io/v1alpha1/namespaces/g/gameserversets?fieldManager=berth&dryRun=All',
        type: 'application/json',
        body: { apiVersion: 'game.kruise.io/v1alpha1', kind: 'GameServerSet', metadata: { name: 'mc', namespace: 'g' } },
      },
      {
        method: 'PATCH',
        path: '/apis/game.kruise.io/v1alpha1/namespaces/g/gameserversets/mc?fieldManager=me&force=true',
        type: 'application/apply-patch+yaml',
        body: { spec: {} },
      },
      {
        method: 'PATCH',
        path: '/apis/game.kruise.io/v1alpha1/namespaces/g/gameserversets/mc/status?fieldManager=berth',
        type: 'application/json-patch+json',
        body: [],
      },
      {
        method: 'DELETE',
        path: '/apis/game.kruise.io/v1alpha1/namespaces/g/gameserversets/mc',
        type: 'application/json',
        body: { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: 'Foreground' },
      },
      { method: 'POST', path: '/api/v1/namespaces/g/configmaps/c/eviction?fieldManager=berth', type: 'application/json', body: { a: 1 } },
    ])
  })

  test('answers of 400 and above are typed errors with the status', async () => {
    const { server, client } = setUp()
    const status = { kind: 'Status', code: 404, reason: 'NotFound', message: 'configmaps "a" not found', details: { name: 'a' } }
    server.refusals.push({ status: 404, body: status }, { status: 409, body: 'plain words of a proxy' })
    const missing: unknown = await client.get(configmaps, { namespace: 'n', name: 'a' }).catch((error: unknown) => error)
    expect(missing).toBeInstanceOf(ApiError)
    expect(missing).toMatchObject({ code: 404, message: 'configmaps "a" not found', status })
    expect(isNotFound(missing)).toBe(true)
    const conflict: unknown = await client.get(configmaps, { namespace: 'n', name: 'a' }).catch((error: unknown) => error)
    expect(isConflict(conflict)).toBe(true)
    expect(conflict).toMatchObject({ message: 'plain words of a proxy' })
  })

  test('repeats what the server put off, after the time it asked for', async () => {
    const { server, clock, client } = setUp()
    server.refusals.push(
      { status: 429, headers: { 'retry-after': '2' } },
      { status: 503, headers: { 'retry-after': '1' } },
      { status: 200, body: {} },
    )
    const created = client.create(configmaps, { metadata: { name: 'a' } })
    await clock.advance(1999)
    expect(server.requests).toHaveLength(1)
    await clock.advance(1001)
    await created
    expect(server.requests).toHaveLength(3)
  })

  test('repeats reads whose connection broke, but not creates', async () => {
    const { server, clock, client } = setUp()
    const request = server.request.bind(server)
    let breaks = 1
    server.request = what => (breaks-- > 0 ? Promise.reject(Object.assign(new Error('reset'), { code: 'ECONNRESET' })) : request(what))
    const list = client.list(configmaps)
    await clock.advance(100)
    expect((await list).items).toEqual([])
    breaks = 1
    const refused: unknown = await client.create(configmaps, { metadata: { name: 'a' } }).catch((error: unknown) => error)
    expect(isUnreachable(refused)).toBe(true)
  })

  test('keeps to the rate it was given', async () => {
    const { server, clock, client } = setUp({ flowControl: { perSecond: 10, burst: 2 } })
    const all = Promise.all(Array.from({ length: 4 }, () => client.list(configmaps)))
    await clock.advance(0)
    expect(server.requests).toHaveLength(2)
    await clock.advance(100)
    expect(server.requests).toHaveLength(3)
    await clock.advance(100)
    await all
    expect(server.requests).toHaveLength(4)
  })
})
