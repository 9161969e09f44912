import { describe, expect, it } from 'vitest'
import type { Pod } from '../../../apis/core/types.generated.ts'
import type { GameServerSet, GameServerSetSpec } from '../../../apis/game.kruise.io/game-server-set.ts'
import { labels } from '../../../apis/game.kruise.io/labels.ts'
import type { Plan, Step } from '../../../servers/model.ts'
import { RangeSet } from '../../../servers/range-set.ts'
import { isRestarted, withTag } from '../../../servers/restart.ts'
import { inPlaceStateText, type InPlaceUpdateState } from './in-place-state.ts'
import { replicasAfterKill } from './kill.ts'
import { memberOf, ordinalOf } from './member.ts'
import { memoryOf, memoryPatch } from './memory.ts'
import { countOf } from '../../../servers/count-of.ts'
import { updatePolicyOf } from './policy.ts'
import { rankOf } from './scale-down-order.ts'
import { revisionOf, templateOf } from './template.ts'

const setOf = (spec: object = {}, notes: Record<string, string> = {}): GameServerSet =>
  ({
    apiVersion: 'game.kruise.io/v1alpha1',
    kind: 'GameServerSet',
    metadata: { name: 'g', namespace: 'default', uid: 's', annotations: notes },
    spec: {
      replicas: 3,
      gameServerTemplate: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'game', image: 'game:1' }] } },
      ...spec,
    },
  }) as unknown as GameServerSet
const specOf = (updateStrategy?: object): GameServerSetSpec =>
  ({ replicas: 10, gameServerTemplate: {}, ...(updateStrategy && { updateStrategy }) }) as unknown as GameServerSetSpec

const podOf = (more: { labels?: object; annotations?: object; status?: object; finalizers?: string[]; image?: string } = {}): Pod =>
  ({
    metadata: {
      name: 'g-7',
      namespace: 'default',
      uid: 'p',
      labels: { [labels.revision]: 'g-r1', ...more.labels },
      annotations: more.annotations ?? {},
      finalizers: more.finalizers,
    },
    spec: { nodeName: 'n', containers: [{ name: 'game', image: more.image ?? 'game:1' }] },
    status: more.status ?? {},
  }) as unknown as Pod

describe('update policy', () => {
  it.each([
    ['nothing given', undefined, { mode: 'Recreate', maxUnavailable: 1, order: [] }],
    ['OnDelete', { type: 'OnDelete' }, { mode: 'OnDelete' }],
    ['rollingUpdate beats OnDelete', { type: 'OnDelete', rollingUpdate: {} }, { mode: 'Recreate' }],
    [
      'in place',
      { rollingUpdate: { podUpdatePolicy: 'InPlaceOnly', partition: 2, maxUnavailable: '25%', paused: true } },
      { mode: 'InPlaceOnly', partition: 2, maxUnavailable: 2, paused: true },
    ],
    ['priorities count', { rollingUpdate: {} }, { order: [{ by: 'updatePriority', first: 'highest' }] }],
    [
      'grace',
      { rollingUpdate: { inPlaceUpdateStrategy: { gracePeriodSeconds: 5 }, minReadySeconds: 3 } },
      { gracePeriodSeconds: 5, minReadySeconds: 3 },
    ],
  ])('%s', (_, strategy, expected) => {
    expect(updatePolicyOf(specOf(strategy))).toMatchObject(expected)
  })

  it.each([
    [3, 10, 3],
    ['30%', 10, 3],
    ['5%', 10, 1],
    ['100%', 0, 1],
    ['4', 10, 4],
    ['x', 10, 1],
  ])('countOf(%j, %i) is %i', (value, replicas, expected) => {
    expect(countOf(value, replicas)).toBe(expected)
  })
})

describe('rank', () => {
  it.each([
    ['Kill', 100],
    ['WaitToBeDeleted', 1],
    ['None', 0],
    ['anything', 0],
    ['Allocated', -1],
    ['Maintaining', -2],
  ])('opsState %s ranks %i', (opsState, rank) => {
    expect(rankOf({ [labels.opsState]: opsState })['opsState']).toBe(rank)
  })

  it('reads priorities as the original does', () => {
    expect(rankOf({ [labels.deletePriority]: '12', [labels.updatePriority]: 'p-9' })).toMatchObject({
      deletionPriority: 12,
      updatePriority: -9,
    })
    expect(rankOf({ [labels.deletePriority]: 'x', [labels.updatePriority]: 'x' })).toMatchObject({ deletionPriority: 0, updatePriority: 0 })
    expect(rankOf({})['updatePriority']).toBe(Number.MAX_SAFE_INTEGER)
  })
})

