import { describe, expect, it } from 'vitest'
import type { Node, Pod, PodSpec } from '../../../apis/core/types.generated.ts'
import { NodeRoom } from './node-room.ts'
import { podDemand } from './pod-demand.ts'
import { schedule } from './schedule.ts'
import { tolerates } from './taints.ts'

const meta = (name: string, labels: Record<string, string> = {}) => ({
  name,
  uid: `uid-${name}`,
  resourceVersion: '1',
  creationTimestamp: '2026-01-01T00:00:00Z',
  labels,
})

function node(
  name: string,
  more: { labels?: Record<string, string>; spec?: Node['spec']; allocatable?: Record<string, string>; ready?: string } = {},
): Node {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: meta(name, { 'kubernetes.io/hostname': name, ...more.labels }),
    spec: more.spec ?? {},
    status: {
      allocatable: more.allocatable ?? { cpu: '2', memory: '4Gi', pods: '10' },
      conditions: [{ type: 'Ready', status: more.ready ?? 'True' }],
    },
  }
}

function pod(name: string, spec: Partial<PodSpec> = {}, labels: Record<string, string> = {}): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...meta(name, labels), namespace: 'default' },
    spec: { containers: [{ name: 'game' }], ...spec },
  }
}

const needs = (requests: Record<string, string>): Partial<PodSpec> => ({ containers: [{ name: 'game', resources: { requests } }] })
const port = (hostPort: number, protocol: 'TCP' | 'UDP' = 'TCP', hostIP?: string): Partial<PodSpec> => ({
  containers: [{ name: 'game', ports: [{ containerPort: 1, hostPort, protocol, ...(hostIP === undefined ? {} : { hostIP }) }] }],
})

function room(of: Node, ...pods: Pod[]): NodeRoom {
  const made = new NodeRoom()
  made.setNode(of)
  for (const one of pods) made.add(one)
  return made
}

const affinity = (
  operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist' | 'Gt' | 'Lt',
  key: string,
  values: string[] = [],
): Partial<PodSpec> => ({
  affinity: {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [{ key, operator, values }] }] },
    },
  },
})

const apart: Partial<PodSpec> = {
  affinity: {
    podAntiAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [
        { labelSelector: { matchLabels: { app: 'x' } }, topologyKey: 'kubernetes.io/hostname' },
      ],
    },
  },
}
const together: Partial<PodSpec> = {
  affinity: {
    podAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [{ labelSelector: { matchLabels: { app: 'x' } }, topologyKey: 'zone' }],
    },
  },
}

