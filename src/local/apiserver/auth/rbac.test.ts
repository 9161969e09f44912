import { describe, expect, it } from 'vitest'
import { covers, type Action, type PolicyRule } from './rbac.ts'

const get = (resource: string, more: Partial<Extract<Action, { kind: 'resource' }>> = {}): Action => ({
  kind: 'resource',
  verb: 'get',
  group: '',
  resource,
  subresource: '',
  namespace: 'n',
  name: 'x',
  ...more,
})
const pods: PolicyRule = { verbs: ['get'], apiGroups: [''], resources: ['pods'] }

describe('rules', () => {
  it.each<[string, PolicyRule, Action, boolean]>([
    ['the resource', pods, get('pods'), true],
    ['another verb', pods, get('pods', { verb: 'delete' }), false],
    ['another group', pods, get('pods', { group: 'apps' }), false],
    ['a subresource not named', pods, get('pods', { subresource: 'log' }), false],
    ['a subresource named', { ...pods, resources: ['pods/log'] }, get('pods', { subresource: 'log' }), true],
    ['a subresource of all', { ...pods, resources: ['*/log'] }, get('pods', { subresource: 'log' }), true],
    ['everything', { verbs: ['*'], apiGroups: ['*'], resources: ['*'] }, get('pods', { subresource: 'log', group: 'x' }), true],
    ['a named object', { ...pods, resourceNames: ['x'] }, get('pods'), true],
    ['another name', { ...pods, resourceNames: ['y'] }, get('pods'), false],
    ['a path', { verbs: ['get'], nonResourceURLs: ['/healthz/*'] }, { kind: 'path', verb: 'get', path: '/healthz/x' }, true],
    ['another path', { verbs: ['get'], nonResourceURLs: ['/healthz'] }, { kind: 'path', verb: 'get', path: '/metrics' }, false],
  ])('cover %s', (_what, rule, action, covered) => {
    expect(covers(rule, action)).toBe(covered)
  })
})
