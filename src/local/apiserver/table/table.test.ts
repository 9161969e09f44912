import { describe, expect, it } from 'vitest'
import { kubernetesFacts } from '../../../apis/core/facts.ts'
import type { Draft, RegisteredResource, TableColumn } from '../registry.ts'
import { builtinCells } from './builtin-cells.ts'
import { renderTable } from './table.ts'

const now = new Date('2026-01-01T01:00:00Z')
const created = '2026-01-01T00:00:00Z'

function resource(group: string, version: string, plural: string, kind: string, columns?: readonly TableColumn[]): RegisteredResource {
  const facts = kubernetesFacts().tables[`${group === '' ? version : `${group}/${version}`}/${plural}`]
  return {
    type: { group, version, plural, kind, namespaced: true },
    listKind: `${kind}List`,
    singular: kind.toLowerCase(),
    shortNames: [],
    categories: [],
    verbs: ['list'],
    subresources: [],
    schema: {},
    custom: facts === undefined,
    hasStatus: true,
    columns: columns ?? facts ?? [],
    strategy: { hasGeneration: false },
  }
}

function object(content: Record<string, unknown>, metadata: Record<string, unknown> = {}): Draft {
  return {
    apiVersion: 'v1',
    kind: 'X',
    ...content,
    metadata: { name: 'x', creationTimestamp: created, resourceVersion: '7', ...metadata },
  } as unknown as Draft
}

const cells = (own: RegisteredResource, draft: Draft) => renderTable(own, [draft], { now, includeObject: 'None' }).rows[0]?.cells

describe('built-in kinds', () => {
  it('have as many cells as columns', () => {
    for (const [key, columns] of Object.entries(kubernetesFacts().tables)) {
      const [group = '', , plural = ''] = key.split('/').length === 2 ? ['', ...key.split('/')] : key.split('/')
      const render = builtinCells.get(`${group}/${plural}`)
      if (render === undefined) continue
      const sample = object({ roleRef: { kind: 'Role', name: 'r' }, addressType: 'IPv4', revision: 1, value: 1, provisioner: 'p' })
      expect(render(sample, now), key).toHaveLength(columns.length)
    }
  })

  it.each<[string, readonly unknown[] | undefined, unknown[]]>([
    [
      'service',
      cells(
        resource('', 'v1', 'services', 'Service'),
        object({
          spec: {
            type: 'LoadBalancer',
            clusterIP: '10.0.0.2',
            clusterIPs: ['10.0.0.2'],
            ports: [
              { port: 80, nodePort: 30001, protocol: 'TCP' },
              { port: 90, protocol: 'UDP' },
            ],
            selector: { b: '2', a: '1' },
          },
          status: { loadBalancer: { ingress: [{ ip: '2.2.2.2' }, { hostname: 'a.example' }] } },
        }),
      ),
      ['x', 'LoadBalancer', '10.0.0.2', '2.2.2.2,a.example', '80:30001/TCP,90/UDP', '60m', 'a=1,b=2'],
    ],
    [
      'pending load balancer',
      cells(resource('', 'v1', 'services', 'Service'), object({ spec: { type: 'LoadBalancer', clusterIPs: ['10.0.0.2'], ports: [] } })),
      ['x', 'LoadBalancer', '10.0.0.2', '<pending>', '<none>', '60m', '<none>'],
    ],
    [
      'deployment',
      cells(
        resource('apps', 'v1', 'deployments', 'Deployment'),
        object({
          spec: {
            replicas: 3,
            selector: { matchLabels: { a: 'b' } },
            template: {
              spec: {
                containers: [
                  { name: 'c', image: 'i:1' },
                  { name: 'd', image: 'j' },
                ],
              },
            },
          },
          status: { readyReplicas: 1, updatedReplicas: 2, availableReplicas: 1 },
        }),
      ),
      ['x', '1/3', 2, 1, '60m', 'c,d', 'i:1,j', 'a=b'],
    ],
    [
      'node',
      cells(
        resource('', 'v1', 'nodes', 'Node'),
        object(
          {
            spec: { unschedulable: true },
            status: {
              conditions: [{ type: 'Ready', status: 'True' }],
              addresses: [{ type: 'InternalIP', address: '1.1.1.1' }],
              nodeInfo: { kubeletVersion: 'v1' },
            },
          },
          { labels: { 'node-role.kubernetes.io/worker': '', 'node-role.kubernetes.io/edge': '' } },
        ),
      ),
      ['x', 'Ready,SchedulingDisabled', 'edge,worker', '60m', 'v1', '1.1.1.1', '<none>', '<unknown>', '<unknown>', '<unknown>'],
    ],
    [
      'event',
      cells(
        resource('', 'v1', 'events', 'Event'),
        object({
          type: 'Normal',
          reason: 'Started',
          message: 'go\n',
          involvedObject: { kind: 'Pod', name: 'p' },
          source: { component: 'kubelet', host: 'n' },
          firstTimestamp: created,
          lastTimestamp: '2026-01-01T00:59:00Z',
          count: 3,
        }),
      ),
      ['60s', 'Normal', 'Started', 'pod/p', '', 'kubelet, n', 'go', '60m', 3, 'x'],
    ],
    [
      'endpoints',
      cells(
        resource('', 'v1', 'endpoints', 'Endpoints'),
        object({ subsets: [{ addresses: [1, 2, 3, 4].map(n => ({ ip: `10.0.0.${n}` })), ports: [{ port: 80 }] }] }),
      ),
      ['x', '10.0.0.1:80,10.0.0.2:80,10.0.0.3:80 + 1 more...', '60m'],
    ],
    [
      'endpoint slice',
      cells(
        resource('discovery.k8s.io', 'v1', 'endpointslices', 'EndpointSlice'),
        object({ addressType: 'IPv4', ports: [{ port: 80 }], endpoints: [] }),
      ),
      ['x', 'IPv4', '80', '<unset>', '60m'],
    ],
    [
      'controller revision',
      cells(
        resource('apps', 'v1', 'controllerrevisions', 'ControllerRevision'),
        object(
          { revision: 4 },
          { ownerReferences: [{ apiVersion: 'game.kruise.io/v1alpha1', kind: 'GameServerSet', name: 's', uid: 'u', controller: true }] },
        ),
      ),
      ['x', 'gameserverset.game.kruise.io/s', 4, '60m'],
    ],
    [
      'job',
      cells(
        resource('batch', 'v1', 'jobs', 'Job'),
        object({
          spec: { completions: 2, selector: {}, template: { spec: { containers: [] } } },
          status: { startTime: created, succeeded: 1 },
        }),
      ),
      ['x', 'Running', '1/2', '60m', '60m', '', '', '<none>'],
    ],
    ['role', cells(resource('rbac.authorization.k8s.io', 'v1', 'roles', 'Role'), object({})), ['x', created]],
  ])('%s', (_, actual, expected) => {
    expect(actual).toEqual(expected)
  })
})

