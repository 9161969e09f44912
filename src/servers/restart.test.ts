import { describe, expect, it } from 'vitest'
import type { Pod } from '../apis/core/types.generated.ts'
import { isRestarted, isStartKnown, lastStatusesOf } from './restart.ts'

const pod = (status: object | undefined, image = 'game:1') =>
  ({
    spec: { containers: [{ name: 'game', image }] },
    status: { containerStatuses: status === undefined ? [] : [{ name: 'game', image, imageID: '', ...status }] },
  }) as unknown as Pod

const waiting = (reason: string, more: object = {}) => pod({ state: { waiting: { reason } }, ...more })
const terminated = { terminated: { exitCode: 1 } }

describe('what became of the start of a container', () => {
  it.each<[string, Pod, boolean]>([
    ['kubelet has not seen the pod', pod(undefined), false],
    ['it is being created', waiting('ContainerCreating'), false],
    ['an init container runs', waiting('PodInitializing'), false],
    ['it runs', pod({ state: { running: {} } }), true],
    ['it has ended', pod({ state: terminated }), true],
    ['its image is not there', waiting('ImagePullBackOff'), true],
    ['it crashes', waiting('CrashLoopBackOff'), true],
    ['it is created again', waiting('ContainerCreating', { lastState: terminated }), true],
  ])('%s', (_, one, expected) => expect(isStartKnown(one, ['game'])).toBe(expected))
})

it('without that the first sign of the old container is taken for the new one', () => {
  const before = lastStatusesOf(waiting('PodInitializing'), ['game'])
  const asked = {
    ...pod({ state: { running: {} }, imageID: 'sha256:one', containerID: 'a' }),
    spec: { containers: [{ name: 'game', image: 'game:2' }] },
  }
  expect(isRestarted(asked, before)).toBe(true)
  expect(isRestarted(asked, lastStatusesOf(asked, ['game']))).toBe(false)
})
