import { describe, expect, it } from 'vitest'
import type { RegisteredResource } from '../registry.ts'
import { OpenApiPublisher } from './publisher.ts'

function resource(group: string, plural: string, kind: string, more: Partial<RegisteredResource> = {}): RegisteredResource {
  return {
    type: { group, version: 'v1', plural, kind, namespaced: true },
    listKind: `${kind}List`,
    singular: kind.toLowerCase(),
    shortNames: [],
    categories: [],
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    subresources: [{ name: 'status', verbs: ['get', 'patch', 'update'] }],
    schema: {},
    custom: false,
    hasStatus: true,
    columns: [],
    strategy: { hasGeneration: false },
    ...more,
  }
}

const pods = resource('', 'pods', 'Pod')
const deployments = resource('apps', 'deployments', 'Deployment')
const games = resource('example.com', 'games', 'Game', {
  custom: true,
  schema: {
    type: 'object',
    description: 'A game.',
    properties: { spec: { type: 'object', properties: { replicas: { type: 'integer' } } } },
  },
})

interface Document {
  paths: Record<
    string,
    Record<string, { parameters?: { name: string }[]; 'x-kubernetes-group-version-kind'?: unknown; requestBody?: { content: object } }>
  >
  components: {
    schemas: Record<string, { properties?: Record<string, unknown>; description?: string; 'x-kubernetes-group-version-kind'?: unknown }>
  }
}

function publisher(resources: RegisteredResource[] = [pods, deployments, games]) {
  const own = new OpenApiPublisher(() => resources)
  return {
    own,
    document: (path: string) => JSON.parse(own.reply(path, 'application/json')?.body ?? 'null') as Document,
    index: () =>
      JSON.parse(own.reply('/openapi/v3', undefined)?.body ?? 'null') as { paths: Record<string, { serverRelativeURL: string }> },
  }
}

describe('OpenApiPublisher', () => {
  it('lists one document per group-version, with its hash', () => {
    const { paths } = publisher().index()
    expect(Object.keys(paths)).toEqual(['api/v1', 'apis/apps/v1', 'apis/example.com/v1'])
    expect(paths['apis/apps/v1']?.serverRelativeURL).toMatch(/^\/openapi\/v3\/apis\/apps\/v1\?hash=[0-9A-F]{32}$/)
  })

  it('says what kubectl looks for: kinds at paths, and the parameters of patches', () => {
    const { paths } = publisher().document('/openapi/v3/apis/apps/v1')
    const kind = { group: 'apps', version: 'v1', kind: 'Deployment' }
    expect(paths['/apis/apps/v1/namespaces/{namespace}/deployments']?.['get']?.['x-kubernetes-group-version-kind']).toEqual(kind)
    const { patch } = paths['/apis/apps/v1/namespaces/{namespace}/deployments/{name}'] ?? {}
    expect(patch?.['x-kubernetes-group-version-kind']).toEqual(kind)
    expect(patch?.parameters?.map(({ name }) => name)).toEqual(['dryRun', 'fieldManager', 'fieldValidation', 'force'])
    expect(Object.keys(paths)).toContain('/apis/apps/v1/namespaces/{namespace}/deployments/{name}/status')
  })

  it('holds every definition it refers to', () => {
    for (const path of ['/openapi/v3/api/v1', '/openapi/v3/apis/apps/v1', '/openapi/v3/apis/example.com/v1']) {
      const { own, document } = publisher()
      const { schemas } = document(path).components
      const references = [...(own.reply(path, undefined)?.body ?? '').matchAll(/#\/components\/schemas\/([\w.-]+)/g)].map(
        match => match[1] ?? '',
      )
      expect(references.filter(name => !(name in schemas))).toEqual([])
    }
  })

  it('keeps the merge rules of built-in kinds', () => {
    const { schemas } = publisher().document('/openapi/v3/api/v1').components
    expect(schemas['io.k8s.api.core.v1.PodSpec']?.properties?.['containers']).toMatchObject({
      'x-kubernetes-patch-merge-key': 'name',
      'x-kubernetes-patch-strategy': 'merge',
      items: { allOf: [{ $ref: '#/components/schemas/io.k8s.api.core.v1.Container' }] },
    })
  })

  it('describes custom resources by their own schemas', () => {
    const document = publisher().document('/openapi/v3/apis/example.com/v1')
    const game = document.components.schemas['com.example.v1.Game']
    expect(game?.description).toBe('A game.')
    expect(Object.keys(game?.properties ?? {}).toSorted()).toEqual(['apiVersion', 'kind', 'metadata', 'spec'])
    expect(game?.['x-kubernetes-group-version-kind']).toEqual([{ group: 'example.com', version: 'v1', kind: 'Game' }])
    const { patch } = document.paths['/apis/example.com/v1/namespaces/{namespace}/games/{name}'] ?? {}
    expect(Object.keys(patch?.requestBody?.content ?? {})).not.toContain('application/strategic-merge-patch+json')
  })

  it('changes the hash of a group with its resources, and of no other', () => {
    const resources = [deployments, games]
    const { index } = publisher(resources)
    const before = index().paths
    resources[1] = { ...games, schema: { type: 'object' } }
    const after = index().paths
    expect(after['apis/apps/v1']).toEqual(before['apis/apps/v1'])
    expect(after['apis/example.com/v1']).not.toEqual(before['apis/example.com/v1'])
    resources.pop()
    expect(Object.keys(index().paths)).toEqual(['apis/apps/v1'])
  })

  it('serves version 2 as protobuf and as JSON', () => {
    const { own } = publisher()
    const protobuf = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf'
    expect(own.reply('/openapi/v2', protobuf)).toMatchObject({
      status: 200,
      contentType: 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf',
    })
    const document = Buffer.from(own.reply('/openapi/v2', protobuf)?.body ?? '')
    // Field 1 is the version of OpenAPI, field 2 the info with title and version; both length-delimited.
    expect([...document.subarray(0, 6)]).toEqual([0x0a, 3, ...Buffer.from('2.0'), 0x12])
    expect(document.toString()).toMatch(/Kubernetes.{2}v1\.\d+\.0$/s)
    expect(own.reply('/openapi/v2', 'text/html')?.status).toBe(406)
    const reply = own.reply('/openapi/v2', 'application/json')
    expect(JSON.parse(reply?.body ?? '')).toMatchObject({
      swagger: '2.0',
      definitions: { 'com.example.v1.Game': { description: 'A game.' } },
    })
  })

  it('answers 404 for unknown groups, and nothing for other paths', () => {
    const { own } = publisher()
    expect(own.reply('/openapi/v3/apis/none/v1', undefined)?.status).toBe(404)
    expect(own.reply('/openapi', undefined)).toBeUndefined()
  })
})