describe('member', () => {
  it.each([
    ['g-0', 0],
    ['a-b-12', 12],
    ['g-01', undefined],
    ['g', undefined],
  ])('the ordinal of %s is %s', (name, expected) => {
    expect(ordinalOf(name)).toBe(expected)
  })

  const stopped = {
    conditions: [{ type: 'InPlaceUpdateReady', status: 'False', reason: 'StartInPlaceUpdate', lastTransitionTime: '2026-01-01T00:00:00Z' }],
  }
  const lifecycle = (state: string) => ({ labels: { [labels.lifecycleState]: state } })
  it.each<[string, Parameters<typeof podOf>[0], object]>([
    ['starting', { status: { phase: 'Pending' } }, { stage: 'Starting' }],
    ['ended', { status: { phase: 'Succeeded' } }, { stage: 'Broken' }],
    [
      'ready',
      { status: { conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' }] } },
      { stage: 'Ready', availableSince: Date.UTC(2026, 0, 1) },
    ],
    ['hooked', lifecycle('PreparingUpdate'), { stage: 'Starting', change: { phase: 'Hooked' } }],
    ['drained', { status: stopped }, { stage: 'Changing', change: { phase: 'Drained', since: Date.UTC(2026, 0, 1) } }],
    ['patched', { ...lifecycle('Updating'), status: stopped }, { stage: 'Changing', change: { phase: 'Patched' } }],
    ['waiting in its delete hook', lifecycle('PreparingDelete'), { stage: 'Leaving', preparingDelete: 'ScaleDown' }],
    ['asked to be recreated', { labels: { [labels.specifiedDelete]: 'true' } }, { recreateRequested: true }],
    [
      'cannot pull',
      { status: { containerStatuses: [{ name: 'game', state: { waiting: { reason: 'ErrImagePull', message: 'no such image' } } }] } },
      { failure: { reason: 'ImagePullBackOff', message: 'container game (image game:1): no such image' } },
    ],
    [
      'nowhere to run',
      { status: { conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: 'full' }] } },
      { failure: { reason: 'Unschedulable' } },
    ],
  ])('%s', (_, sample, expected) => {
    expect(memberOf(podOf(sample), setOf(), false)).toMatchObject(expected)
  })

  it('tells the same of a failed pull and of the pause after it', () => {
    const waiting = (reason: string, message: string) =>
      memberOf(podOf({ status: { containerStatuses: [{ name: 'game', state: { waiting: { reason, message } } }] } }), setOf(), false)
        .failure
    expect(waiting('ImagePullBackOff', 'Back-off pulling image "game:1": ErrImagePull: no such image')).toEqual(
      waiting('ErrImagePull', 'no such image'),
    )
    expect(waiting('CrashLoopBackOff', 'back-off 20s')).toEqual(waiting('CrashLoopBackOff', 'back-off 40s'))
  })

  it('is held by a label with the value, or a finalizer', () => {
    const hooks = { lifecycle: { preDelete: { labelsHandler: { hold: 'yes' } }, inPlaceUpdate: { finalizersHandler: ['x/y'] } } }
    expect(memberOf(podOf({ labels: { hold: 'yes' } }), setOf(hooks), false).held).toEqual({ delete: true, change: false })
    expect(memberOf(podOf({ labels: { hold: 'no' }, finalizers: ['x/y'] }), setOf(hooks), false).held).toEqual({
      delete: false,
      change: true,
    })
  })
})

describe('in-place completion', () => {
  const change = { to: 'g-r2', metadata: { labels: {}, annotations: {} }, images: [{ container: 'game', image: 'game:2' }] }
  const status = (imageID: string, image: string, state: object = { running: {} }, containerID = 'run-1') => ({
    containerStatuses: [{ name: 'game', imageID, image, state, containerID }],
  })
  const before: InPlaceUpdateState = JSON.parse(inPlaceStateText(podOf({ status: status('sha:1', 'game:1') }), change, 0))

  it('records what ran before', () => {
    expect(before).toEqual({
      revision: 'g-r2',
      updateTimestamp: '1970-01-01T00:00:00Z',
      lastContainerStatuses: { game: { imageID: 'sha:1', containerID: 'run-1' } },
      updateImages: true,
      containerBatchesRecord: [{ timestamp: '1970-01-01T00:00:00Z', containers: ['game'] }],
    })
  })

  it.each<[string, object, boolean]>([
    ['nothing happened', status('sha:1', 'game:1'), false],
    ['another image runs', status('sha:2', 'game:2'), true],
    ['two tags of one image', status('sha:1', 'game:2'), true],
    ['two tags of one image, the runtime reports the old one', status('sha:1', 'game:1', { running: {} }, 'run-2'), true],
    ['it does not run yet', status('sha:2', 'game:2', { waiting: {} }), false],
    ['no status', {}, false],
  ])('%s: %s', (_, found, expected) => {
    expect(isRestarted(podOf({ status: found, image: 'game:2' }), before.lastContainerStatuses)).toBe(expected)
  })

  it('a missing tag means latest, a port is no tag', () => {
    expect(['a', 'a:1', 'r:5000/a', 'r:5000/a@sha256:x'].map(withTag)).toEqual(['a:latest', 'a:1', 'r:5000/a:latest', 'r:5000/a@sha256:x'])
  })
})

