import { describe, expect, test } from 'vitest'
import { bring, claimOf, FakeCluster, portsOf, serviceOf } from '../../fake-cluster.ts'
import { networkStatusOf } from '../../publish.ts'

const signal = new AbortController().signal
const volc = { ClbIds: 'clb-1,clb-2', PortProtocols: '80/TCP,90/UDP' }

describe('changes under a living server', () => {
  test('a new pod waits for the Service of the old one, unless the address is fixed', async () => {
    for (const fixed of ['false', 'true']) {
      const cluster = new FakeCluster()
      const engine = await cluster.start()
      const parameters = { ...volc, Fixed: fixed }
      await bring(cluster, engine, claimOf('rooms-0', 'Volcengine-CLB', parameters))
      const before = portsOf(cluster, 'rooms-0')
      const again = claimOf('rooms-0', 'Volcengine-CLB', parameters, { pod: { uid: 'pod-2', podIPs: ['10.0.0.9'] } })
      const status = await engine.reconcile(again, signal)
      if (fixed === 'true') {
        expect(status.endpoints.find(endpoint => endpoint.scope === 'internal')?.ip).toBe('10.0.0.9')
        expect(portsOf(cluster, 'rooms-0')).toEqual(before)
        expect(serviceOf(cluster, 'rooms-0').metadata.ownerReferences?.[0]).toMatchObject({
          kind: 'GameServerSet',
          name: 'rooms',
          uid: 'set-1',
        })
      } else {
        expect(status).toMatchObject({ state: 'Waiting', reason: 'PreviousServiceRemains' })
        await engine.reconcile(claimOf('rooms-1', 'Volcengine-CLB', parameters), signal)
        expect(portsOf(cluster, 'rooms-1')).toEqual(['551/TCP', '551/UDP'])
        cluster.remove('default/rooms-0')
        cluster.settle()
        expect(await bring(cluster, engine, again)).toMatchObject({ state: 'Bound' })
      }
    }
  })

  test('Fixed can be switched on and off under a living server, its address stays', async () => {
    const cluster = new FakeCluster()
    const engine = await cluster.start()
    await bring(cluster, engine, claimOf('rooms-0', 'Volcengine-CLB', volc))
    const before = portsOf(cluster, 'rooms-0')
    expect(await bring(cluster, engine, claimOf('rooms-0', 'Volcengine-CLB', { ...volc, Fixed: 'true' }))).toMatchObject({ state: 'Bound' })
    expect(serviceOf(cluster, 'rooms-0').metadata.ownerReferences).toEqual([expect.objectContaining({ kind: 'GameServerSet' })])
    await bring(cluster, engine, claimOf('rooms-0', 'Volcengine-CLB', volc))
    expect(serviceOf(cluster, 'rooms-0').metadata.ownerReferences).toEqual([expect.objectContaining({ kind: 'Pod' })])
    expect(portsOf(cluster, 'rooms-0')).toEqual(before)
  })

  test('disabled and enabled again, the ports are the same', async () => {
    const cluster = new FakeCluster()
    const engine = await cluster.start()
    const claim = claimOf('rooms-0', 'HwCloud-ELB', { ElbIds: 'elb-1', PortProtocols: '80' })
    await bring(cluster, engine, claim)
    const off = await bring(cluster, engine, { ...claim, disabled: true })
    expect(off).toMatchObject({ state: 'Disabled', reason: 'NetworkDisabled', endpoints: [] })
    expect(networkStatusOf('HwCloud-ELB', off).currentNetworkState).toBe('NotReady')
    expect(serviceOf(cluster, 'rooms-0').spec).toMatchObject({ type: 'ClusterIP' })
    expect(serviceOf(cluster, 'rooms-0').spec?.externalTrafficPolicy).toBeUndefined()
    const restarted = await cluster.start()
    await restarted.reconcile(claimOf('rooms-1', 'HwCloud-ELB', { ElbIds: 'elb-1', PortProtocols: '80' }), signal)
    expect(portsOf(cluster, 'rooms-1')).toEqual(['501/TCP'])
    expect(await bring(cluster, restarted, claim)).toMatchObject({ state: 'Bound' })
    expect(serviceOf(cluster, 'rooms-0').spec).toMatchObject({ type: 'LoadBalancer', externalTrafficPolicy: 'Cluster' })
    expect(portsOf(cluster, 'rooms-0')).toEqual(['500/TCP'])
  })

  test('a changed port list keeps the numbers players know', async () => {
    const cluster = new FakeCluster()
    const engine = await cluster.start()
    await bring(cluster, engine, claimOf('rooms-0', 'Volcengine-CLB', { ClbIds: 'clb-1', PortProtocols: '80/TCP' }))
    await bring(cluster, engine, claimOf('rooms-1', 'Volcengine-CLB', { ClbIds: 'clb-1', PortProtocols: '80/TCP' }))
    await bring(cluster, engine, claimOf('rooms-0', 'Volcengine-CLB', { ClbIds: 'clb-1', PortProtocols: '7777/TCPUDP,80/TCP' }))
    expect(serviceOf(cluster, 'rooms-0').spec?.ports).toEqual([
      { name: '7777-tcp', port: 552, protocol: 'TCP', targetPort: 7777 },
      { name: '7777-udp', port: 552, protocol: 'UDP', targetPort: 7777 },
      { name: '80-tcp', port: 550, protocol: 'TCP', targetPort: 80 },
    ])
  })

  test('a load balancer that never answered can be replaced, one that serves is kept', async () => {
    const cluster = new FakeCluster()
    const engine = await cluster.start()
    const on = (ids: string) => claimOf('rooms-0', 'Volcengine-CLB', { ClbIds: ids, PortProtocols: '80' })
    const id = () => serviceOf(cluster, 'rooms-0').metadata.annotations?.['service.beta.kubernetes.io/volcengine-loadbalancer-id']
    await engine.reconcile(on('clb-missing'), signal)
    cluster.settle()
    await bring(cluster, engine, on('clb-1'))
    expect(id()).toBe('clb-1')
    await bring(cluster, engine, on('clb-2'))
    expect(id()).toBe('clb-1')
  })

  test('AllowNotReadyContainers keeps the pod published while only these change', async () => {
    const cluster = new FakeCluster()
    const engine = await cluster.start()
    const claim = claimOf('rooms-0', 'Volcengine-CLB', { ...volc, AllowNotReadyContainers: 'sidecar,logs' })
    const published = () => serviceOf(cluster, 'rooms-0').spec?.publishNotReadyAddresses === true
    await bring(cluster, engine, claim)
    await bring(cluster, engine, { ...claim, changing: ['game', 'sidecar'] })
    expect(published()).toBe(false)
    await bring(cluster, engine, { ...claim, changing: ['sidecar'] })
    expect(published()).toBe(true)
    await bring(cluster, engine, { ...claim, backend: { ...claim.backend!, ready: false } })
    expect(published()).toBe(true)
    await bring(cluster, engine, claim)
    expect(published()).toBe(false)
  })

  test('several ingress addresses, when asked for', async () => {
    const cluster = new FakeCluster()
    const engine = await cluster.start()
    for (const all of ['true', 'false']) {
      const claim = claimOf(`rooms-${all}`, 'Volcengine-CLB', { ...volc, PortProtocols: '80', EnableMultiIngress: all })
      await engine.reconcile(claim, signal)
      cluster.deliver([{ ip: '203.0.113.7' }, { hostname: 'lb.example.com' }])
      cluster.settle()
      const { externalAddresses } = networkStatusOf('Volcengine-CLB', await engine.reconcile(claim, signal))
      const second = { ip: '', ports: [{ name: '80', protocol: 'TCP', port: all === 'true' ? 550 : 551 }], endPoint: 'lb.example.com' }
      expect(externalAddresses?.slice(1)).toEqual(all === 'true' ? [second] : [])
    }
  })

  test('another network type begins with another Service', async () => {
    const cluster = new FakeCluster()
    const engine = await cluster.start()
    await bring(cluster, engine, claimOf('rooms-0', 'Volcengine-CLB', { ...volc, Fixed: 'true' }))
    const others: [string, Record<string, string>][] = [
      ['Kubernetes-NodePort', { PortProtocols: '80', Fixed: 'true' }],
      ['HwCloud-CCE-ELB', { PortProtocols: '80', Fixed: 'true', 'kubernetes.io/elb.autocreate': '{}' }],
      ['HwCloud-ELB', { PortProtocols: '80', Fixed: 'true', ElbIds: 'e-1' }],
    ]
    for (const [provider, parameters] of others) {
      const claim = claimOf('rooms-0', provider, parameters)
      expect(await engine.reconcile(claim, signal)).toMatchObject({ state: 'Waiting', reason: 'PreviousServiceRemains' })
      cluster.settle()
      await bring(cluster, engine, claim)
      expect(serviceOf(cluster, 'rooms-0').spec?.type).toBe(provider === 'Kubernetes-NodePort' ? 'NodePort' : 'LoadBalancer')
    }
    expect(portsOf(cluster, 'rooms-0')).toEqual(['500/TCP'])
    expect(cluster.writes.map(write => write.verb)).toEqual(['create', 'delete', 'create', 'delete', 'create', 'delete', 'create'])
  })
})