describe('where a pod goes', () => {
  const a = node('a', { labels: { zone: 'one', size: '8' } })
  const b = node('b', { labels: { zone: 'two', size: '16' } })
  const taint = { key: 'dedicated', value: 'games', effect: 'NoSchedule' as const }
  it.each<[string, Pod, NodeRoom[], string]>([
    ['the emptier node', pod('p'), [room(a, pod('x')), room(b)], 'b'],
    [
      'the node with more left over',
      pod('p', needs({ cpu: '500m' })),
      [room(a, pod('x', needs({ cpu: '1' }))), room(b, pod('y'), pod('z'))],
      'b',
    ],
    ['the first name among equals', pod('p'), [room(b), room(a)], 'a'],
    ['by node selector', pod('p', { nodeSelector: { zone: 'two' } }), [room(a), room(b)], 'b'],
    ['by affinity In', pod('p', affinity('In', 'zone', ['two', 'three'])), [room(a), room(b)], 'b'],
    ['by affinity NotIn', pod('p', affinity('NotIn', 'zone', ['one'])), [room(a), room(b)], 'b'],
    ['by affinity Gt', pod('p', affinity('Gt', 'size', ['10'])), [room(a), room(b)], 'b'],
    ['not to a cordoned node', pod('p'), [room(node('a', { spec: { unschedulable: true } })), room(b)], 'b'],
    ['not to a tainted node', pod('p'), [room(node('a', { spec: { taints: [taint] } })), room(b, pod('x'))], 'b'],
    ['not to a node that is not ready', pod('p'), [room(node('a', { ready: 'False' })), room(b, pod('x'))], 'b'],
    [
      'rather not to an unwanted node',
      pod('p'),
      [room(node('a', { spec: { taints: [{ ...taint, effect: 'PreferNoSchedule' }] } })), room(b, pod('x'))],
      'b',
    ],
    ['where the host port is free', pod('p', port(80)), [room(a, pod('x', port(80))), room(b, pod('y'), pod('z'))], 'b'],
    ['UDP beside TCP', pod('p', port(80, 'UDP')), [room(a, pod('x', port(80)))], 'a'],
    ['two host addresses with one port', pod('p', port(80, 'TCP', '10.0.0.1')), [room(a, pod('x', port(80, 'TCP', '10.0.0.2')))], 'a'],
    ['away from its like', pod('p', apart), [room(a, pod('x', {}, { app: 'x' })), room(b, pod('y'), pod('z'))], 'b'],
    ['to its friends', pod('p', together), [room(a), room(b, pod('x', {}, { app: 'x' }))], 'b'],
    ['anywhere, as the first of its kind', pod('p', together, { app: 'x' }), [room(a), room(b, pod('y'))], 'a'],
  ])('%s', (_what, wanted, rooms, expected) => {
    expect(schedule(wanted, rooms, false)).toEqual({ node: expected })
  })

  it.each<[string, Pod, NodeRoom[], string]>([
    ['no nodes', pod('p'), [], 'no nodes available to schedule pods'],
    [
      'several reasons, in the order of their texts',
      pod('p', {
        ...port(80),
        containers: [{ name: 'game', resources: { requests: { cpu: '2' } }, ports: [{ containerPort: 1, hostPort: 80 }] }],
      }),
      [room(a, pod('x', needs({ cpu: '1' }))), room(b, pod('y', port(80)))],
      "0/2 nodes are available: 1 Insufficient cpu, 1 node(s) didn't have free ports for the requested pod ports.",
    ],
    [
      'several shortages of one node',
      pod('p', needs({ cpu: '3', memory: '5Gi', 'example.com/gpu': '1' })),
      [room(a)],
      '0/1 nodes are available: 1 Insufficient cpu, 1 Insufficient example.com/gpu, 1 Insufficient memory.',
    ],
    [
      'too many pods',
      pod('p'),
      [room(node('a', { allocatable: { cpu: '2', memory: '1Gi', pods: '1' } }), pod('x'))],
      '0/1 nodes are available: 1 Too many pods.',
    ],
    [
      'cordon and taint',
      pod('p'),
      [room(node('a', { spec: { unschedulable: true } })), room(node('b', { spec: { taints: [taint] } }))],
      '0/2 nodes are available: 1 node(s) had untolerated taint {dedicated: games}, 1 node(s) were unschedulable.',
    ],
    [
      'a selector',
      pod('p', { nodeSelector: { zone: 'x' } }),
      [room(a), room(b)],
      "0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector.",
    ],
    [
      'its like everywhere',
      pod('p', apart),
      [room(a, pod('x', {}, { app: 'x' }))],
      "0/1 nodes are available: 1 node(s) didn't match pod anti-affinity rules.",
    ],
    ['no friends', pod('p', together), [room(a)], "0/1 nodes are available: 1 node(s) didn't match pod affinity rules."],
    [
      'the host port on every address',
      pod('p', port(80)),
      [room(a, pod('x', port(80, 'TCP', '10.0.0.2')))],
      "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports.",
    ],
  ])('nowhere: %s', (_what, wanted, rooms, message) => {
    expect(schedule(wanted, rooms, false)).toEqual({ unschedulable: message })
  })

  it('keeps newcomers away from pods that want to be alone', () => {
    const rooms = [room(a, pod('x', apart))]
    expect(schedule(pod('p', {}, { app: 'x' }), rooms, true)).toEqual({
      unschedulable: "0/1 nodes are available: 1 node(s) didn't satisfy existing pods anti-affinity rules.",
    })
    expect(schedule(pod('p'), rooms, true)).toEqual({ node: 'a' })
  })

  it('spreads evenly where it must', () => {
    const constraint = {
      maxSkew: 1,
      topologyKey: 'zone',
      whenUnsatisfiable: 'DoNotSchedule' as const,
      labelSelector: { matchLabels: { app: 'x' } },
    }
    const spread = (more = {}) => pod('p', { topologySpreadConstraints: [{ ...constraint, ...more }] }, { app: 'x' })
    const like = (name: string) => pod(name, {}, { app: 'x' })
    const full = room(node('a', { labels: { zone: 'one' }, allocatable: { cpu: '99', memory: '99Gi', pods: '99' } }), like('1'))
    const rooms = [full, room(node('b', { labels: { zone: 'two' } }), pod('2'), pod('3'))]
    expect(schedule(spread(), rooms, false)).toEqual({ node: 'b' })
    expect(schedule(spread({ maxSkew: 2 }), rooms, false)).toEqual({ node: 'a' })
    expect(schedule(spread({ whenUnsatisfiable: 'ScheduleAnyway' }), rooms, false)).toEqual({ node: 'a' })
    expect(schedule(spread({ minDomains: 3 }), [full], false)).toEqual({
      unschedulable: "0/1 nodes are available: 1 node(s) didn't match pod topology spread constraints.",
    })
    expect(schedule(spread(), [room(node('c'))], false)).toEqual({
      unschedulable: "0/1 nodes are available: 1 node(s) didn't match pod topology spread constraints (missing required label).",
    })
  })

  it('gives room back', () => {
    const one = pod('x', { ...needs({ cpu: '2' }), ...port(80) })
    const full = room(a, one)
    full.add(one)
    expect(full.podCount).toBe(1)
    full.remove(one.metadata.uid)
    expect(schedule(pod('p', { ...needs({ cpu: '2' }), ...port(80) }), [full], false)).toEqual({ node: 'a' })
  })
})

