import { describe, expect, test } from 'vitest'
import type { Container, PodSpec } from '../../../apis/core/types.generated.ts'
import { absent, type ContainerState, type PodObject } from './container-state.ts'
import { computePodActions, isSettled } from './pod-actions.ts'

const now = 1_000_000

function pod(spec: Partial<PodSpec> & { containers?: Container[] }): PodObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', namespace: 'ns', uid: 'u', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' },
    spec: { containers: [{ name: 'main', image: 'm:1' }], ...spec },
  }
}

const running = (image: string, name = 'main', more: object = {}): ContainerState => ({
  phase: { at: 'running', containerID: 'c', hash: `${name}@${image}`, startedAt: 0, started: true, ready: true, ...more },
  restarts: 0,
  image,
  imageID: image,
})
const exited = (exitCode: number, image = 'm:1', name = 'main', more: Partial<ContainerState> = {}): ContainerState => ({
  phase: {
    at: 'exited',
    hash: `${name}@${image}`,
    exit: { containerID: 'c', exitCode, reason: exitCode === 0 ? 'Completed' : 'Error', startedAt: 0, finishedAt: now - 1 },
  },
  restarts: 0,
  image,
  imageID: image,
  ...more,
})
const sidecar: Container = { name: 'side', image: 's:1', restartPolicy: 'Always' }
const setup: Container = { name: 'setup', image: 'i:1' }

interface Case {
  name: string
  spec: Partial<PodSpec>
  states: Record<string, ContainerState>
  start?: string[]
  kill?: string[]
  held?: string[]
  over?: boolean
  wakeAt?: number
}

