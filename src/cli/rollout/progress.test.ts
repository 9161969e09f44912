import { describe, expect, test } from 'vitest'
import type { ControllerRevision, Pod } from '../../apis/core/types.generated.ts'
import type { GameServerSet } from '../../apis/game.kruise.io/game-server-set.ts'
import type { GameServer } from '../../apis/game.kruise.io/game-server.ts'
import { createProgressDisplay, progressLines } from './progress-display.ts'
import { rolloutProgress, type RolloutView } from './progress.ts'

interface PodShape {
  revision?: string
  ready?: boolean
  deleting?: boolean
  inPlace?: boolean
  state?: string
  waiting?: { reason: string; message?: string }
  unscheduled?: string
}

const meta = (name: string) => ({ name, namespace: 'n', uid: name, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' })

function pod(index: number, { revision = 'mc-2', ready = true, deleting, inPlace, state, waiting, unscheduled }: PodShape = {}): Pod {
  const condition = (type: string, isTrue: boolean, message?: string) => ({
    type,
    status: isTrue ? 'True' : 'False',
    ...(message === undefined ? {} : { message }),
  })
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...meta(`mc-${index}`),
      labels: { 'controller-revision-hash': revision, ...(state === undefined ? {} : { 'lifecycle.apps.kruise.io/state': state }) },
      ...(deleting === true ? { deletionTimestamp: '2026-01-01T00:00:01Z' } : {}),
      ...(inPlace === true ? { annotations: { 'apps.kruise.io/inplace-update-state': '{}' } } : {}),
    },
    spec: { containers: [{ name: 'game', image: 'mc:2' }] },
    status: {
      phase: ready ? 'Running' : 'Pending',
      conditions: [
        condition('Ready', ready),
        condition('InPlaceUpdateReady', inPlace !== true),
        ...(unscheduled === undefined ? [] : [condition('PodScheduled', false, unscheduled)]),
      ],
      containerStatuses:
        waiting === undefined ? [] : [{ name: 'game', image: 'mc:1', imageID: '', ready: false, restartCount: 3, state: { waiting } }],
    },
  }
}

function view(
  podShapes: PodShape[],
  spec: Partial<GameServerSet['spec']> = {},
  more: Partial<RolloutView> & { generation?: number } = {},
): RolloutView {
  const replicas = spec.replicas ?? podShapes.length
  const revision = (number: number): ControllerRevision => ({
    apiVersion: 'apps/v1',
    kind: 'ControllerRevision',
    metadata: meta(`mc-${number}`),
    revision: number,
  })
  const set: GameServerSet = {
    apiVersion: 'game.kruise.io/v1alpha1',
    kind: 'GameServerSet',
    metadata: { ...meta('mc'), generation: more.generation ?? 1 },
    spec: { replicas, gameServerTemplate: { spec: { containers: [] } }, ...spec },
    status: { observedGeneration: 1, replicas, readyReplicas: 0, availableReplicas: 0, currentReplicas: 0, updatedReplicas: 0 },
  }
  return { set, pods: podShapes.map((shape, index) => pod(index, shape)), gameServers: [], revisions: [revision(1), revision(2)], ...more }
}

const old = { revision: 'mc-1' }

