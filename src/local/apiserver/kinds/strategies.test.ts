import { describe, expect, it } from 'vitest'
import { kubernetesFacts } from '../../../apis/core/facts.ts'
import { fieldErrorText } from '../../../schema/status.ts'
import type { Draft } from '../registry.ts'
import { builtinStrategies } from './strategies.ts'

const context = { now: () => new Date('2026-01-01T00:00:00Z'), dryRun: false, subresource: undefined }
const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i:1' }] } }
const selector = { matchLabels: { a: 'b' } }

function draft(content: Record<string, unknown>, metadata: Record<string, unknown> = {}): Draft {
  return {
    apiVersion: 'v1',
    kind: 'X',
    ...structuredClone(content),
    metadata: { name: 'x', namespace: 'default', uid: 'u', ...metadata },
  } as unknown as Draft
}

function created(key: string, content: Record<string, unknown>, metadata?: Record<string, unknown>): Draft {
  const object = draft(content, metadata)
  builtinStrategies.get(key)?.applyDefaults?.(object)
  builtinStrategies.get(key)?.prepareForCreate?.(object, context)
  return object
}

function errors(key: string, content: Record<string, unknown>, old?: Record<string, unknown>): string[] {
  const strategy = builtinStrategies.get(key)
  const before = old === undefined ? undefined : created(key, old)
  const object = before === undefined ? created(key, content) : draft(content)
  if (before !== undefined) {
    strategy?.applyDefaults?.(object)
    strategy?.prepareForUpdate?.(object, before, context)
  }
  return (strategy?.validate?.(object, before, context) ?? []).map(fieldErrorText)
}

it('has strategies only for resources that are served', () => {
  const served = new Set(
    Object.entries(kubernetesFacts().discovery).flatMap(([version, list]) =>
      list.map(({ resource }) => `${version.includes('/') ? version.split('/')[0] : ''}/${resource}`),
    ),
  )
  expect([...builtinStrategies.keys()].filter(key => !served.has(key))).toEqual([])
})

it('gives defaults twice without a difference', () => {
  const samples: Record<string, unknown>[] = [{}, { spec: {} }, { spec: { selector, template, ports: [{ port: 1 }] } }]
  for (const [key, strategy] of builtinStrategies) {
    for (const sample of samples) {
      const once = created(key, sample)
      const twice = structuredClone(once)
      strategy.applyDefaults?.(twice)
      expect(twice, key).toEqual(once)
    }
  }
})

describe('defaults', () => {
  it.each<[string, Record<string, unknown>, Record<string, unknown>]>([
    [
      'apps/deployments',
      { spec: { selector, template } },
      {
        spec: {
          replicas: 1,
          revisionHistoryLimit: 10,
          progressDeadlineSeconds: 600,
          strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '25%', maxSurge: '25%' } },
          template: { spec: { restartPolicy: 'Always', containers: [{ imagePullPolicy: 'IfNotPresent' }] } },
        },
      },
    ],
    ['apps/deployments', { spec: { strategy: { type: 'Recreate' }, selector, template } }, { spec: { strategy: { type: 'Recreate' } } }],
    [
      'apps/statefulsets',
      { spec: { selector, template, volumeClaimTemplates: [{ metadata: { name: 'v' }, spec: {} }] } },
      {
        spec: {
          podManagementPolicy: 'OrderedReady',
          updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
          persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
          volumeClaimTemplates: [{ kind: 'PersistentVolumeClaim', spec: { volumeMode: 'Filesystem' }, status: { phase: 'Pending' } }],
        },
      },
    ],
    [
      '/services',
      { spec: { ports: [{ port: 80 }], type: 'LoadBalancer' } },
      {
        spec: {
          sessionAffinity: 'None',
          externalTrafficPolicy: 'Cluster',
          internalTrafficPolicy: 'Cluster',
          allocateLoadBalancerNodePorts: true,
          ipFamilies: ['IPv4'],
          ipFamilyPolicy: 'SingleStack',
          ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }],
        },
        status: { loadBalancer: {} },
      },
    ],
    ['/secrets', { stringData: { a: 'b' }, data: { c: 'ZA==' } }, { type: 'Opaque', data: { a: 'Yg==', c: 'ZA==' } }],
    [
      '/namespaces',
      {},
      { metadata: { labels: { 'kubernetes.io/metadata.name': 'x' } }, spec: { finalizers: ['kubernetes'] }, status: { phase: 'Active' } },
    ],
    [
      'batch/jobs',
      { spec: { template } },
      {
        spec: { completions: 1, parallelism: 1, backoffLimit: 6, selector: { matchLabels: { 'batch.kubernetes.io/controller-uid': 'u' } } },
      },
    ],
  ])('of %s', (key, content, expected) => {
    expect(created(key, content)).toMatchObject(expected)
  })

  it('leave an ExternalName service without addresses', () => {
    expect(created('/services', { spec: { type: 'ExternalName', externalName: 'a.example' } })['spec']).toEqual({
      type: 'ExternalName',
      externalName: 'a.example',
      sessionAffinity: 'None',
    })
  })

  it('drop stringData', () => {
    expect(created('/secrets', { stringData: { a: 'b' } })['stringData']).toBeUndefined()
  })
})

