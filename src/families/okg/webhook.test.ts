import { describe, expect, it } from 'vitest'
import { parameterValidator } from '../../addresses/parameter-validator.ts'
import type { GameServerSet } from '../../apis/game.kruise.io/game-server-set.ts'
import { ApiError } from '../../kube/api-error.ts'
import type { Client } from '../../kube/client.ts'
import type { AdmissionAnswer } from '../../kube/webhook/admission-review.ts'
import { OkgReviewer } from './admission.ts'
import { okgWebhooks } from './webhook.ts'
import { webhookPaths } from './webhook-configuration.ts'

const set = (networkType = '', { labels = {}, image = 'a:1', ...meta }: Record<string, unknown> = {}) => ({
  metadata: { name: 'rooms', namespace: 'games', labels, ...meta },
  spec: {
    replicas: 1,
    gameServerTemplate: { spec: { containers: [{ name: 'game', image }] } },
    ...(networkType !== '' && {
      network: {
        networkType,
        networkConf: [
          { name: 'ClbIds', value: 'clb-a' },
          { name: 'PortProtocols', value: '80' },
        ],
      },
    }),
  },
})
const server = (...containers: string[]) => ({
  metadata: { name: 'rooms-0', namespace: 'games', labels: { 'game.kruise.io/owner-gss': 'rooms' } },
  spec: { containers: containers.map(name => ({ name, image: 'a:2' })) },
})

interface World {
  stored?: object | Error
  manager?: boolean | Error
  namespaces?: readonly string[]
}

function ask(path: string, object: object | null, oldObject: object | null, { stored, manager = false, namespaces }: World = {}) {
  const client = {
    get: async () => {
      if (stored === undefined) throw new ApiError({ code: 404, reason: 'NotFound' })
      if (stored instanceof Error) throw stored
      return stored as GameServerSet
    },
  } as unknown as Client
  const handlers = okgWebhooks({
    reviewer: new OkgReviewer({ addresses: parameterValidator, client }),
    isManagerDeployed: async () => {
      if (manager instanceof Error) throw manager
      return manager
    },
    ...(namespaces !== undefined && { namespaces }),
  })
  const request = {
    uid: 'u',
    resource: { group: '', version: '', resource: '' },
    operation: oldObject === null ? ('CREATE' as const) : ('UPDATE' as const),
    userInfo: {},
    namespace: 'games',
    object,
    oldObject,
  }
  return Promise.resolve(handlers.get(path)?.(request, new AbortController().signal) as AdmissionAnswer)
}
const askSet = (object: object | null, old: object | null = null, world: World = {}) => ask(webhookPaths.gameServerSets, object, old, world)
const askServer = (object: object, old: object, world: World = {}) => ask(webhookPaths.gameServers, object, old, world)

describe('webhooks about sets', () => {
  it('refuse with field, value, and what was probably meant', async () => {
    expect(await askSet(set('Volcengine-CBL'))).toMatchObject({
      allowed: false,
      status: {
        code: 422,
        reason: 'Invalid',
        message: expect.stringContaining('did you mean "Volcengine-CLB"?'),
        details: { kind: 'GameServerSet', causes: [{ field: 'spec.network.networkType' }] },
      },
    })
    expect(await askSet(set('Volcengine-CLB'))).toMatchObject({ allowed: true })
  })

  it('let errors be that were there before: whoever changes something else must not be kept from it', async () => {
    expect(await askSet(set('Volcengine-CBL', { image: 'a:2' }), set('Volcengine-CBL'))).toMatchObject({ allowed: true })
    expect(await askSet(set('Volcengine-CBL', { image: '' }), set('Volcengine-CBL'))).toMatchObject({
      allowed: false,
      status: { details: { causes: [{ field: 'spec.gameServerTemplate.spec.containers[0].image' }] } },
    })
  })

  it.each<[string, object | null, World]>([
    ['in other namespaces', set('Volcengine-CBL'), { namespaces: ['lobby'] }],
    ['on their way out', set('Volcengine-CBL', { deletionTimestamp: '2026-01-01T00:00:00Z' }), {}],
    ['that Berth shall keep its hands off', set('Volcengine-CBL', { labels: { 'berth.dev/control': 'hands-off' } }), {}],
    ["that OpenKruiseGame's manager may run", set('Volcengine-CBL'), { manager: true }],
    ['without an object', null, {}],
  ])('admit those %s', async (_what, object, world) => {
    expect(await askSet(object, null, world)).toMatchObject({ allowed: true })
  })

  it('refuse beside a manager what Berth takes over', async () => {
    const taken = set('Volcengine-CBL', { labels: { 'berth.dev/control': 'take-over' } })
    expect(await askSet(taken, null, { manager: true })).toMatchObject({ allowed: false })
  })

  it('fail, and do not refuse, when they cannot tell whose the set is', async () => {
    await expect(askSet(set('Volcengine-CBL'), null, { manager: new Error('no answer') })).rejects.toThrow('no answer')
  })
})

describe('webhooks about servers', () => {
  it('compare overrides with the set', async () => {
    expect(await askServer(server('gmae'), server(), { stored: set() })).toMatchObject({
      allowed: false,
      status: {
        details: {
          kind: 'GameServer',
          causes: [{ field: 'spec.containers[0].name', message: expect.stringContaining('did you mean "game"?') }],
        },
      },
    })
    expect(await askServer(server('game'), server(), { stored: set() })).toEqual({ allowed: true, warnings: [] })
  })

  it('admit what has no set, and do not read the set for anything else', async () => {
    expect(await askServer(server('gmae'), server())).toMatchObject({ allowed: true })
    const changed = { ...server('game'), spec: { ...server('game').spec, opsState: 'Killl' } }
    expect(await askServer(changed, server('game'), { stored: new Error('was read') })).toMatchObject({
      allowed: true,
      warnings: [expect.stringContaining('did you mean "Kill"?')],
    })
  })

  it('fail, and do not refuse, when the set cannot be read', async () => {
    await expect(askServer(server('gmae'), server(), { stored: new Error('no answer') })).rejects.toThrow('no answer')
  })
})
