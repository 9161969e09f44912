import { describe, expect, it } from 'vitest'
import type { EndpointSlice, Pod, Service } from '../../../apis/core/types.generated.ts'
import { hostPortListeners } from './host-port-listeners.ts'
import { loadBalancerListeners, serviceListeners, type ServiceWorld } from './service-listeners.ts'

const meta = (name: string) => ({
  name,
  namespace: 'ns',
  uid: `uid-${name}`,
  resourceVersion: '1',
  creationTimestamp: '2026-01-01T00:00:00Z',
})

interface Facts {
  ready?: boolean
  leaving?: boolean
  node?: string
  hostNetwork?: boolean
}

function pod(name: string, { ready = true, leaving = false, node = 'n1', hostNetwork = false }: Facts = {}): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...meta(name), ...(leaving ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}) },
    spec: {
      nodeName: node,
      hostNetwork,
      containers: [
        {
          name: 'c',
          ports: [
            { containerPort: 8080, hostPort: 8000 },
            { containerPort: 9, hostPort: 9, protocol: 'UDP' },
          ],
        },
      ],
    },
    status: { phase: 'Running', podIP: `10.0.0.${name.length}`, conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
  }
}

const nodes = new Map([
  ['n1', '127.64.0.1'],
  ['n2', '127.64.0.2'],
])

function world(pods: Pod[], spec: Partial<Service['spec']> = {}, more: Partial<ServiceWorld> = {}): ServiceWorld {
  return {
    service: {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: meta('svc'),
      spec: {
        type: 'LoadBalancer',
        selector: { a: 'b' },
        clusterIPs: ['10.192.0.9'],
        ports: [{ name: 'a', port: 80, targetPort: 8080, nodePort: 30001, protocol: 'TCP' }],
        ...spec,
      },
    },
    pods,
    slices: [],
    nodes,
    clusterIPs: true,
    ...more,
  }
}

const addresses = (...args: Parameters<typeof world>) => serviceListeners(world(...args)).map(({ ip, port }) => `${ip}:${port}`)
const accepting = (...args: Parameters<typeof world>) =>
  loadBalancerListeners(world(...args), '127.64.16.1')[0]?.backends.map(({ podUid, accepting: takes }) => [podUid, takes])

describe('what a Service listens on', () => {
  it('has its cluster IP, and its node port at every node', () => {
    expect(addresses([pod('p')])).toEqual(['10.192.0.9:80', '127.64.0.1:30001', '127.64.0.2:30001'])
    expect(addresses([pod('p')], {}, { clusterIPs: false })).toEqual(['127.64.0.1:30001', '127.64.0.2:30001'])
    expect(addresses([pod('p')], { clusterIPs: ['None'], ports: [{ port: 80 }] })).toEqual([])
    expect(addresses([pod('p')], { type: 'ExternalName' })).toEqual([])
  })

  it('has TCP and UDP of one number at the load balancer', () => {
    const both = world([pod('p')], {
      ports: [
        { port: 80, protocol: 'TCP', targetPort: 8080 },
        { port: 80, protocol: 'UDP' },
        { port: 5, protocol: 'SCTP' },
      ],
    })
    expect(loadBalancerListeners(both, '127.64.16.1')).toMatchObject([
      { ip: '127.64.16.1', port: 80, protocol: 'TCP', backends: [{ podUid: 'uid-p', port: 8080, accepting: true }] },
      { ip: '127.64.16.1', port: 80, protocol: 'UDP', backends: [{ podUid: 'uid-p', port: 80, accepting: true }] },
    ])
  })

  it('keeps pods that are not ready for the connections they have', () => {
    expect(accepting([pod('p'), pod('qq', { ready: false })])).toEqual([
      ['uid-p', true],
      ['uid-qq', false],
    ])
    expect(accepting([pod('p', { ready: false })], { publishNotReadyAddresses: true })).toEqual([['uid-p', true]])
  })

  it('lets a leaving pod take connections only when there is nobody else', () => {
    expect(accepting([pod('p', { leaving: true })])).toEqual([['uid-p', true]])
    expect(accepting([pod('p', { leaving: true }), pod('qq')])).toEqual([
      ['uid-p', false],
      ['uid-qq', true],
    ])
  })

  it('stays on the node when traffic is local', () => {
    const listeners = serviceListeners(world([pod('p'), pod('qq', { node: 'n2' })], { externalTrafficPolicy: 'Local' }))
    expect(listeners.map(({ ip, backends }) => [ip, backends.map(({ podUid }) => podUid)])).toEqual([
      ['10.192.0.9', ['uid-p', 'uid-qq']],
      ['127.64.0.1', ['uid-p']],
      ['127.64.0.2', ['uid-qq']],
    ])
  })

  it('knows client affinity, and pods in the host network', () => {
    expect(loadBalancerListeners(world([pod('p', { hostNetwork: true })], { sessionAffinity: 'ClientIP' }), 'x')[0]).toMatchObject({
      affinityMs: 10_800_000,
      backends: [{ onHost: true }],
    })
  })

  it('takes what somebody wrote for a Service without a selector', () => {
    const slice: EndpointSlice = {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: meta('svc-1'),
      addressType: 'IPv4',
      ports: [{ name: 'a', port: 6443, protocol: 'TCP' }],
      endpoints: [{ addresses: ['127.0.0.1'] }, { addresses: ['127.0.0.2'], conditions: { ready: false } }],
    }
    expect(loadBalancerListeners(world([], { selector: {} }, { slices: [slice] }), 'x')[0]?.backends).toEqual(
      [
        { podUid: 'address 127.0.0.1', podIP: '127.0.0.1', port: 6443, accepting: true, node: undefined, onHost: true },
        { podUid: 'address 127.0.0.2', podIP: '127.0.0.2', port: 6443, accepting: false, node: undefined, onHost: true },
      ].map(({ node: _node, ...backend }) => backend),
    )
  })
})

describe('what host ports listen on', () => {
  it('is the address of the pod’s node, ready or not', () => {
    expect(hostPortListeners(pod('p', { ready: false, node: 'n2' }), nodes)).toEqual([
      { ip: '127.64.0.2', port: 8000, protocol: 'TCP', backends: [{ podUid: 'uid-p', podIP: '10.0.0.1', port: 8080, accepting: true }] },
      { ip: '127.64.0.2', port: 9, protocol: 'UDP', backends: [{ podUid: 'uid-p', podIP: '10.0.0.1', port: 9, accepting: true }] },
    ])
  })

  it.each<[string, Pod]>([
    ['in the host network', pod('p', { hostNetwork: true })],
    ['on an unknown node', pod('p', { node: 'n9' })],
    ['at its end', { ...pod('p'), status: { phase: 'Failed', podIP: '10.0.0.1' } }],
    ['without an address', { ...pod('p'), status: {} }],
  ])('is nothing for a pod %s', (_what, one) => {
    expect(hostPortListeners(one, nodes)).toEqual([])
  })
})
