import { describe, expect, test } from 'vitest'
import { claimOf, FakeCluster } from '../../fake-cluster.ts'
import { networkStatusOf } from '../../publish.ts'

const signal = new AbortController().signal

describe('Kubernetes-HostPort', () => {
  const parameters = [
    { name: 'ContainerPorts', value: 'game:80,SameAsHost/TCPUDP' },
    { name: 'ContainerPorts', value: 'chat:90/UDP' },
  ]

  test('gives the least used ports, and the same again until the pod is there', async () => {
    const cluster = new FakeCluster()
    const engine = await cluster.start()
    cluster.addPod('other', 8000)
    cluster.addPod('over', 8003, 'Succeeded')
    const claim = claimOf('rooms-0', 'Kubernetes-HostPort', parameters)
    const given = engine.prepare(claim)
    expect(given).toEqual({
      ok: true,
      ports: [
        {
          container: 'game',
          ports: [
            { containerPort: 80, hostPort: 8001, protocol: 'TCP' },
            { containerPort: 8002, hostPort: 8002, protocol: 'TCP' },
            { containerPort: 8002, hostPort: 8002, protocol: 'UDP' },
          ],
        },
        { container: 'chat', ports: [{ containerPort: 90, hostPort: 8000, protocol: 'UDP' }] },
      ],
    })
    expect(engine.prepare(claim)).toBe(given)
    engine.unprepare(claim.key)
    expect(engine.prepare(claimOf('rooms-1', 'Kubernetes-HostPort', parameters))).toEqual(given)
  })

  test('publishes one address with all ports', async () => {
    const cluster = new FakeCluster()
    const engine = await cluster.start()
    cluster.addNode('node-1', [{ type: 'ExternalIP', address: '198.51.100.1' }])
    const hostPorts = [
      { container: 'game', containerPort: 80, hostPort: 8001, protocol: 'TCP' as const },
      { container: 'chat', containerPort: 90, hostPort: 8003, protocol: 'UDP' as const },
    ]
    const status = await engine.reconcile(claimOf('rooms-0', 'Kubernetes-HostPort', parameters, { pod: { hostPorts } }), signal)
    expect(networkStatusOf('Kubernetes-HostPort', status)).toMatchObject({
      internalAddresses: [
        {
          ip: '10.0.0.5',
          ports: [
            { name: 'game-80', protocol: 'TCP', port: 80 },
            { name: 'chat-90', protocol: 'UDP', port: 90 },
          ],
        },
      ],
      externalAddresses: [
        {
          ip: '198.51.100.1',
          ports: [
            { name: 'game-80', protocol: 'TCP', port: 8001 },
            { name: 'chat-90', protocol: 'UDP', port: 8003 },
          ],
        },
      ],
      currentNetworkState: 'Ready',
    })
  })
})
