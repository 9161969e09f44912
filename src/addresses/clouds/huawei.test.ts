import { describe, expect, test } from 'vitest'
import { bring, claimOf, FakeCluster, portsOf, serviceOf } from '../fake-cluster.ts'
import { defaultProviderConfig } from '../provider-config.ts'

const signal = new AbortController().signal

describe('Huawei', () => {
  test('ELB parameters become annotations, defaults included', async () => {
    const cluster = new FakeCluster()
    const engine = await cluster.start()
    const parameters = {
      ElbIds: 'e-1',
      PortProtocols: '7777/TCPUDP',
      ElbClass: 'shared',
      ElbIdleTimeout: '60',
      LBHealthCheckOption: '{"protocol":"TCP"}',
      ElbSessionAffinityOption: '{}',
    }
    await engine.reconcile(claimOf('rooms-0', 'HwCloud-ELB', parameters), signal)
    const service = serviceOf(cluster, 'rooms-0')
    expect(service.metadata.annotations).toEqual({
      'kubernetes.io/elb.id': 'e-1',
      'kubernetes.io/elb.class': 'shared',
      'kubernetes.io/elb.connection-limit': '-1',
      'kubernetes.io/elb.lb-algorithm': 'ROUND_ROBIN',
      'kubernetes.io/elb.session-affinity-flag': 'off',
      'kubernetes.io/elb.session-affinity-option': '{}',
      'kubernetes.io/elb.enable-transparent-client-ip': 'false',
      'kubernetes.io/elb.x-forwarded-host': 'false',
      'kubernetes.io/elb.idle-timeout': '60',
      'kubernetes.io/elb.health-check-flag': 'on',
      'kubernetes.io/elb.health-check-option': '{"protocol":"TCP"}',
      'game.kruise.io/network-config-hash': expect.any(String),
    })
    expect(portsOf(cluster, 'rooms-0')).toEqual(['500/TCP', '500/UDP'])
  })

  test('CCE copies annotations; networks of both types share the ports of an ELB', async () => {
    const cluster = new FakeCluster()
    const engine = await cluster.start({
      ...defaultProviderConfig,
      ranges: { ...defaultProviderConfig.ranges, 'hwcloud.cce.elb': { min: 500, max: 510, blocked: [] } },
    })
    await engine.reconcile(claimOf('rooms-0', 'HwCloud-ELB', { ElbIds: 'e-1', PortProtocols: '80' }), signal)
    const parameters = {
      PortProtocols: '80/TCP',
      'kubernetes.io/elb.class': 'performance',
      'kubernetes.io/elb.id': 'e-1',
      'kubernetes.io/elb.mark': 'x',
    }
    await engine.reconcile(claimOf('rooms-1', 'HwCloud-CCE-ELB', parameters), signal)
    expect(serviceOf(cluster, 'rooms-1').metadata.annotations).toEqual({
      'kubernetes.io/elb.id': 'e-1',
      'kubernetes.io/elb.class': 'performance',
      'kubernetes.io/elb.mark': 'x',
      'game.kruise.io/network-config-hash': expect.any(String),
    })
    expect(portsOf(cluster, 'rooms-1')).toEqual(['501/TCP'])
  })

  test('autocreate gives every server an ELB of its own, whose id the cloud writes', async () => {
    const cluster = new FakeCluster()
    const engine = await cluster.start()
    const on = (name: string, more = {}) =>
      claimOf(name, 'HwCloud-CCE-ELB', { PortProtocols: '80', 'kubernetes.io/elb.autocreate': '{"type":"public"}', ...more })
    for (const name of ['rooms-0', 'rooms-1']) await engine.reconcile(on(name), signal)
    expect([...portsOf(cluster, 'rooms-0'), ...portsOf(cluster, 'rooms-1')]).toEqual(['32768/TCP', '32768/TCP'])
    const service = serviceOf(cluster, 'rooms-0')
    cluster.put({
      ...service,
      metadata: { ...service.metadata, annotations: { ...service.metadata.annotations, 'kubernetes.io/elb.id': 'e-new' } },
    })
    const status = await bring(cluster, engine, on('rooms-0', { 'kubernetes.io/elb.lb-algorithm': 'SOURCE_IP' }))
    expect(status.endpoints.find(endpoint => endpoint.scope === 'external')).toMatchObject({ pool: 'e-new', port: 32768 })
    expect(serviceOf(cluster, 'rooms-0').metadata.annotations).toMatchObject({
      'kubernetes.io/elb.id': 'e-new',
      'kubernetes.io/elb.lb-algorithm': 'SOURCE_IP',
    })
  })
})
