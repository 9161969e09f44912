import { describe, expect, it } from 'vitest'
import type { ClaimStatus } from '../../../addresses/model.ts'
import { formatTime } from '../../../kube/clock.ts'
import type { Pod, PodStatus } from '../../../apis/core/types.generated.ts'
import { annotations } from '../../../apis/game.kruise.io/annotations.ts'
import type { GameServer, GameServerStatus } from '../../../apis/game.kruise.io/game-server.ts'
import { labels } from '../../../apis/game.kruise.io/labels.ts'
import { nodeTrouble, podTrouble } from './conditions.ts'
import { decidePod, type PodInput } from './decide-pod.ts'
import { notReadyNetworkText, serverNetworkStatus } from './network-status.ts'
import { stateOf } from './state.ts'
import { serverStatusPatch } from './status.ts'

const now = Date.UTC(2026, 0, 1)
const yes = (...types: string[]) => types.map(type => ({ type, status: 'True' }))
const gate = { conditionType: 'InPlaceUpdateReady' }

interface Sample {
  status?: PodStatus
  labels?: Record<string, string>
  annotations?: Record<string, string>
  deleting?: boolean
}

const podOf = (sample: Sample = {}): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name: 'g-0',
    namespace: 'default',
    uid: 'u',
    resourceVersion: '1',
    creationTimestamp: '2026-01-01T00:00:00Z',
    labels: { [labels.state]: 'Creating', [labels.opsState]: 'None', ...sample.labels },
    annotations: { ...sample.annotations },
    ...(sample.deleting && { deletionTimestamp: '2026-01-01T00:00:00Z' }),
  },
  spec: { containers: [{ name: 'game', image: 'game:1' }], readinessGates: [gate], nodeName: 'n' },
  status: sample.status ?? {},
})

const running = (...conditions: object[]): PodStatus => ({
  phase: 'Running',
  conditions: conditions as NonNullable<PodStatus['conditions']>,
})
const started = running(...yes('PodScheduled', 'Initialized', 'ContainersReady'))
const ready = running(...yes('ContainersReady', 'InPlaceUpdateReady', 'Ready'))
const open = yes('ContainersReady', 'InPlaceUpdateReady')
const gateReason = 'ReadinessGatesNotReady'
const notReady = (reason: string) => ({ type: 'Ready', status: 'False', reason })

describe('stateOf', () => {
  it.each<[string, Sample, string]>([
    ['pending', { status: { phase: 'Pending' } }, 'Creating'],
    ['pending and deleted', { status: { phase: 'Pending' }, deleting: true }, 'Creating'],
    ['failed', { status: { phase: 'Failed' } }, 'Crash'],
    ['succeeded', { status: { phase: 'Succeeded' } }, 'Unknown'],
    ['deleted', { status: ready, deleting: true }, 'Deleting'],
    ['changing', { status: ready, labels: { [labels.lifecycleState]: 'Updating' } }, 'Updating'],
    ['drained', { status: running({ type: 'InPlaceUpdateReady', status: 'False', reason: 'StartInPlaceUpdate' }) }, 'Updating'],
    ['hooked before an update', { status: ready, labels: { [labels.lifecycleState]: 'PreparingUpdate' } }, 'PreUpdate'],
    ['hooked before deletion', { status: ready, labels: { [labels.lifecycleState]: 'PreparingDelete' } }, 'PreDelete'],
    ['ready', { status: ready }, 'Ready'],
    ['running', { status: started }, 'NotReady'],
    ['ready but for kubelet', { status: running(...open, notReady(gateReason)) }, 'Ready'],
    ['on a lost node', { status: running(...open, notReady('')) }, 'NotReady'],
  ])('%s', (_, sample, expected) => {
    expect(stateOf(podOf(sample))).toBe(expected)
  })
})

