import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { startCluster, type TestCluster } from './harness/cluster.ts'
import { eventually } from './harness/eventually.ts'
import { testNeeding } from './harness/needs.ts'
import { containerStatus, deletePods, type Pod, patchServer, patchSet, podsOf, settled } from './harness/okg.ts'
import { root } from './harness/run.ts'

const test = testNeeding('kubectl')
const tiny = (tag: string) => `registry.example.com/studio/tiny:${tag}`

interface Condition {
  type: string
  status: string
  reason: string
  message: string
}

/** A game and a sidecar; tags of their images. */
const set = (name: string, replicas: number, tags: { game: string; side: string }, updateStrategy: object, more: object = {}) => ({
  apiVersion: 'game.kruise.io/v1alpha1',
  kind: 'GameServerSet',
  metadata: { name },
  spec: {
    replicas,
    updateStrategy,
    gameServerTemplate: {
      metadata: { labels: { app: name } },
      spec: {
        terminationGracePeriodSeconds: 1,
        containers: [
          { name: 'game', image: tiny(tags.game) },
          { name: 'side', image: tiny(tags.side) },
        ],
      },
      ...more,
    },
  },
})

const facts = (pods: readonly Pod[], container: string) =>
  pods.map(pod => ({ uid: pod.metadata.uid, ip: pod.status.podIP, ...containerStatus(pod, container) }))
const images = async (cluster: TestCluster, name: string, container = 'side') =>
  (await podsOf(cluster, name)).map(pod => containerStatus(pod, container)?.image.split(':')[1])