describe('rolloutProgress', () => {
  test.each<[string, RolloutView, boolean, string[]]>([
    ['all updated and ready', view([{}, {}]), true, ['done', 'done']],
    ['one still old', view([{}, old]), false, ['done', 'waits for its turn']],
    ['one changing in place', view([{}, { inPlace: true, ready: false }]), false, ['done', 'its containers are changing']],
    ['one held back by a hook', view([{ ...old, state: 'PreparingUpdate' }]), false, ['waits for its in-place hook']],
    ['one ending', view([{}, { deleting: true }], { replicas: 1 }), false, ['done', 'is ending']],
    ['one without a node', view([{ ready: false, unscheduled: '0/2 nodes' }]), false, ['has no node: 0/2 nodes']],
    [
      'an image that does not exist',
      view([{ ready: false, waiting: { reason: 'ImagePullBackOff', message: 'no such image' } }]),
      false,
      ['container game (mc:2): ImagePullBackOff: no such image'],
    ],
    [
      'the partition leaves one old',
      view([{}, old], { updateStrategy: { rollingUpdate: { partition: 1 } } }),
      true,
      ['done', 'stays on the old version because of the partition'],
    ],
    [
      'more old ones than the partition leaves',
      view([old, old], { updateStrategy: { rollingUpdate: { partition: 1 } } }),
      false,
      ['waits for its turn', 'waits for its turn'],
    ],
    ['OnDelete', view([old, {}], { updateStrategy: { type: 'OnDelete' } }), true, ['gets the new version when it is deleted', 'done']],
    [
      'OnDelete with a server that is down',
      view([{ ...old, ready: false }], { updateStrategy: { type: 'OnDelete' } }),
      false,
      ['is not ready yet'],
    ],
    ['paused', view([old], { updateStrategy: { rollingUpdate: { paused: true } } }), false, ['waits: the rollout is paused']],
    ['too few servers', view([{}], { replicas: 2 }), false, ['done']],
    ['a change that nobody has seen', view([{}], {}, { generation: 2 }), false, ['done']],
    ['no servers wanted', view([]), true, []],
  ])('%s', (_what, what, isDone, texts) => {
    const progress = rolloutProgress(what)
    expect(progress.isDone).toBe(isDone)
    expect(progress.servers.map(({ stage, why }) => (stage === 'done' ? 'done' : why))).toEqual(texts)
    expect(progress.isDone || progress.reasons.length > 0 || progress.servers.some(({ stage }) => stage !== 'done')).toBe(true)
  })

  test('a server without its address is not done', () => {
    const status = { networkStatus: { networkType: 'Volcengine-CLB', desiredNetworkState: 'Ready', currentNetworkState: 'NotReady' } }
    const gameServer: GameServer = { apiVersion: 'game.kruise.io/v1alpha1', kind: 'GameServer', metadata: meta('mc-0'), status }
    expect(rolloutProgress(view([{}], {}, { gameServers: [gameServer] })).servers[0]?.why).toBe('has no address yet')
    const disabled: GameServer = { ...gameServer, status: { networkStatus: { ...status.networkStatus, desiredNetworkState: 'NotReady' } } }
    expect(rolloutProgress(view([{}], {}, { gameServers: [disabled] })).isDone).toBe(true)
  })

  test('what the controller reports is among the reasons', () => {
    const { set, ...rest } = view([{}, {}], { replicas: 3 })
    const conditions = [
      { type: 'Progressing', status: 'True', message: 'mc-2: is created' },
      { type: 'AddressesMissing', status: 'True', message: 'mc-2: no room in lb-1' },
      { type: 'SpecInvalid', status: 'False', message: '' },
    ]
    const progress = rolloutProgress({ ...rest, set: { ...set, status: { ...set.status!, conditions } } })
    expect(progress.reasons).toEqual(['1 of 3 servers do not exist yet', 'AddressesMissing: mc-2: no room in lb-1'])
  })
})

describe('progress display', () => {
  const before = rolloutProgress(view([{}, old]))
  const after = rolloutProgress(view([{}, {}]))

  test('prints what changed, line by line, where there is no terminal', () => {
    let text = ''
    const display = createProgressDisplay({ write: chunk => (text += String(chunk)) }, 'mc')
    display.show(before)
    display.show(before)
    display.show(after)
    display.end(after)
    expect(text).toBe(
      [
        'mc: 1 of 2 updated, 2 of 2 ready',
        '  mc-0: done',
        '  mc-1: waits for its turn',
        '  mc-1: done',
        'mc: done: 2 of 2 servers ready',
        '',
      ].join('\n'),
    )
  })

  test('redraws bars on a terminal, and never wraps', () => {
    let text = ''
    const display = createProgressDisplay({ write: chunk => (text += String(chunk)), isTTY: true, columns: 40 }, 'mc')
    display.show(before)
    display.end(after)
    expect(text).toContain('\u001b[3A\u001b[0J')
    expect(text.split('\n').every(line => line.replaceAll('\u001b[3A\u001b[0J', '').length <= 40)).toBe(true)
    expect(text.endsWith('mc: done: 2 of 2 servers ready\n')).toBe(true)
  })

  test('a single look shows everything', () => {
    expect(progressLines('mc', before)).toEqual(['mc: 1 of 2 updated, 2 of 2 ready', '  mc-0   done', '  mc-1   waits for its turn'])
  })
})
