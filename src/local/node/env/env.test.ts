import { describe, expect, test } from 'vitest'
import fc from 'fast-check'
import type { Container } from '../../../apis/core/types.generated.ts'
import type { PodObject } from '../pods/container-state.ts'
import { containerEnv, type EnvContext } from './container-env.ts'
import { expand } from './expansion.ts'
import { fieldValue, formatMap, quote } from './field-ref.ts'

const pod: PodObject = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name: 'game-0',
    namespace: 'ns',
    uid: 'u',
    resourceVersion: '1',
    creationTimestamp: '2026-01-01T00:00:00Z',
    labels: { b: '2', a: '1' },
    annotations: { 'x.io/k': 'a "quoted"\nvalue' },
  },
  spec: {
    nodeName: 'n0',
    serviceAccountName: 'sa',
    containers: [{ name: 'main', resources: { limits: { cpu: '1500m', memory: '64Mi' }, requests: { cpu: '250m' } } }],
  },
}
const place = { hostIP: '127.64.0.1', podIPs: ['10.128.1.1', 'fd00::1'] }

const context: EnvContext = {
  pod,
  place,
  capacity: { cpu: '32', memory: '128Gi' },
  base: { KUBERNETES_SERVICE_HOST: 'h' },
  config: {
    configMap: (_namespace, name) =>
      Promise.resolve(name === 'cm' ? { apiVersion: 'v1', kind: 'ConfigMap', metadata: pod.metadata, data: { mode: 'fast' } } : undefined),
    secret: (_namespace, name) =>
      Promise.resolve(
        name === 'sec'
          ? { apiVersion: 'v1', kind: 'Secret', metadata: pod.metadata, data: { key: Buffer.from('s3cret').toString('base64') } }
          : undefined,
      ),
  },
}
const env = (definition: Partial<Container>) => containerEnv({ name: 'main', ...definition }, context)

describe('expand', () => {
  test.each([
    ['$(A)-$(B)', '1-2'],
    ['$(NOPE)', '$(NOPE)'],
    ['$$(A)', '$(A)'],
    ['$$$(A)', '$1'],
    ['$A $ $(', '$A $ $('],
    ['$(toString)', '$(toString)'],
  ])('%s', (text, expected) => {
    expect(expand(text, { A: '1', B: '2' })).toBe(expected)
  })

  test('leaves text without dollars alone', () => {
    fc.assert(
      fc.property(
        fc.string().filter(text => !text.includes('$')),
        text => expand(text, { a: 'b' }) === text,
      ),
    )
  })
})

describe('downward API', () => {
  test.each([
    ['metadata.name', 'game-0'],
    ['metadata.namespace', 'ns'],
    ['metadata.uid', 'u'],
    [`metadata.labels['a']`, '1'],
    [`metadata.labels['none']`, ''],
    [`metadata.annotations['x.io/k']`, 'a "quoted"\nvalue'],
    ['metadata.labels', 'a="1"\nb="2"'],
    ['metadata.annotations', String.raw`x.io/k="a \"quoted\"\nvalue"`],
    ['spec.nodeName', 'n0'],
    ['spec.serviceAccountName', 'sa'],
    ['status.hostIP', '127.64.0.1'],
    ['status.podIP', '10.128.1.1'],
    ['status.podIPs', '10.128.1.1,fd00::1'],
  ])('%s', (path, expected) => {
    expect(fieldValue(pod, path, place)).toBe(expected)
  })

  test('refuses other paths', () => {
    expect(() => fieldValue(pod, 'spec.hostname', place)).toThrow('unsupported fieldPath: spec.hostname')
  })

  test('quotes as Go does', () => {
    expect(quote('tab\t bell\x07 esc\x1b é \\')).toBe(String.raw`"tab\t bell\a esc\x1b é \\"`)
    expect(formatMap({})).toBe('')
  })
})

describe('containerEnv', () => {
  test('values see what stands before them', async () => {
    expect(
      await env({
        env: [
          { name: 'A', value: 'x' },
          { name: 'B', value: '$(A)y$(C)' },
          { name: 'C', value: 'z' },
        ],
      }),
    ).toMatchObject({ B: 'xy$(C)', KUBERNETES_SERVICE_HOST: 'h' })
  })

  test('takes values from everywhere', async () => {
    const result = await env({
      envFrom: [
        { prefix: 'P_', configMapRef: { name: 'cm' } },
        { secretRef: { name: 'sec' } },
        { configMapRef: { name: 'no', optional: true } },
      ],
      env: [
        { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
        { name: 'CM', valueFrom: { configMapKeyRef: { name: 'cm', key: 'mode' } } },
        { name: 'SEC', valueFrom: { secretKeyRef: { name: 'sec', key: 'key' } } },
        { name: 'NONE', valueFrom: { secretKeyRef: { name: 'no', key: 'key', optional: true } } },
        { name: 'CPU', valueFrom: { resourceFieldRef: { resource: 'limits.cpu' } } },
        { name: 'MILLI', valueFrom: { resourceFieldRef: { resource: 'requests.cpu', divisor: '1m' } } },
        { name: 'MEM', valueFrom: { resourceFieldRef: { resource: 'limits.memory', divisor: '1Mi' } } },
      ],
    })
    expect(result).toEqual({
      KUBERNETES_SERVICE_HOST: 'h',
      P_mode: 'fast',
      key: 's3cret',
      IP: '10.128.1.1',
      CM: 'fast',
      SEC: 's3cret',
      CPU: '2',
      MILLI: '250',
      MEM: '64',
    })
  })

  test.each([
    [{ envFrom: [{ configMapRef: { name: 'no' } }] }, 'configmap "no" not found'],
    [{ env: [{ name: 'X', valueFrom: { configMapKeyRef: { name: 'cm', key: 'no' } } }] }, `couldn't find key no in ConfigMap ns/cm`],
    [{ env: [{ name: 'X', valueFrom: { secretKeyRef: { name: 'no', key: 'k' } } }] }, 'secret "no" not found'],
  ])('says what is missing: %j', async (definition, message) => {
    await expect(env(definition)).rejects.toMatchObject({ code: 'CONFIG_REFERENCE', message })
  })
})