describe('updates of real containers', () => {
  let cluster: TestCluster
  beforeAll(async () => {
    cluster = await startCluster({ args: ['--images', join(root, 'test/images')] })
  })
  afterAll(() => cluster[Symbol.asyncDispose]())

  const inPlace = (more: object = {}) => ({ rollingUpdate: { podUpdatePolicy: 'InPlaceIfPossible', maxUnavailable: '100%', ...more } })
  const updated = (name: string, tags: readonly string[], container?: string) =>
    eventually(`${name} runs ${tags.join(', ')}`, async () => {
      const now = await images(cluster, name, container)
      if (JSON.stringify(now) !== JSON.stringify(tags)) throw new Error(now.join(', '))
      return true
    })
  const remove = (name: string) => cluster.k(['delete', 'gss', name, '--wait=true'])

  test('in place: same pod, same address, the other container untouched, one restart', async () => {
    await cluster.apply(set('place', 2, { game: 'v1', side: 'v1' }, inPlace()))
    await settled(cluster, 'place', [0, 1])
    const before = await podsOf(cluster, 'place')
    await cluster.apply(set('place', 2, { game: 'v1', side: 'v2' }, inPlace()))
    await updated('place', ['v2', 'v2'])
    await settled(cluster, 'place', [0, 1])
    const after = await podsOf(cluster, 'place')
    expect(after.map(pod => [pod.metadata.uid, pod.status.podIP])).toEqual(before.map(pod => [pod.metadata.uid, pod.status.podIP]))
    expect(facts(after, 'game')).toEqual(facts(before, 'game'))
    expect(facts(after, 'side').map(side => side.restartCount)).toEqual([1, 1])
    expect(facts(after, 'side')[0]?.imageID).not.toBe(facts(before, 'side')[0]?.imageID)
    expect(after[0]?.status.conditions?.find(condition => condition.type === 'InPlaceUpdateReady')?.status).toBe('True')
    await remove('place')
  })

  test('another tag of the very same image is an update like others, though image and image ID stay', async () => {
    await cluster.apply(set('same', 1, { game: 'v1', side: 'v1' }, inPlace()))
    await settled(cluster, 'same', [0])
    const [before] = await podsOf(cluster, 'same')
    await cluster.apply(set('same', 1, { game: 'v1', side: 'v1-again' }, inPlace()))
    await eventually('the sidecar runs anew, and the rollout is done', async () => {
      const { status } = await cluster.get<{ status: { updatedReadyReplicas?: number } }>('gss same')
      const [pod] = await podsOf(cluster, 'same')
      return containerStatus(pod!, 'side')?.restartCount === 1 && status.updatedReadyReplicas === 1
    })
    await settled(cluster, 'same', [0])
    const [after] = await podsOf(cluster, 'same')
    expect(after?.metadata.uid).toBe(before?.metadata.uid)
    expect(containerStatus(after!, 'game')?.restartCount).toBe(0)
    await remove('same')
  })

  test('ReCreate, and InPlaceIfPossible with a change that is not possible in place, make new pods under the same names', async () => {
    await cluster.apply(set('renew', 2, { game: 'v1', side: 'v1' }, { rollingUpdate: { maxUnavailable: '100%' } }))
    await settled(cluster, 'renew', [0, 1])
    const before = (await podsOf(cluster, 'renew')).map(pod => pod.metadata.uid)
    await cluster.apply(set('renew', 2, { game: 'v1', side: 'v2' }, { rollingUpdate: { maxUnavailable: '100%' } }))
    await updated('renew', ['v2', 'v2'])
    await settled(cluster, 'renew', [0, 1])
    const after = (await podsOf(cluster, 'renew')).map(pod => pod.metadata.uid)
    expect(after.filter(uid => before.includes(uid))).toEqual([])
    await remove('renew')
  })

  test('partition leaves the lowest on the old version; paused stops; both can be lifted', async () => {
    await cluster.apply(set('part', 3, { game: 'v1', side: 'v1' }, inPlace({ partition: 2 })))
    await settled(cluster, 'part', [0, 1, 2])
    await cluster.apply(set('part', 3, { game: 'v1', side: 'v2' }, inPlace({ partition: 2 })))
    await updated('part', ['v1', 'v1', 'v2'])
    await cluster.apply(set('part', 3, { game: 'v1', side: 'v2' }, inPlace({ partition: 0, paused: true })))
    await settled(cluster, 'part', [0, 1, 2])
    expect(await images(cluster, 'part')).toEqual(['v1', 'v1', 'v2'])
    await patchSet(cluster, 'part', { spec: { updateStrategy: { rollingUpdate: { paused: false } } } })
    await updated('part', ['v2', 'v2', 'v2'])
    await remove('part')
  })

  test('update priority decides who goes first', async () => {
    await cluster.apply(set('prio', 3, { game: 'v1', side: 'v1' }, inPlace({ partition: 2 })))
    await settled(cluster, 'prio', [0, 1, 2])
    await patchServer(cluster, 'prio-1', { spec: { updatePriority: 10 } })
    await eventually(
      'the pod has the priority',
      async () => (await cluster.k('get pod prio-1 -o jsonpath={.metadata.labels.game\\.kruise\\.io/gs-update-priority}')) === '10',
    )
    await patchSet(cluster, 'prio', {
      spec: {
        gameServerTemplate: {
          spec: {
            containers: [
              { name: 'game', image: tiny('v1') },
              { name: 'side', image: tiny('v3') },
            ],
          },
        },
      },
    })
    await updated('prio', ['v1', 'v3', 'v1'])
    await remove('prio')
  })

  test('OnDelete: nobody changes but who is deleted or new', async () => {
    await cluster.apply(set('ondel', 2, { game: 'v1', side: 'v1' }, { type: 'OnDelete' }))
    await settled(cluster, 'ondel', [0, 1])
    await cluster.apply(set('ondel', 3, { game: 'v1', side: 'v2' }, { type: 'OnDelete' }))
    await settled(cluster, 'ondel', [0, 1, 2])
    expect(await images(cluster, 'ondel')).toEqual(['v1', 'v1', 'v2'])
    await deletePods(cluster, 'ondel-0')
    await settled(cluster, 'ondel', [0, 1, 2])
    await updated('ondel', ['v2', 'v1', 'v2'])
    await remove('ondel')
  })

  test('changed labels and annotations restart nobody; going back takes the old revision up again; ten old ones are kept', async () => {
    const labelled = (team: string) => ({
      spec: { gameServerTemplate: { metadata: { labels: { team }, annotations: { note: team } } } },
    })
    const revisions = async () => {
      const list = await cluster.get<{ items: { metadata: { name: string }; revision: number }[] }>(
        'controllerrevisions -l game.kruise.io/owner-gss=meta',
      )
      return list.items.toSorted((a, b) => a.revision - b.revision).map(({ metadata }) => metadata.name)
    }
    const carries = (team: string) =>
      eventually(`both carry ${team}`, async () => {
        const pods = await podsOf(cluster, 'meta')
        return pods.every(({ metadata }) => metadata.labels['team'] === team && metadata.annotations['note'] === team) ? pods : undefined
      })
    await cluster.apply(set('meta', 2, { game: 'v1', side: 'v1' }, inPlace()))
    await settled(cluster, 'meta', [0, 1])
    const before = facts(await podsOf(cluster, 'meta'), 'side')
    await patchSet(cluster, 'meta', labelled('red'))
    const red = (await carries('red'))[0]?.metadata.labels['controller-revision-hash']
    await patchSet(cluster, 'meta', labelled('blue'))
    await carries('blue')
    expect(await revisions()).toHaveLength(3)
    await patchSet(cluster, 'meta', labelled('red'))
    expect((await carries('red'))[0]?.metadata.labels['controller-revision-hash']).toBe(red)
    expect(await revisions()).toHaveLength(3)
    expect((await revisions()).at(-1)).toBe(red)
    for (let i = 0; i < 12; i++) {
      await patchSet(cluster, 'meta', labelled(`n${i}`))
      await carries(`n${i}`)
    }
    await eventually('ten are kept beside the one in use', async () => (await revisions()).length === 11)
    expect(facts(await podsOf(cluster, 'meta'), 'side')).toEqual(before)
    await remove('meta')
  })

  test('a game that crashes at once in its new pod stops a rollout that makes new pods', async () => {
    await cluster.apply(set('dead', 3, { game: 'v1', side: 'v1' }, { rollingUpdate: { maxUnavailable: 1 } }))
    await settled(cluster, 'dead', [0, 1, 2])
    const before = (await podsOf(cluster, 'dead')).map(pod => pod.metadata.uid)
    await cluster.apply(set('dead', 3, { game: 'crash', side: 'v1' }, { rollingUpdate: { maxUnavailable: 1 } }))
    await eventually('the set says who and why', async () => {
      const { status } = await cluster.get<{ status: { conditions?: Condition[] } }>('gss dead')
      return status.conditions?.some(condition => /dead-2/.test(condition.message) && /exit code 3/.test(condition.message))
    })
    expect((await podsOf(cluster, 'dead')).map(pod => pod.metadata.uid).slice(0, 2)).toEqual(before.slice(0, 2))
    await remove('dead')
  })

  test('a directed change of one server, and its survival over re-creation with reclaim policy Delete', async () => {
    await cluster.apply(set('direct', 2, { game: 'v1', side: 'v1' }, inPlace(), { reclaimPolicy: 'Delete' }))
    await settled(cluster, 'direct', [0, 1])
    const ran = await cluster.berth(['update', 'direct-1', '--image', `side=${tiny('v3')}`, '--wait'])
    expect(ran.code, ran.stderr).toBe(0)
    expect(await images(cluster, 'direct')).toEqual(['v1', 'v3'])
    await deletePods(cluster, 'direct-1')
    await settled(cluster, 'direct', [0, 1])
    await updated('direct', ['v1', 'v3'])
    await remove('direct')
  })

  test('an image that does not exist stops the rollout; the others stay; a condition names server and reason; a good image repairs it', async () => {
    await cluster.apply(set('pull', 3, { game: 'v1', side: 'v1' }, inPlace({ maxUnavailable: 1 })))
    await settled(cluster, 'pull', [0, 1, 2])
    const bad = set('pull', 3, { game: 'v1', side: 'v1' }, inPlace({ maxUnavailable: 1 })) as {
      spec: { gameServerTemplate: { spec: { containers: { image: string }[] } } }
    }
    bad.spec.gameServerTemplate.spec.containers[1]!.image = 'registry.example.com/studio/nobody:v9'
    await cluster.apply(bad)
    await eventually('the set says which server waits for which image', async () => {
      const { status } = await cluster.get<{ status: { conditions?: Condition[] } }>('gss pull')
      return status.conditions?.some(condition => /pull-2/.test(condition.message) && /nobody:v9/.test(condition.message))
    })
    expect((await images(cluster, 'pull')).slice(0, 2)).toEqual(['v1', 'v1'])
    const games = facts(await podsOf(cluster, 'pull'), 'game').map(game => game.restartCount)
    expect(games).toEqual([0, 0, 0])
    const status = await cluster.berth('rollout status pull --timeout 2s')
    expect(status.code).not.toBe(0)
    expect(status.stdout + status.stderr).toMatch(/nobody:v9/)
    await cluster.apply(set('pull', 3, { game: 'v1', side: 'v2' }, inPlace({ maxUnavailable: 1 })))
    await updated('pull', ['v2', 'v2', 'v2'])
    await settled(cluster, 'pull', [0, 1, 2])
    await remove('pull')
  })

  test('a sidecar that crashes after the update stops the rollout and leaves the game running; undo brings the old one back', async () => {
    await cluster.apply(set('crash', 3, { game: 'v1', side: 'v1' }, inPlace({ maxUnavailable: 1 })))
    await settled(cluster, 'crash', [0, 1, 2])
    const before = facts(await podsOf(cluster, 'crash'), 'game')
    await cluster.apply(set('crash', 3, { game: 'v1', side: 'crash' }, inPlace({ maxUnavailable: 1 })))
    await eventually('the kubelet backs off', async () => {
      const side = containerStatus((await podsOf(cluster, 'crash'))[2] as Pod, 'side')
      return side?.state['waiting']?.reason === 'CrashLoopBackOff'
    })
    await eventually('the set says so', async () => {
      const { status } = await cluster.get<{ status: { conditions?: Condition[] } }>('gss crash')
      return status.conditions?.some(condition => /crash-2/.test(condition.message) && /CrashLoopBackOff/.test(condition.message))
    })
    expect((await images(cluster, 'crash')).slice(0, 2)).toEqual(['v1', 'v1'])
    expect(await cluster.k('logs crash-2 -c side --previous')).toMatch(/broken/)
    expect((await cluster.berth('rollout undo crash')).code).toBe(0)
    await updated('crash', ['v1', 'v1', 'v1'])
    await settled(cluster, 'crash', [0, 1, 2])
    expect(facts(await podsOf(cluster, 'crash'), 'game')).toEqual(before)
    await remove('crash')
  })
})
