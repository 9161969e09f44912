import { afterAll, beforeAll, describe, expect } from 'vitest'
import { startCluster, type TestCluster } from './harness/cluster.ts'
import { eventually } from './harness/eventually.ts'
import { testNeeding } from './harness/needs.ts'
import { deletePods, gameServerSet, idsOf, type Pod, patchServer, patchSet, serversOf, settled } from './harness/okg.ts'

const test = testNeeding('kubectl')

describe('which servers exist', () => {
  let cluster: TestCluster
  beforeAll(async () => {
    cluster = await startCluster({ args: ['--simulate'] })
  })
  afterAll(() => cluster[Symbol.asyncDispose]())

  const remove = (set: string) => cluster.k(['delete', 'gameserversets.game.kruise.io', set, '--wait=true'])

  test('reserved ids are skipped, also when given as a range and at creation', async () => {
    await cluster.apply(gameServerSet({ name: 'reserve', replicas: 4, spec: { reserveGameServerIds: ['4-6'] } }))
    await settled(cluster, 'reserve', [0, 1, 2, 3])
    await patchSet(cluster, 'reserve', { spec: { replicas: 6 } })
    await settled(cluster, 'reserve', [0, 1, 2, 3, 7, 8])
    await patchSet(cluster, 'reserve', { spec: { reserveGameServerIds: [1, '4-6'] } })
    await settled(cluster, 'reserve', [0, 2, 3, 7, 8, 9])
    await remove('reserve')
  })

  test('a server waiting to be deleted goes first, its hole is filled first again', async () => {
    await cluster.apply(gameServerSet({ name: 'wait', replicas: 6 }))
    await settled(cluster, 'wait', [0, 1, 2, 3, 4, 5])
    await patchServer(cluster, 'wait-3', { spec: { opsState: 'WaitToBeDeleted' } })
    await eventually(
      'the pod carries the ops state',
      async () => (await cluster.k('get pod wait-3 -o jsonpath={.metadata.labels.game\\.kruise\\.io/gs-opsState}')) === 'WaitToBeDeleted',
    )
    await cluster.k('scale gameserversets.game.kruise.io/wait --replicas=5')
    await settled(cluster, 'wait', [0, 1, 2, 4, 5])
    await cluster.k('scale gameserversets.game.kruise.io/wait --replicas=6')
    await settled(cluster, 'wait', [0, 1, 2, 3, 4, 5])
    await remove('wait')
  })

  test('deletion order: WaitToBeDeleted, priority, then the highest id; Allocated and Maintaining go last', async () => {
    await cluster.apply(gameServerSet({ name: 'order', replicas: 5 }))
    await settled(cluster, 'order', [0, 1, 2, 3, 4])
    await patchServer(cluster, 'order-4', { spec: { opsState: 'Allocated' } })
    await patchServer(cluster, 'order-3', { spec: { opsState: 'Maintaining' } })
    await patchServer(cluster, 'order-0', { spec: { deletionPriority: 10 } })
    await eventually(
      'labels are there',
      async () =>
        (
          await cluster.k([
            'get',
            'pods',
            '-l',
            'app=order',
            '-o',
            'jsonpath={range .items[*]}{.metadata.labels.game\\.kruise\\.io/gs-opsState}:{.metadata.labels.game\\.kruise\\.io/gs-delete-priority} {end}',
          ])
        ).trim() === 'None:10 None:0 None:0 Maintaining:0 Allocated:0',
    )
    await patchSet(cluster, 'order', { spec: { replicas: 4 } })
    await settled(cluster, 'order', [1, 2, 3, 4])
    await patchSet(cluster, 'order', { spec: { replicas: 2 } })
    await settled(cluster, 'order', [3, 4])
    await patchSet(cluster, 'order', { spec: { replicas: 1 } })
    await settled(cluster, 'order', [3])
    await remove('order')
  })

  test('Kill removes exactly this server and lowers the replicas', async () => {
    await cluster.apply(gameServerSet({ name: 'kill', replicas: 4 }))
    await settled(cluster, 'kill', [0, 1, 2, 3])
    await patchServer(cluster, 'kill-2', { spec: { opsState: 'Kill' } })
    await settled(cluster, 'kill', [0, 1, 3])
    expect(await cluster.k('get gss kill -o jsonpath={.spec.replicas}')).toBe('3')
    await patchSet(cluster, 'kill', { spec: { replicas: 4 } })
    await settled(cluster, 'kill', [0, 1, 2, 3])
    await remove('kill')
  })

  test('ReserveIds remembers the ids that were scaled away', async () => {
    await cluster.apply(gameServerSet({ name: 'keep', replicas: 3, spec: { scaleStrategy: { scaleDownStrategyType: 'ReserveIds' } } }))
    await settled(cluster, 'keep', [0, 1, 2])
    await patchSet(cluster, 'keep', { spec: { replicas: 2 } })
    await settled(cluster, 'keep', [0, 1])
    expect(await cluster.k('get gss keep -o jsonpath={.spec.reserveGameServerIds}')).toBe('[2]')
    await patchSet(cluster, 'keep', { spec: { replicas: 3 } })
    await settled(cluster, 'keep', [0, 1, 3])
    await remove('keep')
  })

  test('ReserveIds goes with ranges the user has written', async () => {
    const spec = { scaleStrategy: { scaleDownStrategyType: 'ReserveIds' }, reserveGameServerIds: ['1-3', '8'] }
    await cluster.apply(gameServerSet({ name: 'span', replicas: 5, spec }))
    await settled(cluster, 'span', [0, 4, 5, 6, 7])
    await patchSet(cluster, 'span', { spec: { replicas: 3 } })
    await settled(cluster, 'span', [0, 4, 5])
    expect(await cluster.k('get gss span -o jsonpath={.spec.reserveGameServerIds}')).toBe('["1-3","6-8"]')
    await patchSet(cluster, 'span', { spec: { replicas: 4 } })
    await settled(cluster, 'span', [0, 4, 5, 9])
    await remove('span')
  })

  test('Kill and a scale in the middle of a rollout', async () => {
    const strategy = { updateStrategy: { rollingUpdate: { podUpdatePolicy: 'ReCreate', maxUnavailable: 1 } } }
    await cluster.apply(gameServerSet({ name: 'busy', replicas: 4, spec: strategy }))
    await settled(cluster, 'busy', [0, 1, 2, 3])
    await patchSet(cluster, 'busy', {
      spec: { gameServerTemplate: { spec: { containers: [{ name: 'game', image: 'registry.example.com/demo/game:v2' }] } } },
    })
    await patchServer(cluster, 'busy-1', { spec: { opsState: 'Kill' } })
    await settled(cluster, 'busy', [0, 2, 3])
    expect(await cluster.k('get gss busy -o jsonpath={.spec.replicas}')).toBe('3')
    await patchSet(cluster, 'busy', { spec: { replicas: 5 } })
    await settled(cluster, 'busy', [0, 1, 2, 3, 4])
    await eventually('all are new', async () => (await cluster.k('get gss busy -o jsonpath={.status.updatedReplicas}')) === '5')
    await remove('busy')
  })

  test('gs-sync keys, ops states and priorities as text travel to the pod, and are counted', async () => {
    await cluster.apply(gameServerSet({ name: 'sync', replicas: 1 }))
    await settled(cluster, 'sync', [0])
    await cluster.k('label gs sync-0 gs-sync/room=r1')
    await cluster.k('annotate gs sync-0 gs-sync/map=dust')
    await patchServer(cluster, 'sync-0', { spec: { opsState: 'Maintaining', deletionPriority: '7', updatePriority: 'v-3' } })
    const pod = await eventually('the pod has it all', async () => {
      const found = await cluster.get<Pod>('pod sync-0')
      return found.metadata.labels['game.kruise.io/gs-opsState'] === 'Maintaining' && found.metadata.labels['gs-sync/room']
        ? found
        : undefined
    })
    expect(pod.metadata.annotations['gs-sync/map']).toBe('dust')
    expect(pod.metadata.labels).toMatchObject({ 'game.kruise.io/gs-delete-priority': '7', 'game.kruise.io/gs-update-priority': 'v-3' })
    await eventually('status and counts say so', async () => {
      const { status } = (await serversOf(cluster, 'sync'))[0] ?? {}
      const counted = await cluster.k('get gss sync -o jsonpath={.status.maintainingReplicas}')
      return status?.deletionPriority === '7' && status.updatePriority === 'v-3' && counted === '1'
    })
    // What no label can carry must not stop everything else.
    await patchServer(cluster, 'sync-0', { spec: { updatePriority: -3, opsState: 'not a label!', networkDisabled: true } })
    await eventually('the rest arrives, and events name both', async () => {
      const found = await cluster.get<Pod>('pod sync-0')
      const { items } = await cluster.get<{ items: { reason: string; message: string }[] }>('events')
      const told = (reason: string, text: string) => items.some(event => event.reason === reason && event.message.includes(text))
      return (
        found.metadata.labels['game.kruise.io/network-disabled'] === 'true' &&
        found.metadata.labels['game.kruise.io/gs-update-priority'] === '0' &&
        found.metadata.labels['game.kruise.io/gs-opsState'] === 'None' &&
        told('InvalidUpdatePriority', '-3') &&
        told('InvalidOpsState', 'not a label!')
      )
    })
    await remove('sync')
  })

  test('reclaim policy Delete keeps the GameServer over a deleted pod, Cascade starts it anew', async () => {
    await cluster.apply(gameServerSet({ name: 'stay', replicas: 1, template: { reclaimPolicy: 'Delete' } }))
    await cluster.apply(gameServerSet({ name: 'fall', replicas: 1 }))
    const before = (await settled(cluster, 'stay', [0]))[0]
    await settled(cluster, 'fall', [0])
    expect(before?.metadata.ownerReferences?.[0]?.kind).toBe('GameServerSet')
    await patchServer(cluster, 'stay-0', { spec: { opsState: 'Maintaining' } })
    await patchServer(cluster, 'fall-0', { spec: { opsState: 'Maintaining' } })
    await deletePods(cluster, 'stay-0', 'fall-0')
    const after = (await settled(cluster, 'stay', [0]))[0]
    const reborn = await eventually('fall-0 is made again', async () => (await settled(cluster, 'fall', [0]))[0])
    expect(after?.metadata.uid).toBe(before?.metadata.uid)
    expect(after?.spec.opsState).toBe('Maintaining')
    expect(reborn.spec.opsState ?? 'None').toBe('None')
    await patchSet(cluster, 'stay', { spec: { replicas: 0 } })
    await eventually('the GameServer goes with its id', async () => (await serversOf(cluster, 'stay')).length === 0)
    await remove('stay')
    await remove('fall')
  })

  test('scaling to 0 and back, and deleting the set, leaves nothing behind', async () => {
    await cluster.apply(gameServerSet({ name: 'zero', replicas: 3 }))
    await settled(cluster, 'zero', [0, 1, 2])
    await patchSet(cluster, 'zero', { spec: { replicas: 0 } })
    await settled(cluster, 'zero', [])
    await patchSet(cluster, 'zero', { spec: { replicas: 2 } })
    await settled(cluster, 'zero', [0, 1])
    await remove('zero')
    await eventually(
      'pods, servers and revisions are gone',
      async () =>
        (await idsOf(cluster, 'zero')).length === 0 &&
        (await serversOf(cluster, 'zero')).length === 0 &&
        (await cluster.get<{ items: unknown[] }>('controllerrevisions')).items.length === 0,
    )
  })
})
