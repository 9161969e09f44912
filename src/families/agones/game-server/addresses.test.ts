import { describe, expect, it } from 'vitest'
import type { GameServer } from '../../../apis/agones.dev/game-server.ts'
import type { Node, Pod } from '../../../apis/core/types.generated.ts'
import { addressOrder, primaryAddress, statusAddresses, statusPorts } from './addresses.ts'
import { expandBothProtocols } from './port-expansion.ts'

const node = (...addresses: [string, string][]) =>
  ({ status: { addresses: addresses.map(([type, address]) => ({ type, address })) } }) as unknown as Node

const pod = (...ips: string[]) => ({ status: { podIPs: ips.map(ip => ({ ip })) } }) as unknown as Pod
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
  ])('%s', (_, given, expected) => expect(primaryAddress(server(), given, pod())).toBe(expected))

  const both = node(['InternalIP', '10.0.0.1'], ['InternalIP', 'fd00::1'], ['ExternalIP', '192.0.2.1'], ['Hostname', 'a'])
  it.each<[string, string | undefined]>([
    ['InternalIP', '10.0.0.1'],
    ['InternalIP/v6, ExternalIP', 'fd00::1'],
    ['PodIP/v6', 'fd00::2'],
    [' PodIP/v4 ', '10.1.0.1'],
    ['ExternalDNS, Hostname', 'a'],
    ['ExternalIP/v6, ExternalDNS', undefined],
    ['as you like', '192.0.2.1'],
  ])('asked for %s: %s', (order, expected) => expect(primaryAddress(server(order), both, pod('10.1.0.1', 'fd00::2'))).toBe(expected))
})

it('publishes all addresses of the node and then those of the pod', () => {
  expect(statusAddresses(node(['Hostname', 'a'], ['InternalIP', '10.0.0.1']), pod('10.1.0.1', 'fd00::2'))).toEqual([
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

it.each(['', 'PodIP,', 'podip', 'ExternalDNS/v4', 'InternalIP/v5', 'PodIP ExternalIP'])('%j is no order of addresses', text => {
  expect(addressOrder(text)).toBeUndefined()
})