describe('custom resources', () => {
  const games = resource('example.com', 'v1', 'games', 'Game', [
    { name: 'Replicas', type: 'integer', jsonPath: '.spec.replicas' },
    { name: 'State', type: 'string', jsonPath: '.status.state' },
    { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
    { name: 'Note', type: 'string', jsonPath: '.metadata.annotations.example\\.com/note' },
    { name: 'On', type: 'boolean', jsonPath: '.spec.on' },
    { name: 'List', type: 'string', jsonPath: '.spec.list' },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
  ])

  it('show what the paths find, typed, and null for what is missing', () => {
    const full = object(
      {
        spec: { replicas: 3, on: true, list: [1, 2] },
        status: {
          state: 'Ready',
          conditions: [
            { type: 'A', status: 'x' },
            { type: 'Ready', status: 'True' },
          ],
        },
      },
      { annotations: { 'example.com/note': 'hi' } },
    )
    expect(cells(games, full)).toEqual(['x', 3, 'Ready', 'True', 'hi', true, '[1,2]', '60m'])
    expect(cells(games, object({ spec: { replicas: '3' } }))).toEqual(['x', null, null, null, null, null, null, '60m'])
  })

  it('have an age when they declare no columns', () => {
    const plain = { ...games, columns: [] }
    const table = renderTable(plain, [object({})], { now, includeObject: 'Metadata' })
    expect(table.columnDefinitions?.map(({ name }) => name)).toEqual(['Name', 'Age'])
    expect(table.rows[0]).toMatchObject({
      cells: ['x', '60m'],
      object: { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: { name: 'x' } },
    })
  })
})

describe('renderTable', () => {
  const pods = resource('', 'v1', 'pods', 'Pod')

  it('gives the list metadata, or that of the only object', () => {
    const draft = object({ spec: { containers: [] } })
    expect(renderTable(pods, [draft], { now, includeObject: 'None' }).metadata).toEqual({ resourceVersion: '7' })
    const listMetadata = { resourceVersion: '9', continue: 'c', remainingItemCount: 2 }
    expect(renderTable(pods, [draft], { now, includeObject: 'None', listMetadata }).metadata).toEqual(listMetadata)
  })

  it('sends rows with the whole object, and no columns when they are known', () => {
    const draft = object({ spec: { containers: [] } })
    const table = renderTable(pods, [draft], { now, includeObject: 'Object', omitColumns: true })
    expect(table.columnDefinitions).toBeNull()
    expect(table.rows[0]?.object).toBe(draft)
  })
})
