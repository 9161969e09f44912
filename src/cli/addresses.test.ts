import { describe, expect, test } from 'vitest'
import { AddressTable } from './addresses.ts'
import { byServer, serverAddresses } from './server-addresses.ts'

describe('addresses', () => {
  const server = (name: string, networkStatus?: object, podIP?: string) =>
    serverAddresses({
      apiVersion: 'game.kruise.io/v1alpha1',
      kind: 'GameServer',
      metadata: { name, namespace: 'n', uid: '', resourceVersion: '', creationTimestamp: '' },
      status: {
        currentState: 'Ready',
        ...(networkStatus === undefined ? {} : { networkStatus }),
        ...(podIP === undefined ? {} : { podStatus: { podIP } }),
      },
    })
  const ports = (ip: string, ...list: [string, string, number | string][]) => ({
    ip,
    ports: list.map(([name, protocol, port]) => ({ name, protocol, port })),
  })

  test('pairs external and internal ports, brackets IPv6, takes host names', () => {
    const status = {
      networkType: 'X',
      externalAddresses: [
        ports('fd00::1', ['a', 'TCP', 1]),
        { ip: '', endPoint: 'lb.example.com', ports: [{ name: 'a', protocol: 'UDP', port: 2 }] },
      ],
      internalAddresses: [ports('10.0.0.1', ['a', 'TCP', 80], ['a', 'UDP', 81], ['b', 'TCP', 82])],
    }
    expect(server('mc-0', status).endpoints).toEqual([
      { name: 'a', protocol: 'TCP', external: '[fd00::1]:1', internal: '10.0.0.1:80' },
      { name: 'a', protocol: 'UDP', external: 'lb.example.com:2', internal: '10.0.0.1:81' },
      { name: 'b', protocol: 'TCP', external: '', internal: '10.0.0.1:82' },
    ])
  })

  test('a server without network shows its pod; one whose address is to come says so', () => {
    const rows = new AddressTable().lines([server('mc-10', { networkType: 'X' }), server('mc-9', undefined, '10.0.0.9')].toSorted(byServer))
    expect(rows).toEqual([
      'SERVER   STATE   PORT     PROTOCOL   EXTERNAL    INTERNAL',
      'mc-9     Ready   <none>   <none>     <none>      10.0.0.9',
      'mc-10    Ready   <none>   <none>     <pending>   <none>',
    ])
  })
})
