import { describe, expect, test } from 'vitest'
import { bring, claimOf, FakeCluster, serviceOf } from '../../fake-cluster.ts'
import { networkStatusOf } from '../../publish.ts'

const signal = new AbortController().signal

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
