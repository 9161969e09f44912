import { describe, expect, it } from 'vitest'
import { addressOrder } from '../apis/agones.dev/address-order.ts'
import type { GameServer } from '../apis/game.kruise.io/game-server.ts'
import { okgServers } from './okg-servers.ts'

const server = (status: object, spec: object = { opsState: 'None' }, metadata: object = {}): GameServer =>
  ({
    metadata: {
      name: 'set-0',
      namespace: 'n',
      uid: 'u',
      resourceVersion: '7',
      labels: { 'game.kruise.io/owner-gss': 'set', 'game.kruise.io/node-name': 'node-1' },
      ...metadata,
    },
    spec,
    status: { currentState: 'Ready', podStatus: { podIP: '10.1.0.1', podIPs: [{ ip: '10.1.0.1' }, { ip: 'fd00::1' }] }, ...status },
  }) as unknown as GameServer

const port = (number: number | string, name = 'game') => ({ name, protocol: 'UDP', port: number })
const network = (more: object = {}) => ({
  networkStatus: {
    networkType: 'Volcengine-CLB',
    currentNetworkState: 'Ready',
    externalAddresses: [
      { ip: '192.0.2.1', ports: [port(5001)] },
      { ip: '192.0.2.1', ports: [port(5002, 'voice')] },
      { ip: '', endPoint: 'a.example.com', ports: [port(5003)] },
    ],
    internalAddresses: [{ ip: '10.1.0.1', ports: [port(80), port('90-99', 'many')] }],
    ...more,
  },
})

describe('a server of OpenKruiseGame', () => {
  it.each<[string, GameServer, string | undefined]>([
    ['is free when nobody says anything of it', server({}), 'Ready'],
    ['is free when it says nothing of itself', server({}, {}), 'Ready'],
    ['is free when players reach it', server(network()), 'Ready'],
    ['is in use', server(network(), { opsState: 'Allocated' }), 'Allocated'],
    ['is not ready', server({ currentState: 'NotReady' }), undefined],
    ['is not to be reached yet', server(network({ currentNetworkState: 'NotReady' })), undefined],
    ['is switched off', server(network(), { opsState: 'None', networkDisabled: true }), undefined],
    ['is kept for maintenance', server({}, { opsState: 'Maintaining' }), undefined],
    ['waits for its end', server({}, { opsState: 'WaitToBeDeleted' }), undefined],
    ['has a word of its operator', server({}, { opsState: 'warming-up' }), undefined],
    ['is on its way out', server({}, {}, { deletionTimestamp: '2026-01-01T00:00:00Z' }), undefined],
  ])('%s', (_, given, expected) => expect(okgServers.candidateOf(given)?.state).toBe(expected))

  it.each<[string, GameServer, string | undefined, string, object[]]>([
    [
      'the first address for players',
      server(network()),
      undefined,
      '192.0.2.1',
      [
        { name: 'game', port: 5001 },
        { name: 'voice', port: 5002 },
      ],
    ],
    ['a name', server(network()), 'ExternalDNS', 'a.example.com', [{ name: 'game', port: 5003 }]],
    ['what is inside, with ports that are numbers', server(network()), 'InternalIP', '10.1.0.1', [{ name: 'game', port: 80 }]],
    ['the pod, with the ports of the network', server(network()), 'PodIP', '10.1.0.1', [{ name: 'game', port: 80 }]],
    ['the pod where there is no network', server({}), undefined, '10.1.0.1', []],
    ['another family', server({}), 'PodIP/v6', 'fd00::1', []],
  ])('tells %s', (_, given, order, address, ports) => {
    const preferences = order === undefined ? undefined : addressOrder(order)
    const answer = okgServers.answerOf(given, preferences === undefined ? {} : { addressOrder: preferences })
    expect(answer).toMatchObject({ state: 'Allocated', gameServerName: 'set-0', nodeName: 'node-1', source: 'local', address, ports })
  })

  it('publishes every address once, as Agones does', () => {
    expect(okgServers.answerOf(server(network()), {}).addresses).toEqual([
      { type: 'ExternalIP', address: '192.0.2.1' },
      { type: 'ExternalDNS', address: 'a.example.com' },
      { type: 'InternalIP', address: '10.1.0.1' },
      { type: 'PodIP', address: '10.1.0.1' },
      { type: 'PodIP', address: 'fd00::1' },
    ])
  })

  it('is taken by its opsState, in this very version, and not for an earlier request', () => {
    const taken = server({}, {}, { annotations: { 'berth.dev/request-id': 'before' } })
    const spec = { metadata: { labels: { mode: 'duel' } }, counters: { rooms: { action: 'Increment' as const, amount: 1 } } }
    expect(okgServers.changeOf(taken, spec, 0, {})).toEqual({
      patch: {
        metadata: { resourceVersion: '7', labels: { mode: 'duel' }, annotations: { 'berth.dev/request-id': null } },
        spec: { opsState: 'Allocated' },
      },
      troubles: [{ reason: 'CounterActionError', message: 'counter rooms not found' }],
    })
    expect(okgServers.changeOf(server({}), {}, 0, {}).patch).toEqual({
      metadata: { resourceVersion: '7' },
      spec: { opsState: 'Allocated' },
    })
  })
})
