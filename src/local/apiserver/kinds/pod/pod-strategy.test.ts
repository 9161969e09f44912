import { describe, expect, it } from 'vitest'
import { fieldErrorText } from '../../../../schema/status.ts'
import type { Draft } from '../../registry.ts'
import { usesLatest } from './defaults.ts'
import { podStrategy } from './pod-strategy.ts'
import { qualityOfService } from './quality-of-service.ts'

const context = { now: () => new Date('2026-01-01T00:00:00Z'), dryRun: false, subresource: undefined }

function pod(spec: Record<string, unknown>, status?: Record<string, unknown>): Draft {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', namespace: 'default' },
    spec,
    ...(status === undefined ? {} : { status }),
  } as unknown as Draft
}

function created(spec: Record<string, unknown>): Draft {
  const draft = pod(structuredClone(spec))
  podStrategy.applyDefaults?.(draft)
  podStrategy.prepareForCreate?.(draft, context)
  return draft
}

function errors(spec: Record<string, unknown>): string[] {
  const draft = pod(structuredClone(spec))
  podStrategy.applyDefaults?.(draft)
  return (podStrategy.validate?.(draft, undefined, context) ?? []).map(fieldErrorText)
}

const game = { name: 'game', image: 'r.example/game:1' }

describe('defaults', () => {
  it('are those of Kubernetes', () => {
    const draft = created({
      containers: [
        {
          ...game,
          ports: [{ containerPort: 80 }],
          env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
          readinessProbe: { httpGet: { port: 80 } },
          resources: { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '500m' } },
        },
      ],
      volumes: [
        { name: 'a' },
        { name: 'c', configMap: { name: 'x' } },
        { name: 'd', downwardAPI: { items: [{ path: 'p', fieldRef: { fieldPath: 'metadata.annotations' } }] } },
      ],
    })
    expect(draft['spec']).toMatchObject({
      restartPolicy: 'Always',
      dnsPolicy: 'ClusterFirst',
      schedulerName: 'default-scheduler',
      serviceAccountName: 'default',
      serviceAccount: 'default',
      securityContext: {},
      terminationGracePeriodSeconds: 30,
      enableServiceLinks: true,
      tolerations: [
        { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 },
        { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 },
      ],
      containers: [
        {
          imagePullPolicy: 'IfNotPresent',
          terminationMessagePath: '/dev/termination-log',
          terminationMessagePolicy: 'File',
          ports: [{ containerPort: 80, protocol: 'TCP' }],
          env: [{ valueFrom: { fieldRef: { apiVersion: 'v1' } } }],
          readinessProbe: {
            timeoutSeconds: 1,
            periodSeconds: 10,
            successThreshold: 1,
            failureThreshold: 3,
            httpGet: { path: '/', scheme: 'HTTP' },
          },
          resources: { requests: { cpu: '500m', memory: '1Gi' } },
        },
      ],
      volumes: [
        { emptyDir: {} },
        { configMap: { defaultMode: 420 } },
        { downwardAPI: { defaultMode: 420, items: [{ fieldRef: { apiVersion: 'v1' } }] } },
      ],
    })
    expect(draft['status']).toEqual({ phase: 'Pending', qosClass: 'Burstable' })
  })

  it('leave what is set, and are the same the second time', () => {
    const once = created({
      containers: [{ ...game, imagePullPolicy: 'Never' }],
      terminationGracePeriodSeconds: 0,
      tolerations: [{ operator: 'Exists' }],
    })
    expect(once['spec']).toMatchObject({
      terminationGracePeriodSeconds: 0,
      containers: [{ imagePullPolicy: 'Never' }],
      tolerations: [{ operator: 'Exists' }],
    })
    const twice = structuredClone(once)
    podStrategy.applyDefaults?.(twice)
    expect(twice).toEqual(once)
  })

  it('mark gated pods', () => {
    expect(created({ containers: [game], schedulingGates: [{ name: 'g' }] })['status']).toMatchObject({
      conditions: [{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' }],
    })
  })

  it.each([
    ['nginx', true],
    ['nginx:latest', true],
    ['nginx:1.2', false],
    ['host:5000/nginx', true],
    ['host:5000/nginx:2', false],
    ['nginx@sha256:abc', false],
  ])('%s uses latest: %s', (image, latest) => {
    expect(usesLatest(image)).toBe(latest)
  })

  it.each([
    [{}, 'BestEffort'],
    [{ requests: { cpu: '1' } }, 'Burstable'],
    [{ requests: { cpu: '1', memory: '1Gi' }, limits: { cpu: '1000m', memory: '1024Mi' } }, 'Guaranteed'],
    [{ requests: { cpu: '1', memory: '1Gi' }, limits: { cpu: '2', memory: '1Gi' } }, 'Burstable'],
  ])('%j is %s', (resources, quality) => {
    expect(qualityOfService({ containers: [{ ...game, resources }] })).toBe(quality)
  })
})

describe('validation', () => {
  it.each<[string, Record<string, unknown>, string[]]>([
    ['a good pod', { containers: [game] }, []],
    ['no containers', { containers: [] }, ['spec.containers: Required value']],
    ['no name', { containers: [{ image: 'x' }] }, ['spec.containers[0].name: Required value']],
    ['no image', { containers: [{ name: 'a' }] }, ['spec.containers[0].image: Required value']],
    [
      'a space in the image',
      { containers: [{ name: 'a', image: ' x' }] },
      ['spec.containers[0].image: Invalid value: " x": must not have leading or trailing whitespace'],
    ],
    ['a name twice', { containers: [game, game] }, ['spec.containers[1].name: Duplicate value: "game"']],
    [
      'a port out of range',
      { containers: [{ ...game, ports: [{ containerPort: 70000 }] }] },
      ['spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive'],
    ],
    [
      'an unknown protocol',
      { containers: [{ ...game, ports: [{ containerPort: 1, protocol: 'QUIC' }] }] },
      ['spec.containers[0].ports[0].protocol: Unsupported value: "QUIC": supported values: "SCTP", "TCP", "UDP"'],
    ],
    [
      'a host port twice',
      {
        containers: [
          {
            ...game,
            ports: [
              { containerPort: 1, hostPort: 9 },
              { containerPort: 2, hostPort: 9 },
              { containerPort: 3, hostPort: 9, protocol: 'UDP' },
            ],
          },
        ],
      },
      ['spec.containers[0].ports[1].hostPort: Duplicate value: "TCP//9"'],
    ],
    [
      'an unknown volume',
      { containers: [{ ...game, volumeMounts: [{ name: 'v', mountPath: '/v' }] }] },
      ['spec.containers[0].volumeMounts[0].name: Not found: "v"'],
    ],
    [
      'a mount path twice',
      {
        volumes: [{ name: 'v' }],
        containers: [
          {
            ...game,
            volumeMounts: [
              { name: 'v', mountPath: '/v' },
              { name: 'v', mountPath: '/v' },
            ],
          },
        ],
      },
      ['spec.containers[0].volumeMounts[1].mountPath: Invalid value: "/v": must be unique'],
    ],
    [
      'two volume types',
      { volumes: [{ name: 'v', emptyDir: {}, configMap: { name: 'x' } }], containers: [game] },
      ['spec.volumes[0].configMap: Forbidden: may not specify more than 1 volume type'],
    ],
    [
      'a bad environment name',
      { containers: [{ ...game, env: [{ name: 'a=b' }] }] },
      [
        'spec.containers[0].env[0].name: Invalid value: "a=b": a valid environment variable name must consist only of printable ASCII characters other than \'=\'',
      ],
    ],
    [
      'a value from two places',
      { containers: [{ ...game, env: [{ name: 'a', value: 'x', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }] }] },
      ['spec.containers[0].env[0].valueFrom: Invalid value: "": may not be specified when `value` is not empty'],
    ],
    [
      'an unknown restart policy',
      { containers: [game], restartPolicy: 'Maybe' },
      ['spec.restartPolicy: Unsupported value: "Maybe": supported values: "Always", "OnFailure", "Never"'],
    ],
    [
      'a probe without handler',
      { containers: [{ ...game, livenessProbe: {} }] },
      ['spec.containers[0].livenessProbe: Required value: must specify a handler type'],
    ],
    [
      'requests beyond limits',
      { containers: [{ ...game, resources: { requests: { cpu: '2' }, limits: { cpu: '1' } } }] },
      ['spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1'],
    ],
    [
      'a probe of an init container',
      { containers: [game], initContainers: [{ name: 'i', image: 'i', readinessProbe: { exec: { command: ['x'] } } }] },
      ['spec.initContainers[0].readinessProbe: Forbidden: may not be set for init containers without restartPolicy=Always'],
    ],
    [
      'a sidecar with a probe',
      {
        containers: [game],
        initContainers: [{ name: 'i', image: 'i', restartPolicy: 'Always', readinessProbe: { exec: { command: ['x'] } } }],
      },
      [],
    ],
  ])('%s', (_, spec, expected) => {
    expect(errors(spec)).toEqual(expected)
  })
})

describe('updates', () => {
  const old = created({
    containers: [
      { ...game, env: [{ name: 'A', value: '1' }] },
      { name: 'side', image: 's:1' },
    ],
  })
  const update = (change: (spec: { containers: Record<string, unknown>[] } & Record<string, unknown>) => void) => {
    const next = structuredClone(old)
    change(next['spec'] as never)
    return (podStrategy.validate?.(next, old, context) ?? []).map(fieldErrorText)
  }

  it('may change images and add tolerations', () => {
    expect(
      update(spec => {
        spec.containers[1]!['image'] = 's:2'
        spec['tolerations'] = [...(spec['tolerations'] as unknown[]), { key: 'x', operator: 'Exists' }]
      }),
    ).toEqual([])
  })

  it.each<[string, (spec: { containers: Record<string, unknown>[] } & Record<string, unknown>) => void, RegExp]>([
    [
      'other fields',
      spec => (spec.containers[0]!['env'] = []),
      /^spec: Forbidden: pod updates may not change fields other than `spec\.containers\[\*\]\.image`.*\n {2}changed: spec\.containers\[0\]\.env\n$/,
    ],
    ['the node', spec => (spec['nodeName'] = 'n'), /changed: spec\.nodeName/],
    [
      'the number of containers',
      spec => void spec.containers.pop(),
      /^spec\.containers: Forbidden: pod updates may not add or remove containers$/,
    ],
    ['tolerations away', spec => (spec['tolerations'] = []), /^spec\.tolerations: Forbidden: existing toleration can not be modified/],
  ])('may not change %s', (_, change, expected) => {
    const [error] = update(change)
    expect(error).toMatch(expected)
  })

  it('keep the quality of service through the status', () => {
    const next = { ...structuredClone(old), status: { phase: 'Running', qosClass: 'Guaranteed' } } as unknown as Draft
    podStrategy.prepareForUpdate?.(next, old, { ...context, subresource: 'status' })
    expect(next['status']).toEqual({ phase: 'Running', qosClass: 'BestEffort' })
  })
})

describe('deletion', () => {
  it.each<[string, Draft, number | undefined, number]>([
    ['an unscheduled pod goes at once', pod({ terminationGracePeriodSeconds: 30 }), undefined, 0],
    ['a finished pod goes at once', pod({ nodeName: 'n', terminationGracePeriodSeconds: 30 }, { phase: 'Failed' }), undefined, 0],
    ['its own period', pod({ nodeName: 'n', terminationGracePeriodSeconds: 30 }), undefined, 30],
    ['what was asked', pod({ nodeName: 'n', terminationGracePeriodSeconds: 30 }), 5, 5],
    ['zero when asked', pod({ nodeName: 'n', terminationGracePeriodSeconds: 30 }), 0, 0],
    ['one second for a negative period', pod({ nodeName: 'n', terminationGracePeriodSeconds: -5 }), undefined, 1],
  ])('%s', (_, object, asked, expected) => {
    expect(podStrategy.gracePeriodSeconds?.(object, asked)).toBe(expected)
  })
})

it('can be selected by its fields', () => {
  expect(podStrategy.selectableFields?.(pod({ nodeName: 'n', containers: [] }, { phase: 'Running', podIP: '1.1.1.1' }))).toMatchObject({
    'spec.nodeName': 'n',
    'status.phase': 'Running',
    'status.podIP': '1.1.1.1',
    'spec.hostNetwork': 'false',
  })
})
