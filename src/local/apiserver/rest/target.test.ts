import { describe, expect, it } from 'vitest'
import { builtinResources } from '../resources/builtin.ts'
import { ResourceTable } from '../resources/resource-table.ts'
import { targetOf } from './target.ts'

const table = new ResourceTable()
for (const resource of builtinResources(table)) table.add(resource)

describe('paths', () => {
  it.each([
    ['/api/v1/pods', 'pods', undefined, undefined, undefined],
    ['/api/v1/namespaces', 'namespaces', undefined, undefined, undefined],
    ['/api/v1/namespaces/a', 'namespaces', undefined, 'a', undefined],
    ['/api/v1/namespaces/a/status', 'namespaces', undefined, 'a', 'status'],
    ['/api/v1/namespaces/a/finalize', 'namespaces', undefined, 'a', 'finalize'],
    ['/api/v1/namespaces/a/pods', 'pods', 'a', undefined, undefined],
    ['/api/v1/namespaces/a/pods/', 'pods', 'a', undefined, undefined],
    ['/api/v1/namespaces/a/pods/p/log', 'pods', 'a', 'p', 'log'],
    ['/apis/apps/v1/namespaces/a/deployments/d/scale', 'deployments', 'a', 'd', 'scale'],
    ['/apis/rbac.authorization.k8s.io/v1/clusterroles/system%3Anode', 'clusterroles', undefined, 'system:node', undefined],
  ])('%s', (path, plural, namespace, name, subresource) => {
    const target = targetOf(path, table)
    expect([target?.resource.type.plural, target?.namespace, target?.name, target?.subresource]).toEqual([
      plural,
      namespace,
      name,
      subresource,
    ])
  })

  it.each(['/api', '/api/v1', '/apis/apps', '/apis/apps/v1', '/version', '/openapi/v3/api/v1'])('%s is about no resource', path => {
    expect(targetOf(path, table)).toBeUndefined()
  })

  it.each([
    '/api/v1/nothings',
    '/api/v2/pods',
    '/api/v1/namespaces/a/nodes',
    '/api/v1/pods/p',
    '/api/v1/namespaces/a/pods/p/nothing',
    '/api/v1/namespaces/a/pods/%zz',
  ])('%s is not served', path => {
    expect(() => targetOf(path, table)).toThrow('the server could not find the requested resource')
  })
})
