import { describe, expect, it } from 'vitest'
import type { GameServer } from '../../../apis/agones.dev/game-server.ts'
import type { Endpoint } from '../../../addresses/model.ts'
import type { Node, Pod } from '../../../apis/core/types.generated.ts'
import { addressOrder } from '../../../apis/agones.dev/address-order.ts'
import { networkAddresses, placeAddresses, primaryAddress, published } from './addresses.ts'
import { networkPorts, statusPorts } from './status-ports.ts'
import { expandBothProtocols } from './port-expansion.ts'

const node = (...addresses: [string, string][]) =>
  ({ status: { addresses: addresses.map(([type, address]) => ({ type, address })) } }) as unknown as Node

const pod = (...ips: string[]) => ({ metadata: {}, status: { podIPs: ips.map(ip => ({ ip })) } }) as unknown as Pod
const server = (order?: string) =>
  ({ metadata: { annotations: order === undefined ? {} : { 'berth.dev/primary-address': order } } }) as unknown as GameServer

describe('primaryAddress', () => {
  it.each<[string, Node, string | undefined]>([
    [
      'a public name wins',
      node(['InternalIP', '10.0.0.1'], ['ExternalIP', '192.0.2.1'], ['ExternalDNS', 'a.example.com']),
      'a.example.com',
    ],
    ['then a public IP', node(['InternalDNS', 'a.local'], ['ExternalIP', '192.0.2.1']), '192.0.2.1'],
    ['an IP that is none does not count', node(['ExternalIP', 'none'], ['InternalDNS', 'a.local']), 'a.local'],
    ['then what is inside', node(['Hostname', 'a'], ['InternalIP', 'fd00::1']), 'fd00::1'],
    ['a host name is no address', node(['Hostname', 'a']), undefined],
  ])('%s', (_, given, expected) => expect(primaryAddress(server(), placeAddresses(given, pod()))?.address).toBe(expected))

  const both = node(['InternalIP', '10.0.0.1'], ['InternalIP', 'fd00::1'], ['ExternalIP', '192.0.2.1'], ['Hostname', 'a'])
  it.each<[string, string | undefined]>([
    ['InternalIP', '10.0.0.1'],
    ['InternalIP/v6, ExternalIP', 'fd00::1'],
    ['PodIP/v6', 'fd00::2'],
    [' PodIP/v4 ', '10.1.0.1'],
    ['ExternalDNS, Hostname', 'a'],
    ['ExternalIP/v6, ExternalDNS', undefined],
    ['as you like', '192.0.2.1'],
  ])('asked for %s: %s', (order, expected) =>
    expect(primaryAddress(server(order), placeAddresses(both, pod('10.1.0.1', 'fd00::2')))?.address).toBe(expected),
  )
})

it('publishes all addresses of the node and then those of the pod', () => {
  expect(placeAddresses(node(['Hostname', 'a'], ['InternalIP', '10.0.0.1']), pod('10.1.0.1', 'fd00::2'))).toEqual([
    { type: 'Hostname', address: 'a' },
    { type: 'InternalIP', address: '10.0.0.1' },
    { type: 'PodIP', address: '10.1.0.1' },
    { type: 'PodIP', address: 'fd00::2' },
  ])
})

it('publishes one port per port: that of the node, or that of the container where the node has none', () => {
  const ports = expandBothProtocols([
    { name: 'game', containerPort: 1, hostPort: 7001, protocol: 'TCPUDP' },
    { name: 'query', portPolicy: 'None', containerPort: 9 },
  ])
  expect(statusPorts(ports)).toEqual([
    { name: 'game-tcp', port: 7001 },
    { name: 'query', port: 9 },
    { name: 'game-udp', port: 7001 },
  ])
})

it.each(['', 'PodIP,', 'podip', 'ExternalDNS/v4', 'InternalIP/v5', 'PodIP ExternalIP', 'PodIP:a', 'SecondaryIP:', 'SecondaryIP:a/b/c'])(
  '%j is no order of addresses',
  text => {
    expect(addressOrder(text)).toBeUndefined()
  },
)

