import { describe, expect, test } from 'vitest'
import { notRunning, withImages } from './update.ts'

describe('directed updates', () => {
  test('images are set in overrides that exist and added where none is', () => {
    const overrides = [
      { name: 'a', image: '1', resources: { limits: { cpu: '1' } } },
      { name: 'b', image: '1' },
    ]
    expect(
      withImages(
        overrides,
        new Map([
          ['a', '2'],
          ['c', '3'],
        ]),
      ),
    ).toEqual([
      { name: 'a', image: '2', resources: { limits: { cpu: '1' } } },
      { name: 'b', image: '1' },
      { name: 'c', image: '3' },
    ])
  })

  test.each([
    ['mc:1', 'mc:1', 'True', undefined],
    ['mc:2', 'mc:1', 'True', 'game still runs mc:1'],
    ['mc:2', 'docker.io/library/mc:2', 'True', undefined],
    ['mc', 'docker.io/library/mc:latest', 'True', undefined],
    ['mc:1', 'mc:1', 'False', 'it is not ready'],
  ])('wants %s, runs %s, ready %s: %j', (wanted, runs, ready, why) => {
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'mc-0', uid: '', resourceVersion: '', creationTimestamp: '' },
      spec: { containers: [{ name: 'game', image: wanted }] },
      status: {
        conditions: [{ type: 'Ready', status: ready }],
        containerStatuses: [{ name: 'game', image: runs, imageID: '', ready: true, restartCount: 0, state: { running: {} } }],
      },
    }
    expect(notRunning(pod, new Map([['game', wanted]]))).toBe(why)
  })

  test.each([
    ['a', 'game still runs mirror/mc:1'],
    ['b', undefined],
  ])('an image that is reported by another of its names, in container %s: %j', (containerID, why) => {
    const record = { images: { game: 'mc:2' }, before: { game: { imageID: 'sha256:1', containerID: 'a' } } }
    const annotations = { 'berth.dev/changed-in-place': JSON.stringify(record) }
    const state = { running: {} }
    const status = { name: 'game', image: 'mirror/mc:1', imageID: 'sha256:1', containerID, ready: true, restartCount: 0, state }
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'mc-0', uid: '', resourceVersion: '', creationTimestamp: '', annotations },
      spec: { containers: [{ name: 'game', image: 'mc:2' }] },
      status: { conditions: [{ type: 'Ready', status: 'True' }], containerStatuses: [status] },
    }
    expect(notRunning(pod, new Map([['game', 'mc:2']]))).toBe(why)
  })
})
