import { describe, expect, it } from 'vitest'
import { fieldErrorText } from '../../../schema/status.ts'
import type { Draft } from '../registry.ts'
import { builtinStrategies } from './strategies.ts'

const context = { now: () => new Date('2026-01-01T00:00:00Z'), dryRun: false, subresource: undefined }

describe('rules of networks and webhooks', () => {
  it.each([
    ['networking.k8s.io/ingresses', { spec: {} }, ['spec: Invalid value: null: either `defaultBackend` or `rules` must be specified']],
    ['networking.k8s.io/ingresses', { spec: { defaultBackend: {} } }, []],
    ['networking.k8s.io/ingresses', { spec: { rules: [{ host: '*.a.example' }] } }, []],
    [
      'networking.k8s.io/ingresses',
      { spec: { rules: [{ http: { paths: [{ path: '/' }] } }] } },
      ['spec.rules[0].http.paths[0].pathType: Required value: pathType must be specified'],
    ],
    [
      'networking.k8s.io/networkpolicies',
      { spec: { egress: [{ to: [{ ipBlock: { cidr: 'x' } }] }] } },
      ['spec.egress[0].to[0].ipBlock.cidr: Invalid value: "x": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'],
    ],
    [
      'admissionregistration.k8s.io/validatingwebhookconfigurations',
      { webhooks: [{ name: 'a.b.c', clientConfig: { url: 'https://x' }, sideEffects: 'None', admissionReviewVersions: ['v1'] }] },
      [],
    ],
    [
      'admissionregistration.k8s.io/validatingwebhookconfigurations',
      {
        webhooks: [
          { name: 'a', clientConfig: { url: 'http://x' }, sideEffects: 'None', admissionReviewVersions: ['v9'], timeoutSeconds: 31 },
        ],
      },
      [
        'webhooks[0].name: Invalid value: "a": should be a domain with at least three segments separated by dots',
        'webhooks[0].admissionReviewVersions: Invalid value: ["v9"]: must include at least one of v1, v1beta1',
        'webhooks[0].timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and 30 seconds',
        'webhooks[0].clientConfig.url: Invalid value: "http": \'https\' is the only allowed URL scheme; desired format: https://host[/path]',
      ],
    ],
  ])('%s: %j', (key, content, expected) => {
    const object = { apiVersion: 'v1', kind: 'X', metadata: { name: 'x', namespace: 'default' }, ...content } as unknown as Draft
    const strategy = builtinStrategies.get(key)
    strategy?.applyDefaults?.(object)
    expect(strategy?.validate?.(object, undefined, context).map(fieldErrorText)).toEqual(expected)
  })
})
