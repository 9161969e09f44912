import { expect, test } from 'vitest'
import type { Node } from '../../apis/core/types.generated.ts'
import { nodeAddress } from './node-address.ts'

test.each<[string, Record<string, string>[], string | undefined]>([
  ['none', [], undefined],
  ['an internal IP when there is nothing else', [{ Hostname: 'h' }, { InternalIP: '10.0.0.1' }], '10.0.0.1'],
  ['an internal name before it', [{ InternalDNS: 'n.local' }, { InternalIP: '10.0.0.1' }], 'n.local'],
  ['the last external IP', [{ InternalDNS: 'n.local' }, { ExternalIP: '198.51.100.1' }, { ExternalIP: '198.51.100.2' }], '198.51.100.2'],
  ['dual stack: the primary family, which the list begins with', [{ InternalIP: '10.0.0.1' }, { InternalIP: 'fd00::1' }], '10.0.0.1'],
  ['dual stack with IPv6 first', [{ InternalIP: 'fd00::1' }, { InternalIP: '10.0.0.1' }], 'fd00::1'],
  [
    'dual stack outside',
    [{ InternalIP: '10.0.0.1' }, { InternalIP: 'fd00::1' }, { ExternalIP: '198.51.100.1' }, { ExternalIP: '2001:db8::1' }],
    '198.51.100.1',
  ],
  ['only the other family outside', [{ InternalIP: '10.0.0.1' }, { ExternalIP: '2001:db8::1' }], '2001:db8::1'],
  ['an external name before all', [{ ExternalDNS: 'n.example.com' }, { ExternalIP: '198.51.100.1' }], 'n.example.com'],
])('%s', (_, list, expected) => {
  const addresses = list.flatMap(entry => Object.entries(entry).map(([type, address]) => ({ type, address })))
  const metadata = { name: 'n', uid: 'n', resourceVersion: '1', creationTimestamp: '' }
  expect(nodeAddress({ apiVersion: 'v1', kind: 'Node', metadata, status: { addresses } } as Node)).toBe(expected)
})