describe('what a pod demands', () => {
  const container = (name: string, cpu: string) => ({ name, resources: { requests: { cpu } } })
  it.each<[string, Partial<PodSpec>, number]>([
    ['the sum of its containers', { containers: [container('a', '100m'), container('b', '0.2')] }, 300],
    [
      'the largest init container',
      { containers: [container('a', '100m')], initContainers: [container('i', '1'), container('j', '500m')] },
      1000,
    ],
    [
      'sidecars beside containers and later init containers',
      {
        containers: [container('a', '1')],
        initContainers: [{ ...container('s', '500m'), restartPolicy: 'Always' as const }, container('i', '2')],
      },
      2500,
    ],
    ['overhead', { containers: [container('a', '1')], overhead: { cpu: '250m' } }, 1250],
    ['pod-level requests', { containers: [container('a', '1')], resources: { requests: { cpu: '3' } } }, 3000],
  ])('%s', (_what, spec, cpu) => {
    expect(podDemand(pod('p', spec)).requests.get('cpu')).toBe(cpu)
  })

  it('takes container ports as host ports in the host network', () => {
    expect(podDemand(pod('p', { hostNetwork: true, containers: [{ name: 'a', ports: [{ containerPort: 7 }] }] })).hostPorts).toEqual([
      { protocol: 'TCP', ip: '0.0.0.0', port: 7 },
    ])
  })
})

describe('tolerations', () => {
  const taint = { key: 'k', value: 'v', effect: 'NoSchedule' as const }
  it.each([
    [{ key: 'k', value: 'v' }, true],
    [{ key: 'k', value: 'w' }, false],
    [{ key: 'k', operator: 'Exists' as const }, true],
    [{ operator: 'Exists' as const }, true],
    [{ key: 'k', value: 'v', effect: 'NoExecute' as const }, false],
    [{ key: 'j', operator: 'Exists' as const }, false],
    [{}, false],
  ])('%j tolerates: %s', (toleration, expected) => {
    expect(tolerates(toleration, taint)).toBe(expected)
  })
})
