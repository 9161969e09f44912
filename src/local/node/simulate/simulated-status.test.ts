import { describe, expect, test } from 'vitest'
import type { PodSpec, PodStatus } from '../../../apis/core/types.generated.ts'
import type { PodObject } from '../pods/container-state.ts'
import { defaultStages } from './default-stages.ts'
import { advancedStatus, failedStatus, type SimulatedPlace } from './simulated-status.ts'
import { stageOf } from './stage.ts'

const now = Date.UTC(2026, 0, 1)
const place: SimulatedPlace = {
  now,
  hostIP: '127.64.0.1',
  podIP: '10.128.1.1',
  missing: image => (image.startsWith('bad') ? 'not there' : undefined),
}
const two = (main: string, side: string): Partial<PodSpec> => ({
  containers: [
    { name: 'main', image: main },
    { name: 'side', image: side },
  ],
})

function pod(spec: Partial<PodSpec>, status?: PodStatus, deleted = false): PodObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: 'p',
      namespace: 'ns',
      uid: 'u',
      resourceVersion: '1',
      creationTimestamp: '2026-01-01T00:00:00Z',
      ...(deleted ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}),
    },
    spec: { containers: [{ name: 'main', image: 'm:1' }], ...spec },
    ...(status === undefined ? {} : { status }),
  }
}
const stage = (object: PodObject) => stageOf(defaultStages(), object)?.name
const ready = (status: PodStatus) => status.conditions?.find(condition => condition.type === 'Ready')?.status
const fresh = advancedStatus(pod(two('m:1', 's:1')), place)

describe('a simulated pod', () => {
  test('starts in one step', () => {
    expect(stage(pod(two('m:1', 's:1')))).toBe('start')
    expect(fresh).toMatchObject({ phase: 'Running', podIP: '10.128.1.1' })
    expect(ready(fresh)).toBe('True')
    expect(stage(pod(two('m:1', 's:1'), fresh))).toBeUndefined()
  })

  test('restarts the container with a new image alone', () => {
    const object = pod(two('m:1', 's:2'), fresh)
    expect(stage(object)).toBe('restart')
    const after = advancedStatus(object, { ...place, now: now + 5_000 })
    expect(after.containerStatuses?.[0]).toEqual(fresh.containerStatuses?.[0])
    expect(after.containerStatuses?.[1]).toMatchObject({ image: 's:2', restartCount: 1, lastState: { terminated: { exitCode: 0 } } })
    expect(after.containerStatuses?.[1]?.imageID).not.toBe(fresh.containerStatuses?.[1]?.imageID)
    expect(stage(pod(two('m:1', 's:2'), after))).toBeUndefined()
    const again = advancedStatus(pod(two('m:1', 's:2'), after), place)
    expect(again.containerStatuses).toEqual(after.containerStatuses)
  })

  test('waits for an image that is not there, and runs what comes instead', () => {
    const status = advancedStatus(pod(two('m:1', 'bad:1'), fresh), place)
    expect(status.containerStatuses?.[1]).toMatchObject({
      image: 's:1',
      ready: false,
      state: { waiting: { reason: 'ImagePullBackOff', message: 'not there' } },
    })
    expect(status.containerStatuses?.[0]).toEqual(fresh.containerStatuses?.[0])
    const after = advancedStatus(pod(two('m:1', 's:3'), status), place)
    expect(after.containerStatuses?.[1]).toMatchObject({ image: 's:3', ready: true, restartCount: 1 })
  })

  test('follows its readiness gates', () => {
    const gates = { readinessGates: [{ conditionType: 'G' }] }
    const closed = advancedStatus(pod(gates), place)
    expect(ready(closed)).toBe('False')
    expect(stage(pod(gates, closed))).toBeUndefined()
    const opened: PodStatus = { ...closed, conditions: [...(closed.conditions ?? []), { type: 'G', status: 'True' }] }
    expect(stage(pod(gates, opened))).toBe('gates')
    expect(ready(advancedStatus(pod(gates, opened), place))).toBe('True')
  })

  test('can crash, and is started again or is over', () => {
    const crashed = failedStatus(pod({}, advancedStatus(pod({}), place)), place, 3, 'Error')
    expect(crashed.containerStatuses?.[0]?.state?.terminated).toMatchObject({ exitCode: 3 })
    expect(stage(pod({}, crashed))).toBe('start')
    expect(advancedStatus(pod({}, crashed), place).containerStatuses?.[0]).toMatchObject({ restartCount: 1, ready: true })
    const never: Partial<PodSpec> = { restartPolicy: 'Never' }
    const failed = failedStatus(pod(never, advancedStatus(pod(never), place)), place, 1, 'Error')
    expect(failed.phase).toBe('Failed')
    expect(stage(pod(never, failed))).toBeUndefined()
  })

  test('runs init containers and sidecars', () => {
    const status = advancedStatus(
      pod({
        initContainers: [
          { name: 'setup', image: 'i' },
          { name: 'log', image: 'l', restartPolicy: 'Always' },
        ],
      }),
      place,
    )
    expect(status.initContainerStatuses).toMatchObject([
      { state: { terminated: { exitCode: 0 } } },
      { state: { running: {} }, ready: true },
    ])
    expect(ready(status)).toBe('True')
  })

  test('goes when it is deleted', () => {
    expect(stage(pod({}, fresh, true))).toBe('stop')
  })
})
