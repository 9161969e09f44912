import { expect, test } from 'vitest'
import type { ContainerStatus, PodSpec } from '../../../apis/core/types.generated.ts'
import type { PodObject } from './container-state.ts'
import { computePodActions } from './pod-actions.ts'
import { restoreStates } from './restore.ts'

const now = Date.UTC(2026, 0, 1)
const runningStatus: ContainerStatus = {
  name: 'main',
  image: 'm:1',
  imageID: 'sha256:1',
  containerID: 'berth://1',
  ready: true,
  restartCount: 4,
  state: { running: { startedAt: '2025-12-31T00:00:00Z' } },
}

function pod(spec: Partial<PodSpec>, containerStatuses: ContainerStatus[]): PodObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', namespace: 'ns', uid: 'u', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' },
    spec: { containers: [{ name: 'main', image: 'm:1' }], ...spec },
    status: { containerStatuses },
  }
}

test('a container that was cut off is started again, and shows how it ended', () => {
  const restored = restoreStates(pod({}, [runningStatus]), now)
  expect(restored.get('main')).toMatchObject({
    phase: { at: 'absent' },
    restarts: 4,
    imageID: 'sha256:1',
    last: { exitCode: 255, reason: 'Unknown', finishedAt: now },
  })
  expect(computePodActions(pod({}, [runningStatus]), restored, now).start).toEqual(['main'])
})

test('with restartPolicy Never it has failed', () => {
  const never = pod({ restartPolicy: 'Never' }, [runningStatus])
  expect(computePodActions(never, restoreStates(never, now), now)).toMatchObject({ start: [], over: true })
})

test('init containers run again before it', () => {
  const withInit = pod({ initContainers: [{ name: 'setup', image: 'i' }] }, [runningStatus])
  expect(computePodActions(withInit, restoreStates(withInit, now), now).start).toEqual(['setup'])
})

test('a pod that never ran is new', () => {
  expect(restoreStates(pod({}, []), now).get('main')).toEqual({ phase: { at: 'absent' }, restarts: 0 })
})