const cases: Case[] = [
  { name: 'a fresh pod starts its container', spec: {}, states: {}, start: ['main'] },
  { name: 'a running container is left alone', spec: {}, states: { main: running('m:1') } },
  {
    name: 'containers start in their order',
    spec: {
      containers: [
        { name: 'a', image: '1' },
        { name: 'b', image: '1' },
      ],
    },
    states: {},
    start: ['a', 'b'],
  },
  {
    name: 'a new image stops that container alone',
    spec: {
      containers: [
        { name: 'main', image: 'm:1' },
        { name: 'helper', image: 'h:2' },
      ],
    },
    states: { main: running('m:1'), helper: running('h:1', 'helper') },
    kill: ['helper'],
  },
  {
    name: 'once it has ended, the new image is started without back-off',
    spec: { containers: [{ name: 'main', image: 'm:2' }] },
    states: { main: exited(137, 'm:1', 'main', { backOff: { hash: 'main@m:1', delayMs: 10_000, until: now + 10_000 } }) },
    start: ['main'],
  },
  {
    name: 'a failed liveness probe stops the container',
    spec: {},
    states: { main: running('m:1', 'main', { failed: 'liveness' }) },
    kill: ['main'],
  },
  { name: 'Always restarts after success', spec: {}, states: { main: exited(0) }, start: ['main'] },
  { name: 'OnFailure restarts after failure', spec: { restartPolicy: 'OnFailure' }, states: { main: exited(1) }, start: ['main'] },
  { name: 'OnFailure is over after success', spec: { restartPolicy: 'OnFailure' }, states: { main: exited(0) }, over: true },
  { name: 'Never is over after failure', spec: { restartPolicy: 'Never' }, states: { main: exited(1) }, over: true },
  {
    name: 'back-off holds a crashing container until its time',
    spec: {},
    states: { main: exited(1, 'm:1', 'main', { backOff: { hash: 'main@m:1', delayMs: 10_000, until: now + 5 } }) },
    held: ['main'],
    wakeAt: now + 5,
  },
  {
    name: 'back-off that is over lets it start',
    spec: {},
    states: { main: exited(1, 'm:1', 'main', { backOff: { hash: 'main@m:1', delayMs: 10_000, until: now } }) },
    start: ['main'],
  },
  {
    name: 'an image that cannot be pulled is tried again later',
    spec: {},
    states: { main: { ...absent, obstacle: { reason: 'ErrImagePull', message: '', hash: 'main@m:1', retryAt: now + 7, attempts: 1 } } },
    wakeAt: now + 7,
  },
  {
    name: 'another image is tried at once',
    spec: { containers: [{ name: 'main', image: 'm:2' }] },
    states: { main: { ...absent, obstacle: { reason: 'ErrImagePull', message: '', hash: 'main@m:1', retryAt: now + 7, attempts: 1 } } },
    start: ['main'],
  },
  { name: 'init containers run first', spec: { initContainers: [setup] }, states: {}, start: ['setup'] },
  { name: 'nothing starts while an init container runs', spec: { initContainers: [setup] }, states: { setup: running('i:1', 'setup') } },
  {
    name: 'main containers follow a finished init container',
    spec: { initContainers: [setup] },
    states: { setup: exited(0, 'i:1', 'setup') },
    start: ['main'],
  },
  {
    name: 'a failed init container runs again',
    spec: { initContainers: [setup] },
    states: { setup: exited(1, 'i:1', 'setup') },
    start: ['setup'],
  },
  {
    name: 'a failed init container ends a pod that never restarts',
    spec: { initContainers: [setup], restartPolicy: 'Never' },
    states: { setup: exited(1, 'i:1', 'setup') },
    over: true,
  },
  {
    name: 'a changed image of a finished init container changes nothing',
    spec: { initContainers: [{ name: 'setup', image: 'i:2' }] },
    states: { setup: exited(0, 'i:1', 'setup'), main: running('m:1') },
  },
  { name: 'a sidecar starts before the main container', spec: { initContainers: [sidecar] }, states: {}, start: ['side'] },
  {
    name: 'the main container waits until the sidecar has started',
    spec: { initContainers: [sidecar] },
    states: { side: running('s:1', 'side', { started: false }) },
  },
  { name: 'and then starts', spec: { initContainers: [sidecar] }, states: { side: running('s:1', 'side') }, start: ['main'] },
  {
    name: 'a sidecar that ended restarts whatever the policy',
    spec: { initContainers: [sidecar], restartPolicy: 'Never' },
    states: { side: exited(0, 's:1', 'side'), main: running('m:1') },
    start: ['side'],
  },
  {
    name: 'a sidecar with a new image is replaced alone',
    spec: { initContainers: [{ ...sidecar, image: 's:2' }] },
    states: { side: running('s:1', 'side'), main: running('m:1') },
    kill: ['side'],
  },
  {
    name: 'sidecars are stopped when the main containers are over',
    spec: { initContainers: [sidecar], restartPolicy: 'Never' },
    states: { side: running('s:1', 'side'), main: exited(0) },
    kill: ['side'],
    over: true,
  },
]

describe('computePodActions', () => {
  test.each(cases)('$name', ({ spec, states, start = [], kill = [], held = [], over = false, wakeAt }) => {
    const actions = computePodActions(pod(spec), new Map(Object.entries(states)), now)
    expect(actions.start).toEqual(start)
    expect(actions.kill.map(({ name }) => name)).toEqual(kill)
    expect([...actions.held.keys()]).toEqual(held)
    expect(actions.over).toBe(over)
    expect(actions.wakeAt).toBe(wakeAt)
  })

  test('says in the words of kubelet why a container is held', () => {
    const states = new Map([['main', exited(1, 'm:1', 'main', { backOff: { hash: 'main@m:1', delayMs: 160_000, until: now + 5 } })]])
    expect(computePodActions(pod({}), states, now).held.get('main')?.message).toBe(
      'back-off 2m40s restarting failed container=main pod=p_ns(u)',
    )
  })
})

test('a pod is settled when no container is on its way', () => {
  expect(isSettled(pod({}), new Map())).toBe(false)
  expect(isSettled(pod({}), new Map([['main', running('m:1', 'main', { ready: false })]]))).toBe(false)
  expect(isSettled(pod({}), new Map([['main', running('m:1')]]))).toBe(true)
  expect(isSettled(pod({}), new Map([['main', exited(1)]]))).toBe(true)
})
