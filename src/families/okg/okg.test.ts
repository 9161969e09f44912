import { describe, expect, it } from 'vitest'
import { controllerrevisions, pods } from '../../apis/core/resources.generated.ts'
import { gameServerSets } from '../../apis/game.kruise.io/game-server-set.ts'
import { labels } from '../../apis/game.kruise.io/labels.ts'
import {
  at,
  client,
  condition,
  container,
  createSet,
  eventually,
  imageOf,
  patchServer,
  patchSet,
  podsOf,
  serversOf,
  settled,
  writes,
  useInProcessOkg,
} from '../../../test/harness/in-process-okg.ts'

useInProcessOkg()

describe('a set without a network', () => {
  it('makes its servers with few writes and tells how many there are', async () => {
    await createSet('few', 20)
    await settled('few', [...Array(20).keys()])
    await eventually(async () =>
      expect((await client.get(gameServerSets, at('few'))).status).toMatchObject({
        replicas: 20,
        readyReplicas: 20,
        availableReplicas: 20,
        updatedReplicas: 20,
        currentReplicas: 20,
      }),
    )
    const ours = writes.filter(write => /pods|gameserver|controllerrevisions/.test(write) && !write.endsWith('/binding'))
    // Two writes of pods/status are the kubelet's: containers that run, and the pod that is ready.
    const counts = [...Map.groupBy(ours, write => write)].map(([write, all]) => `${write} ${all.length}`).join(', ')
    expect(ours.length / 20 - 2, counts).toBeLessThanOrEqual(4.5)
    const [pod] = await podsOf('few')
    expect(pod?.metadata.labels).toMatchObject({
      app: 'few',
      [labels.ownerSet]: 'few',
      [labels.state]: 'Ready',
      [labels.opsState]: 'None',
      [labels.updatePriority]: '0',
      [labels.deletePriority]: '0',
      [labels.networkDisabled]: 'false',
      [labels.podName]: 'few-0',
      [labels.podIndex]: '0',
    })
    expect(pod?.spec).toMatchObject({ hostname: 'few-0', subdomain: 'few', readinessGates: [{ conditionType: 'InPlaceUpdateReady' }] })
    const [server] = await serversOf('few')
    expect(server).toMatchObject({
      metadata: { labels: { 'game.kruise.io/node-name': 'simulated-0' }, ownerReferences: [{ kind: 'Pod', name: 'few-0' }] },
      spec: { opsState: 'None', updatePriority: 0, deletionPriority: 0, networkDisabled: false },
      status: { desiredState: 'Ready', updatePriority: '0', deletionPriority: '0', podStatus: { phase: 'Running' } },
    })
  })

  it('keeps ids by the rules: reserved, waiting to be deleted, holes first', async () => {
    await createSet('ids', 4, { reserveGameServerIds: ['4-6'] })
    await settled('ids', [0, 1, 2, 3])
    await patchSet('ids', { replicas: 6 })
    await settled('ids', [0, 1, 2, 3, 7, 8])
    await patchServer('ids-3', { opsState: 'WaitToBeDeleted' })
    await eventually(async () => expect((await client.get(pods, at('ids-3'))).metadata.labels?.[labels.opsState]).toBe('WaitToBeDeleted'))
    await patchSet('ids', { replicas: 5 })
    await settled('ids', [0, 1, 2, 7, 8])
    await client.delete(pods, at('ids-7'))
    await settled('ids', [0, 1, 2, 7, 8])
    await patchSet('ids', { replicas: 6 })
    await settled('ids', [0, 1, 2, 3, 7, 8])
    expect((await client.get(gameServerSets, at('ids'))).metadata.annotations?.['game.kruise.io/reserve-ids']).toBe('4-6')
  })

  it('kills exactly one server and lowers the replicas', async () => {
    await createSet('kill', 3)
    await settled('kill', [0, 1, 2])
    await patchServer('kill-1', { opsState: 'Kill' })
    await settled('kill', [0, 2])
    expect((await client.get(gameServerSets, at('kill'))).spec.replicas).toBe(2)
    await patchSet('kill', { replicas: 3 })
    await settled('kill', [0, 1, 2])
  })

  it('writes scaled-away ids into the reserve list when asked to', async () => {
    await createSet('keep', 3, { scaleStrategy: { scaleDownStrategyType: 'ReserveIds' } })
    await settled('keep', [0, 1, 2])
    await patchSet('keep', { replicas: 2 })
    await settled('keep', [0, 1])
    expect((await client.get(gameServerSets, at('keep'))).spec.reserveGameServerIds).toEqual([2])
    await patchSet('keep', { replicas: 3 })
    await settled('keep', [0, 1, 3])
  })

  it('keeps GameServers over pods with reclaim policy Delete, until they are scaled away', async () => {
    const template = { metadata: {}, spec: { containers: [container('game:1')] } }
    await createSet('stay', 2, { gameServerTemplate: { ...template, reclaimPolicy: 'Delete' } })
    const [before] = await settled('stay', [0, 1])
    await patchServer('stay-0', { opsState: 'Maintaining', containers: [{ name: 'game', image: 'game:own' }] })
    await eventually(async () => expect(imageOf((await podsOf('stay'))[0]!, 'game')).toBe('game:own'))
    await client.delete(pods, at('stay-0'))
    await eventually(async () => {
      const [pod] = await podsOf('stay')
      expect(pod?.status?.phase).toBe('Running')
      expect(imageOf(pod!, 'game')).toBe('game:own')
      expect(pod?.metadata.labels?.[labels.opsState]).toBe('Maintaining')
    })
    const [after] = await settled('stay', [0, 1])
    expect(after?.metadata.uid).toBe(before?.metadata.uid)
    await patchSet('stay', { replicas: 0 })
    await settled('stay', [])
  })

  it('leaves nothing behind, and makes nothing under deletion', async () => {
    await createSet('gone', 3)
    await settled('gone', [0, 1, 2])
    await client.delete(gameServerSets, at('gone'))
    await settled('gone', [])
    await eventually(async () => expect((await client.list(controllerrevisions, { namespace: 'default' })).items).toEqual([]))
  })

  it('never touches a pod of somebody else', async () => {
    await client.create(pods, {
      metadata: { name: 'taken-1', namespace: 'default', labels: { [labels.ownerSet]: 'taken' } },
      spec: { containers: [{ name: 'x', image: 'x' }] },
    })
    await createSet('taken', 2)
    await eventually(async () =>
      expect(await condition('taken', 'ServersNotCreated')).toMatchObject({
        reason: 'NameTaken',
        message: expect.stringContaining('taken-1'),
      }),
    )
    expect((await client.get(pods, at('taken-1'))).metadata.ownerReferences).toBeUndefined()
  })
})
