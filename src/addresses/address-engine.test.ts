import { describe, expect, test } from 'vitest'
import { ApiError } from '../kube/api-error.ts'
import { bring, claimOf, FakeCluster, portsOf, serviceOf } from './fake-cluster.ts'
import { defaultProviderConfig } from './provider-config.ts'
import { networkStatusAnnotation } from './publish.ts'

const signal = new AbortController().signal
const volc = { ClbIds: 'clb-1,clb-2', PortProtocols: '80/TCP,90/UDP' }

describe('a Service per server', () => {
  test('one that came and went without the watch showing it is made again, and one that is only late is not', async () => {
    const cluster = new FakeCluster()
    const engine = await cluster.start()
    const claims = ['rooms-0', 'rooms-1'].map(name => claimOf(name, 'Volcengine-CLB', volc))
    const heard: string[] = []
    engine.subscribe(key => heard.push(key))
    for (const claim of claims) await engine.reconcile(claim, signal)
    cluster.services.delete('default/rooms-0')
    await cluster.clock.advance(4900)
    for (const claim of claims) await engine.reconcile(claim, signal)
    expect([cluster.writes.length, heard]).toEqual([2, []])
    await cluster.clock.advance(200)
    expect(heard).toEqual(['default/rooms-0'])
    for (const claim of claims) await engine.reconcile(claim, signal)
    expect(cluster.writes.map(({ verb, key }) => `${verb} ${key}`).slice(2)).toEqual(['create default/rooms-0'])
  })

  test('one write gives a server its address', async () => {
    const cluster = new FakeCluster()
    const engine = await cluster.start()
    const claim = claimOf('rooms-0', 'Volcengine-CLB', volc)
    expect(await engine.reconcile(claim, signal)).toMatchObject({ state: 'Waiting', reason: 'LoadBalancerPending' })
    expect(serviceOf(cluster, 'rooms-0')).toMatchObject({
      metadata: {
        name: 'rooms-0',
        namespace: 'default',
        annotations: {
          'service.beta.kubernetes.io/volcengine-loadbalancer-id': 'clb-1',
          'service.beta.kubernetes.io/volcengine-loadbalancer-address-type': 'PUBLIC',
          'service.beta.kubernetes.io/volcengine-loadbalancer-scheduler': 'wrr',
          'game.kruise.io/network-config-hash': expect.any(String),
        },
        ownerReferences: [
          { apiVersion: 'v1', kind: 'Pod', name: 'rooms-0', uid: 'pod-rooms-0', controller: true, blockOwnerDeletion: true },
        ],
      },
      spec: {
        type: 'LoadBalancer',
        allocateLoadBalancerNodePorts: true,
        selector: { 'statefulset.kubernetes.io/pod-name': 'rooms-0' },
        ports: [
          { name: '80-tcp', port: 550, protocol: 'TCP', targetPort: 80 },
          { name: '90-udp', port: 550, protocol: 'UDP', targetPort: 90 },
        ],
      },
    })
    const heard: string[] = []
    engine.subscribe(key => heard.push(key))
    cluster.deliver()
    cluster.settle()
    expect(heard).toContain('default/rooms-0')
    const status = await engine.reconcile(claim, signal)
    expect(status.state).toBe('Bound')
    expect(JSON.parse(networkStatusAnnotation('Volcengine-CLB', status))).toEqual({
      internalAddresses: [
        { ip: '10.0.0.5', ports: [{ name: '80', protocol: 'TCP', port: 80 }] },
        { ip: '10.0.0.5', ports: [{ name: '90', protocol: 'UDP', port: 90 }] },
      ],
      externalAddresses: [
        { ip: '203.0.113.7', ports: [{ name: '80', protocol: 'TCP', port: 550 }] },
        { ip: '203.0.113.7', ports: [{ name: '90', protocol: 'UDP', port: 550 }] },
      ],
      currentNetworkState: 'Ready',
      createTime: null,
      lastTransitionTime: null,
    })
    expect(cluster.writes).toHaveLength(1)
  })

  test('a lagging watch does not create twice', async () => {
    const cluster = new FakeCluster()
    const engine = await cluster.start()
    const claim = claimOf('rooms-0', 'Volcengine-CLB', volc)
    await engine.reconcile(claim, signal)
    await engine.reconcile(claim, signal)
    expect(await engine.reconcile({ ...claim, disabled: true }, signal)).toMatchObject({ state: 'Disabled' })
    await engine.reconcile({ ...claim, disabled: true }, signal)
    expect(cluster.writes.map(write => write.verb)).toEqual(['create', 'patch'])
  })

  test('an answer that got lost costs no second port', async () => {
    const cluster = new FakeCluster()
    const engine = await cluster.start()
    const claim = claimOf('rooms-0', 'Volcengine-CLB', volc)
    cluster.failures.push('lost')
    await expect(engine.reconcile(claim, signal)).rejects.toThrow('connection reset')
    await engine.reconcile(claimOf('rooms-1', 'Volcengine-CLB', volc), signal)
    expect(portsOf(cluster, 'rooms-1')).toEqual(['551/TCP', '551/UDP'])
    expect(await engine.reconcile(claim, signal)).toMatchObject({ state: 'Pending', reason: 'ServicePending' })
    expect(await bring(cluster, engine, claim)).toMatchObject({ state: 'Bound' })
    expect(portsOf(cluster, 'rooms-0')).toEqual(['550/TCP', '550/UDP'])
  })

  test('what the API server refuses is told and holds no port', async () => {
    const cluster = new FakeCluster()
    const engine = await cluster.start()
    cluster.failures.push(new ApiError({ code: 422, reason: 'Invalid', message: 'Service "rooms-0" is invalid' }))
    expect(await engine.reconcile(claimOf('rooms-0', 'Volcengine-CLB', volc), signal)).toMatchObject({
      state: 'Rejected',
      reason: 'ServiceRefused',
    })
    await engine.reconcile(claimOf('rooms-1', 'Volcengine-CLB', volc), signal)
    expect(portsOf(cluster, 'rooms-1')[0]).toBe('550/TCP')
  })

  test('a foreign Service is left alone', async () => {
    const cluster = new FakeCluster()
    cluster.put({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'rooms-0', namespace: 'default', uid: 'x', resourceVersion: '', creationTimestamp: '' },
    })
    const engine = await cluster.start()
    expect(await engine.reconcile(claimOf('rooms-0', 'Volcengine-CLB', volc), signal)).toMatchObject({
      state: 'Rejected',
      reason: 'ServiceNameTaken',
    })
    expect(cluster.writes).toEqual([])
  })

  test('capacity ends with a reason, and room calls the waiting claim back', async () => {
    const cluster = new FakeCluster()
    const config = { ...defaultProviderConfig, ranges: { 'volcengine.clb': { min: 550, max: 552, blocked: [551] } } }
    const engine = await cluster.start(config)
    const on = (name: string) => claimOf(name, 'Volcengine-CLB', { ClbIds: 'clb-1,clb-2', PortProtocols: '80' })
    for (const name of ['rooms-0', 'rooms-1', 'rooms-2', 'rooms-3']) await bring(cluster, engine, on(name))
    expect(['rooms-0', 'rooms-1', 'rooms-2', 'rooms-3'].map(name => portsOf(cluster, name)[0])).toEqual([
      '550/TCP',
      '552/TCP',
      '550/TCP',
      '552/TCP',
    ])
    const full = await engine.reconcile(on('rooms-4'), signal)
    expect(full).toEqual({
      state: 'NoCapacity',
      reason: 'NoFreePorts',
      message: 'none of the load balancers clb-1 (2 used), clb-2 (2 used) has 1 free port in 550-552 (without 551), 2 ports each',
      endpoints: [],
    })
    const heard: string[] = []
    engine.subscribe(key => heard.push(key))
    cluster.remove('default/rooms-2')
    cluster.settle()
    expect(heard).toContain('default/rooms-4')
    expect(await bring(cluster, engine, on('rooms-4'))).toMatchObject({ state: 'Bound' })
  })

  test('scatter goes round the load balancers', async () => {
    const cluster = new FakeCluster()
    const engine = await cluster.start()
    const ids: unknown[] = []
    for (let at = 0; at < 4; at++) {
      await bring(cluster, engine, claimOf(`rooms-${at}`, 'Volcengine-CLB', { ...volc, EnableClbScatter: 'true' }))
      ids.push(serviceOf(cluster, `rooms-${at}`).metadata.annotations?.['service.beta.kubernetes.io/volcengine-loadbalancer-id'])
    }
    expect(ids).toEqual(['clb-1', 'clb-2', 'clb-1', 'clb-2'])
  })
})
