import { describe, expect, it } from 'vitest'
import { Cache } from '../kube/cache.ts'
import { gameServers } from '../apis/agones.dev/game-server.ts'
import { systemClock } from '../kube/clock.ts'
import { noopRecorder } from '../kube/event-recorder.ts'
import { client, counted, createSet, playGames, useInProcessAgones } from '../../test/harness/in-process-agones.ts'
import { answerApiRequest } from './api.ts'
import { agonesServers } from './agones-servers.ts'
import { Allocator } from './allocator.ts'
import { stockOf } from './stock.ts'

useInProcessAgones()

const collection = '/apis/allocation.agones.dev/v1/namespaces/default/gameserverallocations'
const manifest = (spec: object = {}, notes: object = {}) =>
  JSON.stringify({ apiVersion: 'allocation.agones.dev/v1', kind: 'GameServerAllocation', metadata: { annotations: notes }, spec })

const okg = { selectors: [{ matchLabels: { 'game.kruise.io/owner-gss': 'set' } }] }

async function ask(method: string, path: string, body = '', contentType = 'application/json') {
  await using cache = new Cache({ client })
  const store = cache.store(gameServers)
  await store.whenSynced()
  using allocator = new Allocator({
    stocks: [stockOf({ kind: agonesServers, client, store, recorder: noopRecorder, clock: systemClock })],
    clock: systemClock,
  })
  return await answerApiRequest(allocator, { method, path, body, contentType }, new AbortController().signal)
}

describe('allocation.agones.dev as an aggregated API', () => {
  it('tells what it serves', async () => {
    const { status, body } = await ask('GET', '/apis/allocation.agones.dev/v1')
    expect(status).toBe(200)
    expect(body).toMatchObject({
      kind: 'APIResourceList',
      groupVersion: 'allocation.agones.dev/v1',
      resources: [{ name: 'gameserverallocations', kind: 'GameServerAllocation', namespaced: true, verbs: ['create'] }],
    })
    expect((await ask('GET', '/apis')).body).toMatchObject({ groups: [{ name: 'allocation.agones.dev' }] })
  })

  it('allocates what is posted', async () => {
    using _games = playGames()
    await createSet('set', 1)
    await counted('set', { Ready: 1 })
    const { status, body } = await ask('POST', collection, manifest())
    expect(status).toBe(201)
    expect(body).toMatchObject({ kind: 'GameServerAllocation', metadata: { namespace: 'default' }, status: { state: 'Allocated' } })
    await counted('set', { Allocated: 1 })
  })

  it('understands YAML, and says what else it understands', async () => {
    const yaml = 'apiVersion: allocation.agones.dev/v1\nkind: GameServerAllocation\nspec: {}\n'
    expect(await ask('POST', collection, yaml, 'application/yaml')).toMatchObject({
      status: 201,
      body: { status: { state: 'UnAllocated' } },
    })
    const refused = await ask('POST', collection, yaml, 'application/vnd.kubernetes.protobuf')
    expect(refused).toMatchObject({ status: 415, body: { reason: 'UnsupportedMediaType' } })
  })

  it.each([
    ['what it does not serve', 'GET', '/apis/allocation.agones.dev/v2', '', 404, 'NotFound'],
    ['lists: nothing is kept', 'GET', collection, '', 405, 'MethodNotAllowed'],
    ['no JSON', 'POST', collection, '{', 400, 'BadRequest'],
    ['another kind', 'POST', collection, '{"kind":"Pod","apiVersion":"v1"}', 400, 'BadRequest'],
    ['a wait that is none', 'POST', collection, manifest({}, { 'berth.dev/wait': 'long' }), 422, 'Invalid'],
    ['a wait that is too long', 'POST', collection, manifest({}, { 'berth.dev/wait': '31s' }), 422, 'Invalid'],
    ['an id that is empty', 'POST', collection, manifest({}, { 'berth.dev/request-id': '' }), 422, 'Invalid'],
    ['a confirmation that is no time', 'POST', collection, manifest({}, { 'berth.dev/confirm-within': '0s' }), 422, 'Invalid'],
    ['one that takes too long', 'POST', collection, manifest({}, { 'berth.dev/confirm-within': '25h' }), 422, 'Invalid'],
    [
      'one that could not be taken back',
      'POST',
      collection,
      manifest({ counters: { rooms: { action: 'Increment', amount: 1 } } }, { 'berth.dev/confirm-within': '5s' }),
      422,
      'Invalid',
    ],
    [
      'a condition on servers that are not given back',
      'POST',
      collection,
      manifest(okg, { 'berth.dev/confirm-within': '5s' }),
      422,
      'Invalid',
    ],
    ['addresses that there are not', 'POST', collection, manifest({}, { 'berth.dev/primary-address': 'Somewhere' }), 422, 'Invalid'],
    ['a spec that means nothing', 'POST', collection, manifest({ scheduling: 'Somehow' }), 422, 'Invalid'],
  ])('refuses %s', async (_what, method, path, body, code, reason) => {
    expect(await ask(method, path, body)).toMatchObject({ status: code, body: { kind: 'Status', status: 'Failure', reason, code } })
  })
})
