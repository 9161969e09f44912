import { describe, expect, test } from 'vitest'
import type { PodSpec, PodStatus } from '../../../apis/core/types.generated.ts'
import { absent, type ContainerState, type PodObject } from './container-state.ts'
import { computePodStatus, qosClass, type PodFacts } from './pod-status.ts'
import { statusPatch } from './status-patch.ts'

const now = Date.UTC(2026, 0, 1, 12)

function pod(spec: Partial<PodSpec> = {}, status?: PodStatus): PodObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', namespace: 'ns', uid: 'u', resourceVersion: '1', generation: 3, creationTimestamp: '2026-01-01T00:00:00Z' },
    spec: { containers: [{ name: 'main', image: 'm:1' }], ...spec },
    ...(status === undefined ? {} : { status }),
  }
}

const facts: PodFacts = {
  now,
  hostIP: '127.64.0.1',
  podIPs: ['10.128.1.1'],
  startedAt: now,
  sandboxReady: true,
  terminating: false,
  held: new Map(),
}
const running: ContainerState = {
  phase: { at: 'running', containerID: 'berth://1', hash: 'main@m:1', startedAt: now, started: true, ready: true },
  restarts: 0,
  image: 'm:1',
  imageID: 'sha256:1',
}
const exited = (exitCode: number): ContainerState => ({
  ...running,
  phase: { at: 'exited', hash: 'main@m:1', exit: { containerID: 'berth://1', exitCode, reason: 'Error', startedAt: now, finishedAt: now } },
})
const status = (object: PodObject, state: ContainerState, more: Partial<PodFacts> = {}) =>
  computePodStatus(object, new Map([['main', state]]), { ...facts, ...more })
const conditionOf = (result: PodStatus, type: string) => result.conditions?.find(condition => condition.type === type)

describe('phase', () => {
  test.each<[string, Partial<PodSpec>, ContainerState, Partial<PodFacts>, string]>([
    ['nothing started', {}, absent, {}, 'Pending'],
    ['running', {}, running, {}, 'Running'],
    ['crashed, will restart', {}, exited(1), {}, 'Running'],
    ['done', { restartPolicy: 'OnFailure' }, exited(0), {}, 'Succeeded'],
    ['failed, will restart', { restartPolicy: 'OnFailure' }, exited(1), {}, 'Running'],
    ['failed for good', { restartPolicy: 'Never' }, exited(1), {}, 'Failed'],
    ['stopped to run another image', { restartPolicy: 'Never', containers: [{ name: 'main', image: 'm:2' }] }, exited(0), {}, 'Running'],
    [
      'stopped to run another image, which cannot be had',
      { restartPolicy: 'Never', containers: [{ name: 'main', image: 'm:2' }] },
      { ...exited(0), obstacle: { reason: 'ErrImagePull', message: '', hash: 'main@m:2', retryAt: 0, attempts: 1 } },
      {},
      'Failed',
    ],
    ['stopped well by deletion', {}, exited(0), { terminating: true }, 'Succeeded'],
    ['killed by deletion', {}, exited(137), { terminating: true }, 'Failed'],
  ])('%s', (_name, spec, state, more, phase) => {
    expect(status(pod(spec), state, more).phase).toBe(phase)
  })

  test('never leaves an end phase', () => {
    expect(status(pod({}, { phase: 'Failed' }), running).phase).toBe('Failed')
  })
})

describe('containers', () => {
  test('a running one', () => {
    expect(status(pod(), running).containerStatuses).toEqual([
      {
        name: 'main',
        image: 'm:1',
        imageID: 'sha256:1',
        containerID: 'berth://1',
        ready: true,
        started: true,
        restartCount: 0,
        state: { running: { startedAt: '2026-01-01T12:00:00Z' } },
      },
    ])
  })

  test('one whose new image cannot be pulled shows why, and what it ran before', () => {
    const state: ContainerState = {
      ...exited(143),
      obstacle: { reason: 'ImagePullBackOff', message: 'hint', hash: 'main@m:2', retryAt: 0, attempts: 2 },
    }
    const [shown] = status(pod({ containers: [{ name: 'main', image: 'm:2' }] }), state).containerStatuses ?? []
    expect(shown?.state).toEqual({ waiting: { reason: 'ImagePullBackOff', message: 'hint' } })
    expect(shown?.lastState?.terminated?.exitCode).toBe(143)
    expect(shown?.image).toBe('m:1')
  })

  test('one in crash back-off', () => {
    const [shown] = status(pod(), exited(1), { held: new Map([['main', { message: 'back-off 10s', until: 0 }]]) }).containerStatuses ?? []
    expect(shown?.state).toEqual({ waiting: { reason: 'CrashLoopBackOff', message: 'back-off 10s' } })
    expect(shown?.containerID).toBe('berth://1')
    expect(shown?.lastState?.terminated?.exitCode).toBe(1)
  })

  test('before and after initialisation', () => {
    const spec = { initContainers: [{ name: 'setup', image: 'i' }] }
    const before = computePodStatus(pod(spec), new Map(), facts)
    expect(before.containerStatuses?.[0]?.state).toEqual({ waiting: { reason: 'PodInitializing' } })
    expect(conditionOf(before, 'Initialized')).toMatchObject({ status: 'False', message: 'containers with incomplete status: [setup]' })
    const after = computePodStatus(pod(spec), new Map([['setup', exited(0)]]), facts)
    expect(after.containerStatuses?.[0]?.state).toEqual({ waiting: { reason: 'ContainerCreating' } })
    expect(conditionOf(after, 'Initialized')).toMatchObject({ status: 'True' })
  })
})