describe('further networks of the pod', () => {
  const status = (text: string) =>
    ({ metadata: { namespace: 'games', annotations: { 'k8s.v1.cni.cncf.io/network-status': text } } }) as unknown as Pod
  const told = JSON.stringify([
    { name: 'cbr0', interface: 'eth0', ips: ['10.1.0.1'], default: true },
    { name: 'games/players', interface: 'net1', ips: ['198.51.100.7', '2001:db8::7'], mac: '0a:58:0a:01:00:01' },
    { name: 'infra/storage', interface: 'net2', ips: ['192.168.7.1'] },
    { name: 'games/no-ip', interface: 'net3' },
  ])

  it('are entries whose type names them', () => {
    expect(placeAddresses(node(), status(told))).toEqual([
      { type: 'SecondaryIP:players', address: '198.51.100.7' },
      { type: 'SecondaryIP:players', address: '2001:db8::7' },
      { type: 'SecondaryIP:infra/storage', address: '192.168.7.1' },
    ])
  })

  it.each(['', '{', 'null', '{}', '[null, 7, {"name":"a"}]'])('%j says nothing of them', text => {
    expect(placeAddresses(node(), status(text))).toEqual([])
  })

  it.each([
    ['SecondaryIP', '198.51.100.7'],
    ['SecondaryIP/v6', '2001:db8::7'],
    ['SecondaryIP:players/v6', '2001:db8::7'],
    ['SecondaryIP:infra/storage', '192.168.7.1'],
    ['SecondaryIP:infra/storage/v4', '192.168.7.1'],
    ['SecondaryIP:storage', undefined],
  ])('asked for %s: %s', (order, expected) => {
    expect(primaryAddress(server(order), placeAddresses(node(), status(told)))?.address).toBe(expected)
  })
})

describe('what is published', () => {
  const all = placeAddresses(node(['InternalIP', '10.0.0.1'], ['ExternalIP', '192.0.2.1'], ['Hostname', 'a']), pod('10.1.0.1', 'fd00::2'))
  const limited = (only: string, order?: string) => {
    const notes = { 'berth.dev/published-addresses': only, ...(order !== undefined && { 'berth.dev/primary-address': order }) }
    return { metadata: { annotations: notes } } as unknown as GameServer
  }
  it.each<[string, string[], string | undefined]>([
    ['ExternalIP', ['192.0.2.1'], '192.0.2.1'],
    ['PodIP/v6, ExternalIP', ['192.0.2.1', 'fd00::2'], '192.0.2.1'],
    ['Hostname, PodIP', ['a', '10.1.0.1', 'fd00::2'], 'a'],
    ['NetworkIP', [], undefined],
  ])('only %s', (only, expected, primary) => {
    const left = published(limited(only), all)
    expect(left.map(({ address }) => address)).toEqual(expected)
    expect(primaryAddress(limited(only), left)?.address).toBe(primary)
  })
  it('an order of the user is kept among what is left', () => {
    const given = limited('PodIP, ExternalIP', 'InternalIP, PodIP')
    expect(primaryAddress(given, published(given, all))?.address).toBe('10.1.0.1')
  })
})

describe('a network', () => {
  const endpoint = (containerPort: number, protocol: 'TCP' | 'UDP', port: number, more: Partial<Endpoint> = {}): Endpoint => ({
    ask: String(containerPort),
    containerPort,
    protocol,
    ip: '203.0.113.7',
    port,
    scope: 'external',
    pool: 'clb-1',
    ...more,
  })
  const inside = endpoint(7654, 'UDP', 7654, { ip: '10.1.0.1', scope: 'internal' })

  it('gives each external address once, names and IPs apart', () => {
    const endpoints = [
      inside,
      endpoint(1, 'TCP', 550, { host: 'lb.example.com' }),
      endpoint(2, 'UDP', 551),
      endpoint(2, 'UDP', 551, { ip: 'n.example.com' }),
    ]
    expect(networkAddresses(endpoints)).toEqual([
      { type: 'NetworkDNS', address: 'lb.example.com' },
      { type: 'NetworkIP', address: '203.0.113.7' },
      { type: 'NetworkDNS', address: 'n.example.com' },
    ])
  })

  it('comes before all others, unless the user says otherwise', () => {
    const addresses = [
      ...placeAddresses(node(['ExternalDNS', 'node.example.com']), pod('10.1.0.1')),
      { type: 'NetworkIP', address: '203.0.113.7' },
    ]
    expect(primaryAddress(server(), addresses)).toEqual({ type: 'NetworkIP', address: '203.0.113.7' })
    expect(primaryAddress(server('PodIP'), addresses)).toEqual({ type: 'PodIP', address: '10.1.0.1' })
  })

  it('has the names of the spec on its ports, in its order, and only those of the address', () => {
    const ports = expandBothProtocols([
      { name: 'game', containerPort: 7654 },
      { name: 'voice', containerPort: 7655, protocol: 'TCPUDP' },
      { name: 'admin', containerPort: 9000, hostPort: 7001, protocol: 'TCP' },
    ])
    const endpoints = [
      endpoint(7655, 'TCP', 551),
      endpoint(7655, 'UDP', 551),
      inside,
      endpoint(7654, 'UDP', 550),
      endpoint(7654, 'UDP', 550, { ip: '203.0.113.8' }),
      endpoint(80, 'TCP', 552),
    ]
    expect(networkPorts(ports, endpoints, '203.0.113.7')).toEqual([
      { name: 'game', port: 550 },
      { name: 'voice-tcp', port: 551 },
      { name: 'voice-udp', port: 551 },
      { name: '80-tcp', port: 552 },
    ])
  })
})
