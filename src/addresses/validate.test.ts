import { describe, expect, test } from 'vitest'
import { claimOf, FakeCluster } from './fake-cluster.ts'

const signal = new AbortController().signal
const volc = { ClbIds: 'clb-1,clb-2', PortProtocols: '80/TCP,90/UDP' }

describe('validate', () => {
  test.each<[string, Record<string, string>, string[]]>([
    ['Volcengine-CLB', volc, []],
    ['Volcengine-CBL', volc, ['there is no network type "Volcengine-CBL"; did you mean "Volcengine-CLB"?']],
    ['Volcengine-CLB', { ...volc, ClbId: 'x' }, ['Volcengine-CLB has no parameter "ClbId"; did you mean "ClbIds"?']],
    ['Volcengine-CLB', { ClbId: 'x', PortProtocols: '80' }, ['Volcengine-CLB has no parameter "ClbId"; did you mean "ClbIds"?']],
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