describe('readiness', () => {
  const gated = { readinessGates: [{ conditionType: 'InPlaceUpdateReady' }] }

  test('names containers that are not ready', () => {
    expect(conditionOf(status(pod(), absent), 'Ready')).toMatchObject({
      status: 'False',
      reason: 'ContainersNotReady',
      message: 'containers with unready status: [main]',
    })
  })

  test('waits for gates', () => {
    const missing = status(pod(gated), running)
    expect(conditionOf(missing, 'ContainersReady')).toMatchObject({ status: 'True' })
    expect(conditionOf(missing, 'Ready')).toMatchObject({ status: 'False', reason: 'ReadinessGatesNotReady' })
    const closed = pod(gated, { conditions: [{ type: 'InPlaceUpdateReady', status: 'False' }] })
    expect(conditionOf(status(closed, running), 'Ready')?.message).toBe(
      'the status of pod readiness gate "InPlaceUpdateReady" is not "True", but False',
    )
    const open = pod(gated, { conditions: [{ type: 'InPlaceUpdateReady', status: 'True' }] })
    expect(conditionOf(status(open, running), 'Ready')).toMatchObject({ status: 'True' })
  })

  test('never writes the conditions of others', () => {
    const open = pod(gated, { conditions: [{ type: 'InPlaceUpdateReady', status: 'True' }] })
    expect(conditionOf(status(open, running), 'InPlaceUpdateReady')).toBeUndefined()
  })

  test('keeps transition times of what stays', () => {
    const before = pod({}, { conditions: [{ type: 'Initialized', status: 'True', lastTransitionTime: 'then' }] })
    const result = status(before, running)
    expect(conditionOf(result, 'Initialized')?.lastTransitionTime).toBe('then')
    expect(conditionOf(result, 'Ready')?.lastTransitionTime).toBe('2026-01-01T12:00:00Z')
  })
})

describe('statusPatch', () => {
  test('is nothing when nothing differs', () => {
    const first = status(pod(), running)
    expect(statusPatch(pod({}, first), status(pod({}, first), running))).toBeUndefined()
  })

  test('holds what changed only, and takes out reasons that no longer hold', () => {
    const before = pod({}, status(pod(), { ...running, phase: { ...running.phase, ready: false } as ContainerState['phase'] }))
    const patch = statusPatch(before, status(before, running))
    expect(Object.keys(patch?.status ?? {}).toSorted()).toEqual(['conditions', 'containerStatuses'])
    expect(patch?.status['conditions']).toEqual([
      { type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T12:00:00Z', reason: null, message: null },
      { type: 'ContainersReady', status: 'True', lastTransitionTime: '2026-01-01T12:00:00Z', reason: null, message: null },
    ])
  })

  test('replaces addresses instead of merging them', () => {
    const before = pod({}, status(pod(), running))
    const patch = statusPatch(before, status(before, running, { podIPs: ['10.128.1.9'] }))
    expect(patch?.status).toEqual({ podIP: '10.128.1.9', podIPs: [{ $patch: 'replace' }, { ip: '10.128.1.9' }] })
  })
})

test.each([
  ['BestEffort', {}],
  ['Burstable', { requests: { cpu: '1' } }],
  ['Burstable', { limits: { cpu: '1' } }],
  ['Guaranteed', { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '1', memory: '1Gi' } }],
])('quality of service %s', (expected, resources) => {
  expect(qosClass(pod({ containers: [{ name: 'main', resources }] }))).toBe(expected)
})