describe('decidePod', () => {
  const server = { metadata: { labels: {}, annotations: {} }, spec: { opsState: 'None' } } as unknown as GameServer
  const bound: ClaimStatus = {
    state: 'Bound',
    reason: '',
    message: '',
    endpoints: [{ ask: '80', containerPort: 80, protocol: 'TCP', ip: '1.2.3.4', port: 550, scope: 'external', pool: 'clb-1' }],
  }
  const pending: ClaimStatus = { state: 'Waiting', reason: 'LoadBalancer', message: 'waits', endpoints: [] }
  const decide = (sample: Sample, more: Partial<PodInput> = {}) =>
    decidePod({
      pod: podOf(sample),
      server,
      address: undefined,
      networkType: 'Volcengine-CLB',
      readySince: undefined,
      boundSince: undefined,
      createdAt: now,
      now,
      ...more,
    })
  const withText = { [annotations.networkStatus]: notReadyNetworkText }

  it('opens the gate and labels the server Ready in one write when only the gate is missing; the rest is for kubelet to say', () => {
    const { change, state } = decide({ status: started })
    expect(state).toBe('Ready')
    expect(change.conditions?.map(({ type, status }) => `${type}=${status}`)).toEqual(['InPlaceUpdateReady=True'])
    expect(change.labels).toMatchObject({ [labels.state]: 'Ready' })
  })

  it('says for a kubelet that does not look at gates that the pod is ready, when it had its time', () => {
    const opened = (agoMs: number) =>
      running(...open.map(one => ({ ...one, lastTransitionTime: formatTime(now - agoMs) })), notReady(gateReason))
    expect(decide({ status: opened(2000) })).toMatchObject({ state: 'Ready', waitMs: 1000 })
    expect(decide({ status: opened(2000) }).change.conditions).toBeUndefined()
    expect(decide({ status: opened(3000) }).change.conditions).toMatchObject([{ type: 'Ready', status: 'True' }])
    const lost = running(...open, notReady(''))
    expect(decide({ status: lost }).change.conditions).toBeUndefined()
  })

  it('leaves the gate alone while containers start, and stays silent about the blink', () => {
    const { change, state, waitMs } = decide({ status: running(...yes('PodScheduled')) }, { now: now + 500 })
    expect(change.conditions).toBeUndefined()
    expect(change.labels).not.toHaveProperty(labels.state, 'NotReady')
    expect([state, waitMs]).toEqual(['Creating', 1500])
    expect(decide({ status: running(...yes('PodScheduled')) }, { now: now + 2000 }).state).toBe('NotReady')
  })

  it('holds the gate a little for the address, and not for ever', () => {
    const held = decide({ status: started, annotations: withText }, { address: pending, readySince: now, now: now + 100 })
    expect([held.change.conditions, held.waitMs]).toEqual([undefined, 150])
    expect(
      decide({ status: started, annotations: withText }, { address: pending, readySince: now, now: now + 250 }).change.conditions,
    ).toHaveLength(1)
    const together = decide({ status: started, annotations: withText }, { address: bound, readySince: now })
    expect(together.change.conditions).toHaveLength(1)
    expect(together.change.annotations?.[annotations.networkStatus]).toContain('1.2.3.4')
  })

  it('does not hold the gate for an address that is not coming', () => {
    const none: ClaimStatus = { state: 'NoCapacity', reason: 'NoFreePorts', message: 'full', endpoints: [] }
    expect(decide({ status: started, annotations: withText }, { address: none, readySince: now }).change.conditions).toHaveLength(1)
  })

  it('publishes an address before the server is ready when that takes long', () => {
    const sample = { status: running(...yes('PodScheduled')), annotations: withText }
    expect(decide(sample, { address: bound, boundSince: now, now: now + 100 }).change.annotations).not.toHaveProperty([
      annotations.networkStatus,
    ])
    expect(decide(sample, { address: bound, boundSince: now, now: now + 250 }).change.annotations?.[annotations.networkStatus]).toContain(
      '"Ready"',
    )
  })

  it('copies intent and gs-sync keys, and stamps a change of ops state', () => {
    const intended = {
      metadata: { labels: { 'gs-sync/a': '1', b: '2' }, annotations: { 'gs-sync/c': '3' } },
      spec: { opsState: 'Allocated', deletionPriority: 7, networkDisabled: true },
    } as unknown as GameServer
    const { labels: set, annotations: notes } = decide({ status: ready }, { server: intended }).change
    expect(set).toMatchObject({
      'gs-sync/a': '1',
      [labels.opsState]: 'Allocated',
      [labels.deletePriority]: '7',
      [labels.updatePriority]: '0',
      [labels.networkDisabled]: 'true',
    })
    expect(set).not.toHaveProperty('b')
    expect(notes).toMatchObject({ 'gs-sync/c': '3', [annotations.opsStateLastChangedTime]: '2026-01-01T00:00:00Z' })
  })
})

