import { describe, expect, test } from 'vitest'
import type { AdvancedStatefulSet } from '../../../apis/apps.kruise.io/advanced-stateful-set.ts'
import type { Pod } from '../../../apis/core/types.generated.ts'
import type { GameServerSet, GameServerSetSpec } from '../../../apis/game.kruise.io/game-server-set.ts'
import { takeOverProblems } from './take-over-problems.ts'

const template = { metadata: { labels: { app: 'rooms' } }, spec: { containers: [{ name: 'game', image: 'game:1' }] } }
const meta = (name: string, uid = name) => ({ name, namespace: 'games', uid, resourceVersion: '1', creationTimestamp: '', generation: 3 })

const set = (spec: object = {}) =>
  ({
    apiVersion: 'game.kruise.io/v1alpha1',
    kind: 'GameServerSet',
    metadata: meta('rooms', 'set'),
    spec: { replicas: 2, gameServerTemplate: template, ...spec } as unknown as GameServerSetSpec,
  }) as GameServerSet
const workload = (spec: object = {}, status: object = {}) =>
  ({
    apiVersion: 'apps.kruise.io/v1beta1',
    kind: 'StatefulSet',
    metadata: meta('rooms', 'asts'),
    spec: { replicas: 2, template: { ...template, spec: { ...template.spec, restartPolicy: 'Always' } }, ...spec },
    status: { observedGeneration: 3, updateRevision: 'rooms-b', ...status },
  }) as unknown as AdvancedStatefulSet
const pod = (name: string, labels: object = {}, metadata: object = {}, conditions: object[] = []) =>
  ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...meta(name),
      labels: { 'controller-revision-hash': 'rooms-b', ...labels },
      ownerReferences: [{ apiVersion: 'apps.kruise.io/v1beta1', kind: 'StatefulSet', name: 'rooms', uid: 'asts', controller: true }],
      ...metadata,
    },
    status: { conditions },
  }) as unknown as Pod
const both = [pod('rooms-0'), pod('rooms-1')]
const claims = { gameServerTemplate: { ...template, volumeClaimTemplates: [{ metadata: { name: 'data' } }] } }

describe('what stands against a take-over', () => {
  test('nothing when all servers are there, settled, and on the revision that the set asks for', () => {
    expect(takeOverProblems({ set: set(), workload: workload(), pods: both, invalid: [] })).toEqual([])
  })

  test.each<[string, Partial<Parameters<typeof takeOverProblems>[0]>, string]>([
    ['something Berth refuses', { invalid: ['spec.network.networkType: unknown'] }, 'Berth refuses it: spec.network.networkType: unknown'],
    ['qualities', { set: set({ serviceQualities: [{ name: 'x' }] }) }, 'Berth does not act on spec.serviceQualities'],
    ['claims', { set: set(claims) }, 'Berth does not act on spec.gameServerTemplate.volumeClaimTemplates'],
    ['a change not acted upon', { workload: workload({}, { observedGeneration: 2 }) }, 'OpenKruise has not caught up'],
    ['a scaling under way', { workload: workload({ replicas: 3 }) }, 'the workload has 3 replicas, the set 2'],
    [
      'an update that never began',
      { set: set({ gameServerTemplate: { ...template, spec: { containers: [{ name: 'game', image: 'game:2' }] } } }) },
      "does not have the set's spec.containers[0].image",
    ],
    ['a missing server', { pods: [pod('rooms-0')] }, 'it has 1 of 2 servers'],
    ['a server of somebody else', { pods: [...both, pod('rooms-2', {}, { ownerReferences: [] })] }, 'belong to somebody else: rooms-2'],
    ['a server that goes', { pods: [pod('rooms-0'), pod('rooms-1', {}, { deletionTimestamp: 'now' })] }, 'are being deleted: rooms-1'],
    [
      'a server in its hook',
      { pods: [pod('rooms-0'), pod('rooms-1', { 'lifecycle.apps.kruise.io/state': 'PreparingDelete' })] },
      'are being deleted: rooms-1',
    ],
    [
      'a server that changes',
      { pods: [pod('rooms-0'), pod('rooms-1', {}, {}, [{ type: 'InPlaceUpdateReady', status: 'False', reason: 'StartInPlaceUpdate' }])] },
      'are being changed in place: rooms-1',
    ],
    [
      'a partition',
      { pods: [pod('rooms-0'), pod('rooms-1', { 'controller-revision-hash': 'rooms-a' })] },
      'are on another revision: rooms-1',
    ],
  ])('%s', (_name, change, expected) => {
    const problems = takeOverProblems({ set: set(), workload: workload(), pods: both, invalid: [], ...change })
    expect(problems).toEqual([expect.stringContaining(expected)])
  })
})
