import { describe, expect, test } from 'vitest'
import type { Service } from '../apis/core/types.generated.ts'
import { ApiError } from '../kube/api-error.ts'
import type { AddressEngine } from './engine.ts'
import { claimOf, FakeCluster } from './fake-services.ts'
import type { Claim, ClaimStatus } from './model.ts'
import { defaultProviderConfig } from './provider-config.ts'
import { networkStatusAnnotation, networkStatusOf } from './publish.ts'

const signal = new AbortController().signal
const volc = { ClbIds: 'clb-1,clb-2', PortProtocols: '80/TCP,90/UDP' }

/** Reconciles until the engine says the same twice, with the watch and the cloud keeping up. */
async function bring(cluster: FakeCluster, engine: AddressEngine, claim: Claim): Promise<ClaimStatus> {
  await engine.reconcile(claim, signal)
  cluster.deliver()
  cluster.settle()
  return engine.reconcile(claim, signal)
}

const serviceOf = (cluster: FakeCluster, name: string): Service => cluster.services.get(`default/${name}`)!
const portsOf = (cluster: FakeCluster, name: string) =>
  serviceOf(cluster, name).spec!.ports!.map(({ port, protocol }) => `${port}/${protocol}`)

describe('a Service per server', () => {
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
})

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

describe('Kubernetes-NodePort', () => {
  const claim = claimOf('rooms-0', 'Kubernetes-NodePort', { PortProtocols: '80,90/UDP' })

  test('waits for a node, then publishes its address', async () => {
    const cluster = new FakeCluster()
    const engine = await cluster.start()
    const unscheduled = { ...claim, backend: { ...claim.backend!, node: undefined } }
    const waiting = await engine.reconcile(unscheduled, signal)
    expect(networkStatusOf(claim.provider, waiting).currentNetworkState).toBe('Waiting')
    const service = serviceOf(cluster, 'rooms-0')
    expect(service.spec).toMatchObject({
      type: 'NodePort',
      ports: [
        { name: '80', port: 80, targetPort: 80 },
        { name: '90-udp', port: 90, protocol: 'UDP' },
      ],
    })
    expect(service.metadata.annotations).toHaveProperty(['game.kruise.io/svc-hash'])
    cluster.put({
      ...service,
      spec: { ...service.spec, ports: service.spec!.ports!.map((port, at) => ({ ...port, nodePort: 30000 + at })) },
    })
    cluster.settle()
    expect(await engine.reconcile(claim, signal)).toMatchObject({ reason: 'NodeNotFound' })
    const heard: string[] = []
    engine.subscribe(key => heard.push(key))
    cluster.addNode('node-1', [
      { type: 'InternalIP', address: '10.1.1.1' },
      { type: 'ExternalIP', address: '198.51.100.1' },
    ])
    expect(heard).toEqual(['default/rooms-0'])
    const { externalAddresses } = networkStatusOf(claim.provider, await engine.reconcile(claim, signal))
    expect(externalAddresses).toEqual([
      { ip: '198.51.100.1', ports: [{ name: '80', protocol: 'TCP', port: 30000 }] },
      { ip: '198.51.100.1', ports: [{ name: '90', protocol: 'UDP', port: 30001 }] },
    ])
  })

  test('is switched off by its selector', async () => {
    const cluster = new FakeCluster()
    const engine = await cluster.start()
    await bring(cluster, engine, claim)
    await bring(cluster, engine, { ...claim, disabled: true })
    expect(serviceOf(cluster, 'rooms-0').spec?.selector).toEqual({ 'game.kruise.io/svc-selector-disabled': 'rooms-0' })
    await bring(cluster, engine, claim)
    expect(serviceOf(cluster, 'rooms-0').spec?.selector).toEqual({ 'statefulset.kubernetes.io/pod-name': 'rooms-0' })
  })
})

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

describe('validate', () => {
  test.each<[string, Record<string, string>, string[]]>([
    ['Volcengine-CLB', volc, []],
    ['Volcengine-CBL', volc, ['there is no network type "Volcengine-CBL"; did you mean "Volcengine-CLB"?']],
    ['Volcengine-CLB', { ...volc, ClbId: 'x' }, ['Volcengine-CLB has no parameter "ClbId"; did you mean "ClbIds"?']],
    ['Volcengine-CLB', { PortProtocols: '80' }, ['Volcengine-CLB needs the parameter ClbIds']],
    [
      'Volcengine-CLB',
      { ...volc, PortProtocols: '80/TPC' },
      ['PortProtocols "80/TPC" is not port/protocol: the protocol must be TCP, UDP or TCPUDP'],
    ],
    [
      'Volcengine-CLB',
      { ...volc, PortProtocols: 'http' },
      ['PortProtocols "http" is not port/protocol: the port must be a number from 1 to 65535'],
    ],
    ['Volcengine-CLB', { ...volc, PortProtocols: '80/TCPUDP,80/UDP' }, ['PortProtocols port 80/UDP is listed twice']],
    ['Volcengine-CLB', { ...volc, Fixed: 'yes' }, ['Fixed must be true or false, not "yes"']],
    [
      'HwCloud-ELB',
      { ElbIds: 'a', PortProtocols: '80', ElbIdleTimeout: '5000' },
      ['ElbIdleTimeout must be a number from 0 to 4000, not "5000"'],
    ],
    [
      'HwCloud-ELB',
      { ElbIds: 'a', PortProtocols: '80', ElbLbAlgorithm: 'RANDOM' },
      ['ElbLbAlgorithm must be one of ROUND_ROBIN, LEAST_CONNECTIONS, SOURCE_IP, not "RANDOM"'],
    ],
    ['HwCloud-CCE-ELB', { PortProtocols: '80' }, ['HwCloud-CCE-ELB needs kubernetes.io/elb.id or kubernetes.io/elb.autocreate']],
    [
      'HwCloud-CCE-ELB',
      { PortProtocols: '80', 'kubernetes.io/elb.id': 'a', 'kubernetes.io/elb.autocreate': '{}' },
      ['kubernetes.io/elb.id and kubernetes.io/elb.autocreate exclude each other'],
    ],
    ['Kubernetes-HostPort', { ContainerPorts: '80' }, ['ContainerPorts "80" is not container:port/protocol,…']],
    ['Kubernetes-HostPort', {}, ['Kubernetes-HostPort needs the parameter ContainerPorts']],
  ])('%s %j', async (provider, parameters, expected) => {
    const engine = await new FakeCluster().start()
    expect(
      engine
        .validate(
          provider,
          Object.entries(parameters).map(([name, value]) => ({ name, value })),
        )
        .map(problem => problem.message),
    ).toEqual(expected)
  })

  test('what is wrong is told at the claim too', async () => {
    const engine = await new FakeCluster().start()
    expect(await engine.reconcile(claimOf('a-0', 'Nope', {}), signal)).toMatchObject({ state: 'Rejected', reason: 'UnknownNetworkType' })
    expect(await engine.reconcile(claimOf('a-0', 'Volcengine-CLB', {}), signal)).toMatchObject({
      state: 'Rejected',
      reason: 'InvalidParameters',
    })
    const off = await new FakeCluster().start({ ranges: {}, off: { 'volcengine.clb': '[volcengine.clb] max_port must be above min_port' } })
    expect(await off.reconcile(claimOf('a-0', 'Volcengine-CLB', volc), signal)).toMatchObject({ reason: 'ProviderOff' })
  })
})
