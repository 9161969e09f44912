import { describe, expect, test } from 'vitest'
import type { Fleet } from '../../apis/agones.dev/fleet.ts'
import type { GameServer } from '../../apis/agones.dev/game-server.ts'
import type { Pod } from '../../apis/core/types.generated.ts'
import { templateHash } from '../../families/agones/revision.ts'
import { fleetProgress, type FleetView } from './fleet-progress.ts'

const templateOf = (image: string) => ({ spec: { template: { spec: { containers: [{ name: 'game', image }] } } } })
const template = templateOf('g:2')
const newest = templateHash(template)
const meta = (name: string) => ({ name, namespace: 'n', uid: name, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' })

interface Shape {
  state?: string
  old?: boolean
  /** Made by somebody who gives no names to templates. */
  unnamed?: string
  deleting?: boolean
  notes?: Record<string, string>
  image?: { reason: string; message: string }
}

function view(replicas: number, shapes: Shape[], { annotations = {}, type = 'InPlaceIfPossible' } = {}): FleetView {
  const fleet = {
    apiVersion: 'agones.dev/v1',
    kind: 'Fleet',
    metadata: { ...meta('rooms'), annotations },
    spec: { replicas, strategy: { type }, template },
  } as Fleet
  const servers = shapes.map(
    ({ state = 'Ready', old, unnamed, deleting, notes = {} }, index) =>
      ({
        apiVersion: 'agones.dev/v1',
        kind: 'GameServer',
        metadata: {
          ...meta(`rooms-${index}`),
          labels: unnamed === undefined ? { 'berth.dev/revision': old === true ? 'old' : newest } : {},
          annotations: notes,
          ...(deleting === true && { deletionTimestamp: '2026-01-01T00:00:01Z' }),
        },
        spec: unnamed === undefined ? template.spec : templateOf(unnamed).spec,
        status: { state },
      }) as unknown as GameServer,
  )
  const pods = shapes.flatMap(({ image }, index): Pod[] => {
    if (image === undefined) return []
    const status = { name: 'game', image: '', imageID: '', ready: false, restartCount: 0, state: { waiting: image } }
    return [
      {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: meta(`rooms-${index}`),
        spec: { containers: [{ name: 'game', image: 'g:2' }] },
        status: { containerStatuses: [status] },
      },
    ]
  })
  return { fleet, servers, pods }
}

describe('the progress of a Fleet', () => {
  test.each<[string, FleetView, boolean, string[], string[]]>([
    ['all updated', view(2, [{}, { state: 'Allocated' }]), true, ['done', 'done'], []],
    ['one has its turn yet to come', view(2, [{}, { old: true }]), false, ['done', 'waits until fewer servers are unavailable'], []],
    [
      'of Agones, updated and not',
      view(2, [{ unnamed: 'g:2' }, { unnamed: 'g:1' }]),
      false,
      ['done', 'waits until fewer servers are unavailable'],
      [],
    ],
    [
      'who plays keeps their version, and nobody waits for them',
      view(2, [{}, { old: true, state: 'Allocated' }]),
      true,
      ['done', 'is Allocated: is protected and keeps its version until it is free'],
      [],
    ],
    [
      'a container restarts in place',
      view(1, [{ state: 'Scheduled', notes: { 'berth.dev/updating': 'game' } }]),
      false,
      ['the changed containers are restarting'],
      [],
    ],
    [
      'an image that does not exist',
      view(1, [
        { state: 'Scheduled', notes: { 'berth.dev/updating': 'game' }, image: { reason: 'ImagePullBackOff', message: 'no such image' } },
      ]),
      false,
      ['container game (g:2): ImagePullBackOff: no such image'],
      [],
    ],
    [
      'labels on their way to the pod',
      view(1, [{ notes: { 'berth.dev/updating-metadata': '{}' } }]),
      false,
      ['its pod gets new labels and annotations'],
      [],
    ],
    ['one starts', view(1, [{ state: 'Scheduled' }]), false, ['is Scheduled: not ready yet'], []],
    ['one was refused', view(1, [{ state: 'Error' }]), false, ['is in state Error: its events say why'], []],
    [
      'the partition keeps one',
      view(2, [{}, { old: true }], { annotations: { 'berth.dev/update-partition': '1' } }),
      true,
      ['done', 'stays on the old revision because of the partition'],
      [],
    ],
    [
      'a partition means nothing where servers are replaced',
      view(2, [{}, { old: true }], { annotations: { 'berth.dev/update-partition': '1' }, type: 'RollingUpdate' }),
      false,
      ['done', 'waits until fewer servers are unavailable'],
      [],
    ],
    [
      'paused',
      view(1, [{ old: true }], { annotations: { 'berth.dev/paused': 'true' } }),
      false,
      ['the rollout is paused'],
      ['the rollout is paused (annotation berth.dev/paused)'],
    ],
    ['too few', view(2, [{}]), false, ['done'], ['1 of 2 servers do not exist yet']],
    ['too many', view(1, [{}, {}]), false, ['done', 'done'], ['1 servers are still to be removed']],
    ['more in use than wanted', view(0, [{ old: true, state: 'Reserved' }]), true, [expect.stringContaining('is Reserved')], []],
    ['one leaves', view(1, [{}, { state: 'Shutdown' }]), false, ['done', 'is ending'], []],
    ['one is deleted', view(1, [{}, { deleting: true }]), false, ['done', 'is ending'], []],
    ['one is broken', view(1, [{ state: 'Unhealthy' }]), false, ['is Unhealthy, and another one takes its place'], []],
    ['none wanted', view(0, []), true, [], []],
  ])('%s', (_, what, isDone, texts, reasons) => {
    const progress = fleetProgress(what)
    expect(progress.servers.map(({ stage, why }) => (stage === 'done' ? 'done' : why))).toEqual(texts)
    expect([progress.isDone, progress.reasons]).toEqual([isDone, reasons])
    expect(progress.revision).toBe(`rooms-${newest}`)
  })
})
