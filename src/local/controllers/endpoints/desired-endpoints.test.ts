import { describe, expect, it } from 'vitest'
import type { Pod, Service } from '../../../apis/core/types.generated.ts'
import { desiredGroups, desiredSubsets } from './desired-endpoints.ts'

const meta = (name: string) => ({
  name,
  namespace: 'ns',
  uid: `uid-${name}`,
  resourceVersion: '1',
  creationTimestamp: '2026-01-01T00:00:00Z',
})

interface PodFacts {
  ready?: boolean
  ip?: string
  leaving?: boolean
  phase?: 'Running' | 'Succeeded'
  gamePort?: number
  hostname?: string
}

function pod(
  name: string,
  { ready = true, ip = '10.0.0.1', leaving = false, phase = 'Running', gamePort = 7000, hostname }: PodFacts = {},
): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...meta(name), ...(leaving ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}) },
    spec: {
      nodeName: 'node-1',
      ...(hostname === undefined ? {} : { hostname, subdomain: 'svc' }),
      containers: [{ name: 'game', ports: [{ name: 'game', containerPort: gamePort, protocol: 'UDP' }] }],
    },
    status: { phase, ...(ip === '' ? {} : { podIP: ip }), conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
  }
}

const service = (spec: Partial<Service['spec']> = {}): Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: meta('svc'),
  spec: {
    selector: { a: 'b' },
    ports: [
      { name: 'tcp', port: 80, targetPort: 8080, protocol: 'TCP' },
      { name: 'udp', port: 80, targetPort: 'game', protocol: 'UDP' },
    ],
    ...spec,
  },
})

const conditions = (...args: Parameters<typeof desiredGroups>) =>
  desiredGroups(...args).flatMap(group =>
    group.endpoints.map(({ targetRef, conditions: c }) => [targetRef?.name, c?.ready, c?.serving, c?.terminating]),
  )

describe('endpoints of a Service', () => {
  it('names the pod, its node and its ports by number', () => {
    expect(desiredGroups(service(), [pod('b', { ip: '10.0.0.2' }), pod('a')])).toEqual([
      {
        ports: [
          { name: 'tcp', port: 8080, protocol: 'TCP' },
          { name: 'udp', port: 7000, protocol: 'UDP' },
        ],
        endpoints: [
          {
            addresses: ['10.0.0.1'],
            conditions: { ready: true, serving: true, terminating: false },
            nodeName: 'node-1',
            targetRef: { kind: 'Pod', name: 'a', namespace: 'ns', uid: 'uid-a' },
          },
          {
            addresses: ['10.0.0.2'],
            conditions: { ready: true, serving: true, terminating: false },
            nodeName: 'node-1',
            targetRef: { kind: 'Pod', name: 'b', namespace: 'ns', uid: 'uid-b' },
          },
        ],
      },
    ])
  })

  it.each<[string, PodFacts, boolean, unknown[]]>([
    ['ready', {}, false, [['p', true, true, false]]],
    ['not ready', { ready: false }, false, [['p', false, false, false]]],
    ['not ready but published', { ready: false }, true, [['p', true, true, false]]],
    ['leaving', { leaving: true }, false, [['p', false, true, true]]],
    ['leaving but published', { leaving: true }, true, [['p', true, true, true]]],
    ['without an address', { ip: '' }, true, []],
    ['at its end', { phase: 'Succeeded' }, true, []],
  ])('a pod that is %s', (_what, facts, publishNotReadyAddresses, expected) => {
    expect(conditions(service({ publishNotReadyAddresses }), [pod('p', facts)])).toEqual(expected)
  })

  it('groups pods by their port numbers, and cuts groups into slices of 100', () => {
    const many = Array.from({ length: 130 }, (_, index) => pod(`p${index}`))
    const groups = desiredGroups(service(), [...many, pod('other', { gamePort: 7001 })])
    expect(groups.map(group => [group.endpoints.length, group.ports[1]?.port])).toEqual([
      [1, 7001],
      [100, 7000],
      [30, 7000],
    ])
  })

  it('leaves out a port whose name a pod does not have, and tells names under the Service', () => {
    const [group] = desiredGroups(service({ ports: [{ name: 'x', port: 1, targetPort: 'none' }] }), [pod('p', { hostname: 'p-0' })])
    expect(group?.ports).toEqual([])
    expect(group?.endpoints[0]?.hostname).toBe('p-0')
  })

  it('has an empty group without pods', () => {
    expect(desiredGroups(service(), [])).toEqual([{ ports: [{ name: 'tcp', port: 8080, protocol: 'TCP' }], endpoints: [] }])
  })

  it('writes the core form with ready and other addresses apart, without those that leave', () => {
    const groups = desiredGroups(service({ ports: [{ port: 80, targetPort: 8080 }] }), [
      pod('a', { ip: '10.0.0.1' }),
      pod('b', { ip: '10.0.0.2', ready: false }),
      pod('c', { ip: '10.0.0.3', leaving: true }),
    ])
    expect(desiredSubsets(groups)).toMatchObject([
      { addresses: [{ ip: '10.0.0.1' }], notReadyAddresses: [{ ip: '10.0.0.2' }], ports: [{ port: 8080, protocol: 'TCP' }] },
    ])
    expect(desiredSubsets(desiredGroups(service(), []))).toEqual([])
  })
})
