import { describe, expect, it } from 'vitest'
import { annotations } from '../../../apis/game.kruise.io/annotations.ts'
import { labels } from '../../../apis/game.kruise.io/labels.ts'
import type { Pod } from '../../../apis/core/types.generated.ts'
import { freshContainers } from './fresh-containers.ts'

const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString().replace('.000', '')
const time = (second: number, ms = 0) => Date.UTC(2026, 0, 1, 0, 0, second, ms)
const running = (second: number, ended?: { exitCode: number; from: number; to: number }) => ({
  state: { running: { startedAt: at(second) } },
  ...(ended && { lastState: { terminated: { exitCode: ended.exitCode, startedAt: at(ended.from), finishedAt: at(ended.to) } } }),
})

/** A game that runs since second 1 and a sidecar. */
const podOf = (side: object, more: { changedAt?: number; restored?: string; revision?: string; probed?: boolean } = {}): Pod =>
  ({
    metadata: {
      name: 'g-0',
      labels: { [labels.revision]: 'g-r2', ...(more.restored && { [labels.lifecycleState]: 'Normal' }) },
      annotations: {
        ...(more.restored && { [annotations.lifecycleTimestamp]: more.restored }),
        ...(more.changedAt !== undefined && {
          [annotations.inPlaceUpdateState]: JSON.stringify({
            revision: more.revision ?? 'g-r2',
            updateTimestamp: at(more.changedAt),
            lastContainerStatuses: { side: { imageID: 'old' } },
          }),
        }),
      },
    },
    spec: { containers: [{ name: 'game' }, { name: 'side', ...(more.probed && { readinessProbe: { tcpSocket: { port: 1 } } }) }] },
    status: {
      containerStatuses: [
        { name: 'game', ...running(1) },
        { name: 'side', ...side },
      ],
    },
  }) as unknown as Pod

describe('fresh containers', () => {
  const game = { probed: false, startedAt: time(1, 999) }
  it.each<[string, Pod, object[]]>([
    ['a new pod: all', podOf(running(5)), [game, { probed: false, startedAt: time(5, 999) }]],
    ['probed', podOf(running(5), { probed: true }), [game, { probed: true, startedAt: time(5, 999) }]],
    ['changed in place: those that changed', podOf(running(9), { changedAt: 8 }), [{ probed: false, startedAt: time(9, 999) }]],
    [
      'the end of the change tells more exactly',
      podOf(running(9), { changedAt: 8, restored: new Date(time(9, 300)).toISOString() }),
      [{ probed: false, startedAt: time(9, 300) }],
    ],
    [
      'started again after the change',
      podOf(running(10), { changedAt: 8, restored: new Date(time(9, 300)).toISOString() }),
      [{ probed: false, startedAt: time(10, 999) }],
    ],
    [
      'a change of an earlier revision',
      podOf(running(9), { changedAt: 8, revision: 'g-r1' }),
      [game, { probed: false, startedAt: time(9, 999) }],
    ],
    ['not running', podOf({ state: { waiting: { reason: 'CrashLoopBackOff' } } }, { changedAt: 8 }), [{ probed: false }]],
    [
      'crashed since the change',
      podOf(running(20, { exitCode: 3, from: 9, to: 12 }), { changedAt: 8 }),
      [{ probed: false, startedAt: time(20, 999), crashedAfter: 3999 }],
    ],
    ['ended well', podOf(running(20, { exitCode: 0, from: 9, to: 12 }), { changedAt: 8 }), [{ probed: false, startedAt: time(20, 999) }]],
    [
      'killed by the change itself',
      podOf(running(9, { exitCode: 137, from: 2, to: 9 }), { changedAt: 8 }),
      [{ probed: false, startedAt: time(9, 999) }],
    ],
    [
      'crashed before the change',
      podOf(running(9, { exitCode: 1, from: 2, to: 4 }), { changedAt: 8 }),
      [{ probed: false, startedAt: time(9, 999) }],
    ],
    [
      'a new pod that crashed',
      podOf(running(9, { exitCode: 1, from: 2, to: 4 })),
      [game, { probed: false, startedAt: time(9, 999), crashedAfter: 2999 }],
    ],
  ])('%s', (_, pod, expected) => {
    expect(freshContainers(pod)).toEqual(expected)
  })
})
