import { describe, expect, it } from 'vitest'
import type { Draft } from '../registry.ts'
import { podCells } from './pod-cells.ts'

const now = new Date('2026-01-01T01:00:00Z')
const created = '2026-01-01T00:00:00Z'

const container = (name: string, more: Record<string, unknown>) => ({
  name,
  ready: false,
  restartCount: 0,
  image: 'i',
  imageID: '',
  state: {},
  ...more,
})
const running = { running: { startedAt: created } }

describe('pods', () => {
  const row = (spec: Record<string, unknown>, status: Record<string, unknown>, metadata: Record<string, unknown> = {}) =>
    podCells(
      {
        metadata: { name: 'x', creationTimestamp: created, ...metadata },
        spec: { containers: [{ name: 'a' }, { name: 'b' }], ...spec },
        status,
      } as unknown as Draft,
      now,
    )

  it.each<[string, readonly unknown[] | undefined, string, string, string]>([
    ['Pending without statuses', row({}, { phase: 'Pending' }), '0/2', 'Pending', '0'],
    [
      'Running',
      row(
        {},
        {
          phase: 'Running',
          containerStatuses: [container('a', { ready: true, state: running }), container('b', { ready: true, state: running })],
        },
      ),
      '2/2',
      'Running',
      '0',
    ],
    [
      'restarted five seconds ago',
      row(
        {},
        {
          phase: 'Running',
          containerStatuses: [
            container('a', { ready: true, state: running }),
            container('b', {
              ready: true,
              state: running,
              restartCount: 1,
              lastState: { terminated: { exitCode: 1, finishedAt: '2026-01-01T00:59:55Z' } },
            }),
          ],
        },
      ),
      '2/2',
      'Running',
      '1 (5s ago)',
    ],
    [
      'an image that cannot be pulled',
      row(
        {},
        {
          phase: 'Pending',
          containerStatuses: [
            container('a', { state: { waiting: { reason: 'ImagePullBackOff' } } }),
            container('b', { ready: true, state: running }),
          ],
        },
      ),
      '1/2',
      'ImagePullBackOff',
      '0',
    ],
    ['Terminating', row({}, { phase: 'Running' }, { deletionTimestamp: created }), '0/2', 'Terminating', '0'],
    ['gone node', row({}, { phase: 'Running', reason: 'NodeLost' }, { deletionTimestamp: created }), '0/2', 'Unknown', '0'],
    [
      'Completed',
      row({}, { phase: 'Succeeded', containerStatuses: [container('a', { state: { terminated: { exitCode: 0, reason: 'Completed' } } })] }),
      '0/2',
      'Completed',
      '0',
    ],
    [
      'an exit code without reason',
      row({}, { phase: 'Failed', containerStatuses: [container('a', { state: { terminated: { exitCode: 7 } } })] }),
      '0/2',
      'ExitCode:7',
      '0',
    ],
    [
      'one of two completed',
      row(
        {},
        {
          phase: 'Running',
          containerStatuses: [
            container('a', { state: { terminated: { exitCode: 0, reason: 'Completed' } } }),
            container('b', { ready: true, state: running }),
          ],
        },
      ),
      '1/2',
      'NotReady',
      '0',
    ],
    [
      'initialising',
      row(
        { initContainers: [{ name: 'i' }, { name: 'j' }] },
        {
          phase: 'Pending',
          initContainerStatuses: [container('i', { state: { terminated: { exitCode: 0 } } }), container('j', { state: running })],
        },
      ),
      '0/2',
      'Init:1/2',
      '0',
    ],
    [
      'a failing init container',
      row(
        { initContainers: [{ name: 'i' }] },
        {
          phase: 'Pending',
          initContainerStatuses: [container('i', { restartCount: 2, state: { waiting: { reason: 'CrashLoopBackOff' } } })],
        },
      ),
      '0/2',
      'Init:CrashLoopBackOff',
      '2',
    ],
    [
      'a sidecar',
      row(
        { initContainers: [{ name: 's', restartPolicy: 'Always' }] },
        {
          phase: 'Running',
          conditions: [{ type: 'Initialized', status: 'True' }],
          initContainerStatuses: [container('s', { started: true, ready: true, state: running, restartCount: 1 })],
          containerStatuses: [container('a', { ready: true, state: running }), container('b', { ready: true, state: running })],
        },
      ),
      '3/3',
      'Running',
      '1',
    ],
    [
      'gated',
      row({}, { phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' }] }),
      '0/2',
      'SchedulingGated',
      '0',
    ],
  ])('%s', (_, actual, ready, status, restarts) => {
    expect(actual?.slice(0, 4)).toEqual(['x', ready, status, restarts])
  })

  it('shows address, node and readiness gates', () => {
    const actual = row(
      { nodeName: 'n', readinessGates: [{ conditionType: 'g' }, { conditionType: 'h' }] },
      { podIP: '10.0.0.1', conditions: [{ type: 'g', status: 'True' }] },
    )
    expect(actual?.slice(4)).toEqual(['60m', '10.0.0.1', 'n', '<none>', '1/2'])
  })
})