describe('conditions', () => {
  const status = (state: object): Sample => ({ status: { phase: 'Running', containerStatuses: [{ name: 'game', state }] as never } })
  it.each<[string, Sample, string | undefined]>([
    ['all well', { status: ready }, undefined],
    ['evicted', { status: { reason: 'Evicted' } }, 'Evicted'],
    ['not scheduled', { status: running({ type: 'PodScheduled', status: 'False', reason: 'Unschedulable' }) }, 'Unschedulable'],
    ['cannot pull', status({ waiting: { reason: 'ImagePullBackOff' } }), 'ContainerWaiting:ImagePullBackOff'],
    ['being created', status({ waiting: { reason: 'ContainerCreating' } }), undefined],
    ['ended badly', status({ terminated: { reason: 'Error', exitCode: 3 } }), 'ContainerTerminated:Error'],
    ['ended well', status({ terminated: { reason: 'Completed', exitCode: 0 } }), undefined],
  ])('PodNormal: %s', (_, sample, expected) => {
    expect(podTrouble(podOf(sample))?.reason).toBe(expected)
  })

  it('NodeNormal names the condition that is not as it should be', () => {
    const node = (...conditions: object[]) => ({ status: { conditions } }) as never
    expect(nodeTrouble(node({ type: 'Ready', status: 'True' }, { type: 'DiskPressure', status: 'False' }))).toBeUndefined()
    expect(nodeTrouble(node({ type: 'Ready', status: 'Unknown', reason: 'NodeStatusUnknown' }))?.reason).toBe('Ready:NodeStatusUnknown')
    expect(nodeTrouble(node({ type: 'MemoryPressure', status: 'True', reason: 'Low' }))?.reason).toBe('MemoryPressure:Low')
    expect(nodeTrouble(undefined)?.reason).toBe('Node Not Found')
  })
})

describe('serverStatusPatch', () => {
  const stored: GameServerStatus = {
    currentState: 'Ready',
    updatePriority: '0',
    podStatus: { phase: 'Running', podIP: '10.0.0.1', conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: 'a' }] },
  }

  it('sees no news in times, messages and the form of priorities', () => {
    const flicker = {
      ...stored,
      updatePriority: 0,
      podStatus: { ...stored.podStatus, conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: 'b', message: 'm' }] },
    }
    expect(serverStatusPatch(stored, flicker, now)).toBeUndefined()
  })

  it('sees news in states, addresses and restarts', () => {
    expect(serverStatusPatch(stored, { ...stored, currentState: 'NotReady' }, now)).toMatchObject({
      currentState: 'NotReady',
      lastTransitionTime: '2026-01-01T00:00:00Z',
    })
    expect(serverStatusPatch(stored, { ...stored, podStatus: { ...stored.podStatus, podIP: '10.0.0.2' } }, now)).toBeDefined()
    expect(serverStatusPatch(undefined, stored, now)).toBeDefined()
  })

  it('sees no news in the order in which a server gives members back', () => {
    const network = (ports: object) => ({ ...stored, networkStatus: { externalAddresses: [ports] } }) as GameServerStatus
    const written = network({ ip: '1.1.1.1', ports: [{ name: '80', protocol: 'TCP', port: 31_755 }] })
    const sorted = network({ ip: '1.1.1.1', ports: [{ name: '80', port: 31_755, protocol: 'TCP' }] })
    expect(serverStatusPatch(sorted, written, now)).toBeUndefined()
    expect(serverStatusPatch(sorted, network({ ip: '1.1.1.1', ports: [{ name: '80', port: 31_756, protocol: 'TCP' }] }), now)).toBeDefined()
  })

  it('takes away what the status of the pod no longer says', () => {
    const evicted: GameServerStatus = { ...stored, podStatus: { phase: 'Failed', podIP: '10.0.0.1', reason: 'Evicted' } }
    expect(serverStatusPatch(evicted, stored, now)).toMatchObject({ podStatus: { phase: 'Running', podIP: '10.0.0.1', reason: null } })
  })

  it('takes addresses away that are no more', () => {
    const time = '2026-01-01T00:00:00Z'
    const before = serverNetworkStatus(
      'X',
      { currentNetworkState: 'Ready', externalAddresses: [{ ip: '1.1.1.1' }] },
      false,
      undefined,
      time,
    )
    const after = serverNetworkStatus('X', { currentNetworkState: 'NotReady' }, true, before, 'later')
    expect(after).toMatchObject({ desiredNetworkState: 'NotReady', createTime: time, lastTransitionTime: 'later' })
    expect(serverStatusPatch({ ...stored, networkStatus: before }, { ...stored, networkStatus: after }, now)).toMatchObject({
      networkStatus: { externalAddresses: null },
    })
  })
})
