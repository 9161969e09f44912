import { describe, expect, it } from 'vitest'
import { matchConditionsHold } from '../../schema/cel/match-condition.ts'
import { okgWebhookConfiguration } from './webhook-configuration.ts'

const controllerUser = 'system:serviceaccount:berth-system:berth-controller'
const service = { name: 'berth-webhooks', namespace: 'berth-system' }
const { webhooks = [] } = okgWebhookConfiguration({ name: 'berth-webhooks', server: { service }, controllerUser })
const [sets, servers] = webhooks

const isSent = (webhook: typeof sets, object: object, oldObject: object | null, username = 'ada') => {
  const request = { operation: oldObject === null ? 'CREATE' : 'UPDATE', userInfo: { username } }
  return matchConditionsHold(webhook?.matchConditions ?? [], { object, oldObject, request })
}
const a = { metadata: { name: 'a' }, spec: { replicas: 1, gameServerTemplate: { spec: { containers: [{ name: 'game', ports: [1] }] } } } }
const scaled = { ...a, spec: { ...a.spec, replicas: 2 } }

describe('the webhook configuration', () => {
  it('lets an outage of Berth keep nobody from working', () => {
    for (const { failurePolicy, timeoutSeconds, sideEffects } of webhooks) {
      expect({ failurePolicy, timeoutSeconds, sideEffects }).toEqual({ failurePolicy: 'Ignore', timeoutSeconds: 3, sideEffects: 'None' })
    }
  })

  it('is about game servers alone, of any other kind nothing is sent', () => {
    expect(webhooks.map(({ rules }) => rules)).toEqual([
      [
        {
          apiGroups: ['game.kruise.io'],
          apiVersions: ['v1alpha1'],
          resources: ['gameserversets'],
          operations: ['CREATE', 'UPDATE'],
          scope: 'Namespaced',
        },
      ],
      [
        {
          apiGroups: ['game.kruise.io'],
          apiVersions: ['v1alpha1'],
          resources: ['gameservers'],
          operations: ['UPDATE'],
          scope: 'Namespaced',
        },
      ],
    ])
  })

  it.each<[string, boolean]>([
    ['a new set', isSent(sets, a, null)],
    ['another spec', isSent(sets, scaled, a)],
    ['a first spec of a server', isSent(servers, { metadata: {}, spec: { opsState: 'Kill' } }, { metadata: {} })],
    ['another spec of a server', isSent(servers, { spec: { opsState: 'Kill' } }, { spec: { opsState: 'None' } })],
  ])('sends %s', (_what, sent) => expect(sent).toBe(true))

  it.each<[string, boolean]>([
    ['labels', isSent(sets, { ...a, metadata: { name: 'a', labels: { x: 'y' } } }, a)],
    ["Berth's own change", isSent(sets, scaled, a, controllerUser)],
    ['what Berth creates', isSent(sets, a, null, controllerUser)],
    ['labels of a server', isSent(servers, { metadata: { labels: {} }, spec: { opsState: 'None' } }, { spec: { opsState: 'None' } })],
    ['a server without a spec', isSent(servers, { metadata: {} }, { metadata: {} })],
    ["Berth's own change of a server", isSent(servers, { spec: { opsState: 'Kill' } }, { spec: {} }, controllerUser)],
  ])('does not send %s', (_what, sent) => expect(sent).toBe(false))

  it('takes a URL, and namespaces', () => {
    const [first] = okgWebhookConfiguration({ name: 'x', server: { url: 'https://192.0.2.1:9443/' }, namespaces: ['a'] }).webhooks ?? []
    expect(first?.clientConfig).toEqual({ url: 'https://192.0.2.1:9443/validate/game.kruise.io/gameserversets' })
    expect(first?.namespaceSelector).toEqual({ matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'In', values: ['a'] }] })
    expect(first?.matchConditions?.map(({ name }) => name)).toEqual(['spec-changed'])
  })
})