describe('memory', () => {
  const planOf = (more: Partial<Plan> = {}): Plan => ({ steps: [], waiting: [], keys: new Set(), counts: {} as Plan['counts'], ...more })
  const leave = (ordinal: number): Step => ({ do: 'delete', because: 'ScaleDown', member: { key: `g-${ordinal}`, ordinal } as never })
  const ids = 'game.kruise.io/reserve-ids'
  const holes = 'berth.dev/id-holes'

  it.each<[string, GameServerSet, Plan, object | undefined]>([
    ['nothing to say', setOf(), planOf(), undefined],
    [
      'a reserve list is acknowledged',
      setOf({ reserveGameServerIds: ['4-6', 1] }),
      planOf(),
      { metadata: { annotations: { [ids]: '1,4-6' } } },
    ],
    ['and not again', setOf({ reserveGameServerIds: ['4-6'] }, { [ids]: '4-6' }), planOf(), undefined],
    ['an emptied list', setOf({}, { [ids]: '4-6' }), planOf(), { metadata: { annotations: { [ids]: '' } } }],
    [
      'holes',
      setOf(),
      planOf({ memory: { holes: RangeSet.of(3), replicas: 5 } }),
      { metadata: { annotations: { [holes]: '{"replicas":5,"ids":"3"}' } } },
    ],
    ['no holes any more', setOf({}, { [holes]: '{"replicas":5,"ids":"3"}' }), planOf(), { metadata: { annotations: { [holes]: null } } }],
    [
      'ReserveIds keeps the ids of those who leave',
      setOf({ scaleStrategy: { scaleDownStrategyType: 'ReserveIds' }, reserveGameServerIds: [1] }, { [ids]: '1' }),
      planOf({ steps: [leave(4), leave(3), leave(2)] }),
      { metadata: { annotations: { [ids]: '1-4' } }, spec: { reserveGameServerIds: ['1-4'] } },
    ],
  ])('%s', (_, set, plan, expected) => {
    expect(memoryPatch(set, plan)).toEqual(expected)
  })

  it('reads back what it wrote, and ignores nonsense', () => {
    expect(memoryOf(setOf({}, { [holes]: '{"replicas":5,"ids":"3,7-9"}' }))?.holes.toString()).toBe('3,7-9')
    expect(memoryOf(setOf({}, { [holes]: 'x' }))).toBeUndefined()
  })
})

describe('kill', () => {
  const kill = podOf({ labels: { [labels.opsState]: 'Kill' } })
  it.each<[string, Pod[], boolean, number | undefined]>([
    ['lowers the replicas', [kill, podOf(), podOf()], false, 2],
    ['not while the count is unsettled', [kill, podOf()], false, undefined],
    ['not while a pod is going', [kill, podOf(), podOf()], true, undefined],
    ['nobody to kill', [podOf(), podOf(), podOf()], false, undefined],
  ])('%s', (_, pods, deleting, expected) => {
    expect(replicasAfterKill(setOf(), pods, () => deleting)).toBe(expected)
  })
})

describe('template', () => {
  const network = { network: { networkType: 'X', networkConf: [{ name: 'a', value: 'b' }] } }

  it('carries the network as annotations, so that changing it is a change of the template', () => {
    expect(templateOf(setOf(network)).metadata?.annotations).toEqual({
      'game.kruise.io/network-type': 'X',
      'game.kruise.io/network-conf': '[{"name":"a","value":"b"}]',
    })
    expect(revisionOf(setOf(network)).id).not.toBe(revisionOf(setOf()).id)
    expect(revisionOf(setOf()).id).toMatch(/^g-[a-z0-9]{10}$/)
  })

  it('is the same after an undo wrote a stored template back', () => {
    const stored = templateOf(setOf(network))
    expect(revisionOf(setOf({ ...network, gameServerTemplate: stored })).id).toBe(revisionOf(setOf(network)).id)
  })
})
