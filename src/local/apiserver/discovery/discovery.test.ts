import { describe, expect, it } from 'vitest'
import type { RegisteredResource } from '../registry.ts'
import { discoveryReply } from './discovery.ts'
import { compareVersions } from './groups.ts'

function resource(
  group: string,
  version: string,
  plural: string,
  kind: string,
  more: Partial<RegisteredResource> = {},
): RegisteredResource {
  return {
    type: { group, version, plural, kind, namespaced: true },
    listKind: `${kind}List`,
    singular: kind.toLowerCase(),
    shortNames: [],
    categories: [],
    verbs: ['get', 'list'],
    subresources: [],
    schema: {},
    custom: false,
    hasStatus: false,
    columns: [],
    strategy: { hasGeneration: false },
    ...more,
  }
}

const resources = [
  resource('example.com', 'v1alpha1', 'games', 'Game'),
  resource('example.com', 'v1', 'games', 'Game', { shortNames: ['gm'], categories: ['all'] }),
  resource('apps', 'v1', 'deployments', 'Deployment', {
    subresources: [
      { name: 'status', verbs: ['get'], kind: { group: '', version: '', kind: 'Deployment' } },
      { name: 'scale', verbs: ['get', 'update'], kind: { group: 'autoscaling', version: 'v1', kind: 'Scale' } },
    ],
  }),
  resource('', 'v1', 'pods', 'Pod', { shortNames: ['po'] }),
]
const aggregated =
  'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json'

describe('discoveryReply', () => {
  it('lists all groups at once when asked', () => {
    const reply = discoveryReply('/apis', aggregated, resources)
    expect(reply?.contentType).toBe('application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList')
    expect(reply?.body).toMatchObject({
      kind: 'APIGroupDiscoveryList',
      apiVersion: 'apidiscovery.k8s.io/v2',
      items: [
        {
          metadata: { name: 'apps' },
          versions: [
            {
              version: 'v1',
              resources: [
                { resource: 'deployments', scope: 'Namespaced', subresources: [{ subresource: 'status' }, { subresource: 'scale' }] },
              ],
            },
          ],
        },
        {
          metadata: { name: 'example.com' },
          versions: [{ version: 'v1', resources: [{ shortNames: ['gm'], categories: ['all'] }] }, { version: 'v1alpha1' }],
        },
      ],
    })
    expect(discoveryReply('/api', aggregated, resources)?.body).toMatchObject({
      items: [{ metadata: {}, versions: [{ version: 'v1' }] }],
    })
  })

  it('serves no older aggregated form', () => {
    const beta = 'application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList'
    expect(() => discoveryReply('/apis', beta, resources)).toThrow('only the following media types are accepted')
    expect(discoveryReply('/apis', `${beta},application/json`, resources)?.body).toMatchObject({ kind: 'APIGroupList' })
  })

  it.each([
    ['/api', { kind: 'APIVersions', versions: ['v1'] }],
    [
      '/apis',
      {
        kind: 'APIGroupList',
        groups: [{ name: 'apps' }, { name: 'example.com', preferredVersion: { groupVersion: 'example.com/v1', version: 'v1' } }],
      },
    ],
    ['/apis/', { kind: 'APIGroupList' }],
    ['/apis/apps', { kind: 'APIGroup', name: 'apps', versions: [{ groupVersion: 'apps/v1', version: 'v1' }] }],
    ['/api/v1', { kind: 'APIResourceList', groupVersion: 'v1', resources: [{ name: 'pods', singularName: 'pod', shortNames: ['po'] }] }],
    [
      '/apis/apps/v1',
      {
        kind: 'APIResourceList',
        apiVersion: 'v1',
        groupVersion: 'apps/v1',
        resources: [
          { name: 'deployments', kind: 'Deployment', namespaced: true },
          { name: 'deployments/status', kind: 'Deployment' },
          { name: 'deployments/scale', kind: 'Scale', group: 'autoscaling', version: 'v1' },
        ],
      },
    ],
  ])('serves %s plainly', (path, expected) => {
    const reply = discoveryReply(path, 'application/json', resources)
    expect(reply?.contentType).toBe('application/json')
    expect(reply?.body).toMatchObject(expected)
  })

  it('leaves out the group of a subresource that has the parent’s', () => {
    const reply = discoveryReply('/apis/apps/v1', undefined, resources)?.body as { resources: Record<string, unknown>[] }
    expect(reply.resources[1]).not.toHaveProperty('group')
  })

  it.each(['/apis/none', '/apis/apps/v2', '/api/v2', '/apis/apps/v1/deployments', '/version', '/'])('does not know %s', path => {
    expect(discoveryReply(path, undefined, resources)).toBeUndefined()
  })
})

it('orders versions as Kubernetes does', () => {
  const sorted = ['v10', 'v2', 'v1', 'v11beta2', 'v10beta3', 'v3beta1', 'v12alpha1', 'v11alpha2', 'foo1', 'foo10']
  expect(sorted.toReversed().toSorted(compareVersions)).toEqual(sorted)
})
