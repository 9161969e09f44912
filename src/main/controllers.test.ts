import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { namespaces, pods } from '../apis/core/resources.generated.ts'
import { gameServerSets } from '../apis/game.kruise.io/game-server-set.ts'
import type { GameServerSet } from '../apis/game.kruise.io/game-server-set.ts'
import { Cache } from '../kube/cache.ts'
import { noopLogger } from '../kube/logger.ts'
import type { New } from '../kube/object.ts'
import { RestClient } from '../kube/rest-client.ts'
import type { Transport } from '../kube/transport.ts'
import { type ApiServer, createApiServer } from '../local/apiserver/server.ts'
import { hostPlan } from '../local/host-plan.ts'
import { type ControllersOptions, fillStores, startControllers } from './controllers.ts'
import { installDefinitions } from './definitions.ts'

let api: ApiServer
let client: RestClient
/** Paths of the collections that the controllers listed. */
let listed: string[]
beforeEach(async () => {
  listed = []
  api = await createApiServer({ plan: hostPlan(57) })
  client = new RestClient({ transport: api.transport() })
  await installDefinitions(client, AbortSignal.timeout(5000))
  for (const name of ['inside', 'beside', 'outside']) await client.create(namespaces, { metadata: { name } })
})
afterEach(() => api[Symbol.asyncDispose]())

const nameOf = ({ metadata }: { metadata: { name: string } }) => metadata.name

function observed(): Transport {
  const transport = api.transport('berth')
  return {
    request(request) {
      if (request.method === 'GET' && !request.path.includes('watch=true')) listed.push(request.path.replace(/\?.*/, ''))
      return transport.request(request)
    },
    open: (...args) => transport.open(...args),
    [Symbol.asyncDispose]: () => transport[Symbol.asyncDispose](),
  }
}

function start(options: Partial<ControllersOptions> = {}): Promise<AsyncDisposable> {
  return startControllers(
    { client: new RestClient({ transport: observed() }), logger: noopLogger, ...options },
    new AbortController().signal,
  )
}
const set = (namespace: string, name = 'rooms'): New<GameServerSet> =>
  ({
    metadata: { namespace, name },
    spec: { replicas: 2, gameServerTemplate: { spec: { containers: [{ name: 'game', image: 'game:1' }] } } },
  }) as unknown as New<GameServerSet>

describe('what the controllers read', () => {
  const kinds = [
    '/api/v1/events',
    '/api/v1/nodes',
    '/api/v1/pods',
    '/api/v1/services',
    '/apis/apps/v1/controllerrevisions',
    '/apis/game.kruise.io/v1alpha1/gameservers',
    '/apis/game.kruise.io/v1alpha1/gameserversets',
  ]

  /** Is OpenKruiseGame there? By the names of its Deployment and its Lease, and by discovery whether OpenKruise is. */
  const ofOthers = ['/apis/apps.kruise.io/v1beta1', '/apis/apps/v1/deployments', '/apis/coordination.k8s.io/v1/leases']
  const all = [...kinds, ...ofOthers].toSorted()

  test('each kind is listed once', async () => {
    await using _controllers = await start()
    await vi.waitFor(() => expect(listed.toSorted()).toEqual(all))
    await client.create(gameServerSets, set('inside'))
    await vi.waitFor(async () => expect((await client.list(pods, { namespace: 'inside' })).items).toHaveLength(2))
    expect(listed.toSorted()).toEqual(all)
  })

  test('a second term on the same stores lists nothing again', async () => {
    await using cache = new Cache({ client: new RestClient({ transport: observed() }) })
    fillStores(cache, { agones: false })
    await cache.whenSynced()
    expect(listed.toSorted()).toEqual(kinds)
    for (const name of ['first', 'second']) {
      await using _controllers = await start({ cache })
      await client.create(gameServerSets, set('inside', name))
      await vi.waitFor(async () => expect((await client.list(pods, { namespace: 'inside' })).items.map(nameOf)).toContain(`${name}-1`))
    }
    await vi.waitFor(() => expect(listed.filter(path => kinds.includes(path)).toSorted()).toEqual(kinds))
  })

  test('limited to namespaces: once in each, and nodes, which have none', async () => {
    await using _controllers = await start({ namespaces: ['inside', 'beside'] })
    const within = (namespace: string) =>
      kinds.filter(path => path !== '/api/v1/nodes').map(path => path.replace(/(?=\/\w+$)/, `/namespaces/${namespace}`))
    const wanted = ['/api/v1/nodes', ...within('inside'), ...within('beside'), ...ofOthers]
    await vi.waitFor(() => expect(listed.toSorted()).toEqual(wanted.toSorted()))
  })
})

test('a set outside the namespaces is not touched', async () => {
  await using _controllers = await start({ namespaces: ['inside', 'beside'] })
  const outer = await client.create(gameServerSets, set('outside'))
  await client.create(gameServerSets, set('inside'))
  await client.create(gameServerSets, set('beside'))
  for (const namespace of ['inside', 'beside'])
    await vi.waitFor(async () => expect((await client.list(pods, { namespace })).items).toHaveLength(2))
  expect((await client.list(pods, { namespace: 'outside' })).items).toEqual([])
  expect(await client.get(gameServerSets, { namespace: 'outside', name: 'rooms' })).toEqual(outer)
})