const service = { spec: { type: 'NodePort', clusterIP: '10.0.0.5', clusterIPs: ['10.0.0.5'], ports: [{ port: 80, nodePort: 30080 }] } }

describe('updates of services', () => {
  const updated = (spec: Record<string, unknown>) => {
    const old = created('/services', service)
    const next = draft({ spec })
    builtinStrategies.get('/services')?.applyDefaults?.(next)
    builtinStrategies.get('/services')?.prepareForUpdate?.(next, old, context)
    return next['spec']
  }

  it('keep what was given out', () => {
    expect(updated({ type: 'NodePort', ports: [{ port: 80 }, { port: 90, name: 'b' }] })).toMatchObject({
      clusterIP: '10.0.0.5',
      clusterIPs: ['10.0.0.5'],
      ports: [{ port: 80, nodePort: 30080 }, { port: 90 }],
    })
  })

  it('lose node ports with their type', () => {
    const spec = updated({ ...service.spec, type: 'ClusterIP', externalTrafficPolicy: 'Cluster' })
    expect(spec).toMatchObject({ clusterIP: '10.0.0.5', ports: [{ port: 80 }] })
    expect(JSON.stringify(spec)).not.toMatch(/nodePort|externalTrafficPolicy/)
  })

  it('lose addresses when they become ExternalName', () => {
    expect(
      JSON.stringify(
        updated({ ...service.spec, type: 'ExternalName', externalName: 'x.y', ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack' }),
      ),
    ).not.toMatch(/clusterIP|nodePort|ipFamil/)
  })
})

describe('validation', () => {
  it.each<[string, string, Record<string, unknown>, Record<string, unknown> | undefined, string[]]>([
    ['/services', 'no ports', { spec: {} }, undefined, ['spec.ports: Required value']],
    ['/services', 'headless without ports', { spec: { clusterIP: 'None' } }, undefined, []],
    [
      '/services',
      'two ports without names',
      { spec: { ports: [{ port: 1 }, { port: 2 }] } },
      undefined,
      ['spec.ports[0].name: Required value', 'spec.ports[1].name: Required value'],
    ],
    [
      '/services',
      'one number for TCP and UDP',
      {
        spec: {
          type: 'NodePort',
          ports: [
            { name: 'a', port: 1, nodePort: 30001 },
            { name: 'b', port: 1, protocol: 'UDP', nodePort: 30001 },
          ],
        },
      },
      undefined,
      [],
    ],
    [
      '/services',
      'a port twice',
      {
        spec: {
          ports: [
            { name: 'a', port: 1 },
            { name: 'b', port: 1 },
          ],
        },
      },
      undefined,
      ['spec.ports[1]: Duplicate value: {"Name":"","Protocol":"TCP","AppProtocol":null,"Port":1,"TargetPort":0,"NodePort":0}'],
    ],
    [
      '/services',
      'a node port on ClusterIP',
      { spec: { ports: [{ port: 1, nodePort: 30000 }] } },
      undefined,
      ["spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"],
    ],
    [
      '/services',
      'a moved cluster IP',
      { spec: { ...service.spec, clusterIP: '10.0.0.6', clusterIPs: ['10.0.0.6'] } },
      service,
      ['spec.clusterIPs[0]: Invalid value: ["10.0.0.6"]: may not change once set'],
    ],
    [
      'apps/deployments',
      'labels that do not match',
      { spec: { selector: { matchLabels: { a: 'c' } }, template } },
      undefined,
      ['spec.template.metadata.labels: Invalid value: {"a":"b"}: `selector` does not match template `labels`'],
    ],
    [
      'apps/deployments',
      'no selector',
      { spec: { template } },
      undefined,
      [
        'spec.selector: Required value',
        'spec.template.metadata.labels: Invalid value: {"a":"b"}: `selector` does not match template `labels`',
      ],
    ],
    [
      'apps/deployments',
      'an empty selector',
      { spec: { selector: {}, template } },
      undefined,
      ['spec.selector: Invalid value: {}: empty selector is invalid for deployment'],
    ],
    [
      'apps/deployments',
      'negative replicas',
      { spec: { selector, template, replicas: -1 } },
      undefined,
      ['spec.replicas: Invalid value: -1: must be greater than or equal to 0'],
    ],
    [
      'apps/deployments',
      'neither surge nor unavailable',
      { spec: { selector, template, strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: 0 } } } },
      undefined,
      ['spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0'],
    ],
    [
      'apps/deployments',
      'a changed selector',
      { spec: { selector: { matchLabels: { z: '1' } }, template: { ...template, metadata: { labels: { z: '1' } } } } },
      { spec: { selector, template } },
      ['spec.selector: Invalid value: {"matchLabels":{"z":"1"}}: field is immutable'],
    ],
    [
      'apps/statefulsets',
      'a changed service name',
      { spec: { selector, template, serviceName: 'b' } },
      { spec: { selector, template, serviceName: 'a' } },
      [
        "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
      ],
    ],
    [
      'apps/replicasets',
      'a template without image',
      { spec: { selector, template: { ...template, spec: { containers: [{ name: 'c' }] } } } },
      undefined,
      ['spec.template.spec.containers[0].image: Required value'],
    ],
    [
      'batch/jobs',
      'restarting for ever',
      { spec: { template: { spec: { ...template.spec, restartPolicy: 'Always' } } } },
      undefined,
      ['spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"'],
    ],
    [
      '/configmaps',
      'a bad key',
      { data: { 'a b': 'x' } },
      undefined,
      [
        "data[a b]: Invalid value: \"a b\": a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
      ],
    ],
    [
      '/configmaps',
      'a change of an immutable one',
      { data: { a: '2' }, immutable: true },
      { data: { a: '1' }, immutable: true },
      ['data: Forbidden: field is immutable when `immutable` is set'],
    ],
    ['/secrets', 'a changed type', { type: 'b' }, { type: 'a' }, ['type: Invalid value: "b": field is immutable']],
    ['/secrets', 'a missing key', { type: 'kubernetes.io/dockerconfigjson' }, undefined, ['data[.dockerconfigjson]: Required value']],
    ['/secrets', 'data that is no base64', { data: { a: '!' } }, undefined, ['data[a]: Invalid value: "!": illegal base64 data']],
    [
      '/nodes',
      'a bad taint',
      { spec: { taints: [{ key: 'a', effect: 'Never' }] } },
      undefined,
      ['metadata.taints[0].effect: Unsupported value: "Never": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"'],
    ],
    [
      'rbac.authorization.k8s.io/rolebindings',
      'another role',
      { roleRef: { kind: 'Role', name: 'b' } },
      { roleRef: { kind: 'Role', name: 'a' } },
      ['roleRef: Invalid value: {"APIGroup":"rbac.authorization.k8s.io","Kind":"Role","Name":"b"}: cannot change roleRef'],
    ],
    [
      '/events',
      'an object elsewhere',
      { involvedObject: { kind: 'Pod', namespace: 'other', name: 'p' } },
      undefined,
      ['involvedObject.namespace: Invalid value: "other": does not match event.namespace'],
    ],
  ])('%s: %s', (key, _, content, old, expected) => {
    expect(errors(key, content, old)).toEqual(expected)
  })
})

it('selects events by what they are about, in both APIs', () => {
  const fields = builtinStrategies
    .get('/events')
    ?.selectableFields?.(draft({ reason: 'R', type: 'Warning', involvedObject: { kind: 'Pod', name: 'p', uid: 'u' } }))
  expect(fields).toMatchObject({ 'involvedObject.name': 'p', 'regarding.kind': 'Pod', reason: 'R', type: 'Warning' })
})
