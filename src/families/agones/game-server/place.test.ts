import { describe, expect, it } from 'vitest'
import type { Endpoint } from '../../../addresses/model.ts'
import type { GameServer, StatusAddress } from '../../../apis/agones.dev/game-server.ts'
import type { Node, Pod } from '../../../apis/core/types.generated.ts'
import type { NetworkView } from './network-claims.ts'
import { placeOf } from './place.ts'

const node = { metadata: { name: 'n' }, status: { addresses: [{ type: 'InternalIP', address: '10.0.0.1' }] } } as unknown as Node
const pod = { metadata: {}, status: { podIPs: [{ ip: '10.1.0.1' }] } } as unknown as Pod
const endpoint = (ip: string, port: number): Endpoint => ({
  ask: '7654',
  containerPort: 7654,
  protocol: 'UDP',
  ip,
  port,
  scope: 'external',
  pool: 'clb-1',
})
const bound = (...endpoints: Endpoint[]): NetworkView => ({ waits: true, isBound: true, endpoints, isCutOff: false })
const silent: NetworkView = { waits: true, isBound: false, endpoints: [], isCutOff: false }
const lb: StatusAddress = { type: 'NetworkIP', address: '203.0.113.7' }
const inside: StatusAddress[] = [
  { type: 'InternalIP', address: '10.0.0.1' },
  { type: 'PodIP', address: '10.1.0.1' },
]
const server = (status: object = {}) =>
  ({ metadata: {}, spec: { ports: [{ name: 'game', containerPort: 7654, hostPort: 7001 }] }, status }) as unknown as GameServer
const told = (state: string) => server({ state, address: lb.address, addresses: [...inside, lb] })

describe('placeOf', () => {
  it.each<[string, GameServer, NetworkView | undefined, { address: string; port: number | undefined; network: StatusAddress[] }]>([
    ['no network', server(), undefined, { address: '10.0.0.1', port: 7001, network: [] }],
    ['a network that serves', server(), bound(endpoint('203.0.113.7', 550)), { address: '203.0.113.7', port: 550, network: [lb] }],
    ['one that has said nothing yet', server(), silent, { address: '10.0.0.1', port: 7001, network: [] }],
    ['one that gives no address of its own', server(), bound(), { address: '10.0.0.1', port: 7001, network: [] }],
    ['one that is silent by now', told('Ready'), silent, { address: '203.0.113.7', port: undefined, network: [lb] }],
    ['taken away from players', told('Allocated'), undefined, { address: '203.0.113.7', port: undefined, network: [lb] }],
    ['taken away before anybody was sent there', told('Scheduled'), undefined, { address: '10.0.0.1', port: 7001, network: [] }],
  ])('%s', (_, given, network, expected) => {
    const place = placeOf({ server: given, pod, node, network })
    expect(place).toMatchObject({ address: expected.address, addresses: [...inside, ...expected.network] })
    expect(place?.ports?.[0]?.port).toBe(expected.port)
  })

  it('is nowhere without a node, a pod or its IP', () => {
    const network = bound(endpoint('203.0.113.7', 550))
    expect(placeOf({ server: server(), pod: undefined, node, network })).toBeUndefined()
    expect(placeOf({ server: server(), pod, node: undefined, network })).toBeUndefined()
    expect(placeOf({ server: server(), pod: { metadata: {} } as unknown as Pod, node, network })).toBeUndefined()
  })
})
