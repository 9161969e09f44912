import { describe, expect, it } from 'vitest'
import { ApiUnderTest, pods } from '../testing/api-under-test.ts'

describe('access', () => {
  it('of service accounts is what their roles give', async () => {
    await using api = await ApiUnderTest.start()
    await api.ok('POST', '/api/v1/namespaces/default/serviceaccounts', {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: 'bot' },
    })
    const bot = api.as('system:serviceaccount:default:bot')
    const refusal = await bot.refused('GET', pods)
    expect(refusal).toMatchObject({
      code: 403,
      message:
        'pods is forbidden: User "system:serviceaccount:default:bot" cannot list resource "pods" in API group "" in the namespace "default"',
    })
    const rbac = '/apis/rbac.authorization.k8s.io/v1/namespaces/default'
    await api.ok('POST', `${rbac}/roles`, {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'Role',
      metadata: { name: 'reader' },
      rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get', 'list'] }],
    })
    await api.ok('POST', `${rbac}/rolebindings`, {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name: 'reader' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'reader' },
      subjects: [{ kind: 'ServiceAccount', name: 'bot', namespace: 'default' }],
    })
    expect((await bot.list(pods)).items).toEqual([])
    expect((await bot.refused('DELETE', pods)).code).toBe(403)
    const review = {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      spec: { resourceAttributes: { verb: 'list', resource: 'pods', namespace: 'default' } },
    }
    expect(await bot.ok('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', review)).toMatchObject({
      status: {
        allowed: true,
        reason: 'RBAC: allowed by RoleBinding "reader/default" of Role "reader" to ServiceAccount "bot/default"',
      },
    })
  })

  it('to one object by its name includes lists and watches of it alone', async () => {
    await using api = await ApiUnderTest.start()
    const rbac = '/apis/rbac.authorization.k8s.io/v1'
    await api.ok('POST', `${rbac}/clusterroles`, {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name: 'one' },
      rules: [{ apiGroups: [''], resources: ['pods'], resourceNames: ['one'], verbs: ['list', 'watch'] }],
    })
    await api.ok('POST', `${rbac}/clusterrolebindings`, {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name: 'one' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'one' },
      subjects: [{ kind: 'ServiceAccount', name: 'bot', namespace: 'default' }],
    })
    const bot = api.as('system:serviceaccount:default:bot')
    expect((await bot.list('/api/v1/pods?fieldSelector=metadata.name%3Done')).items).toEqual([])
    for (const selector of [
      '',
      '?fieldSelector=metadata.name%3Dtwo',
      '?fieldSelector=metadata.name!%3Done',
      '?fieldSelector=metadata.name',
    ]) {
      expect(await bot.refused('GET', `/api/v1/pods${selector}`)).toMatchObject({ code: 403 })
    }
  })

  it('tokens are minted, reviewed, and die with their account', async () => {
    await using api = await ApiUnderTest.start()
    const accounts = '/api/v1/namespaces/default/serviceaccounts'
    await api.ok('POST', accounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'bot' } })
    const request = await api.ok('POST', `${accounts}/bot/token`, {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { expirationSeconds: 900 },
    })
    const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token: request.status['token'] } }
    const path = '/apis/authentication.k8s.io/v1/tokenreviews'
    expect(await api.ok('POST', path, review)).toMatchObject({
      status: { authenticated: true, user: { username: 'system:serviceaccount:default:bot' } },
    })
    await api.ok('DELETE', `${accounts}/bot`)
    expect(await api.ok('POST', path, review)).toMatchObject({ status: { user: {}, error: 'invalid bearer token' } })
  })
})
