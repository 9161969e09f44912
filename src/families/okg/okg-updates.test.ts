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
  restartFamily,
  setImage,
  settled,
  uids,
  writes,
  useInProcessOkg,
} from '../../../test/harness/in-process-okg.ts'

useInProcessOkg()

describe('updates', () => {
  it('changes an image in place: same pods, one restart of that container, few writes', async () => {
    await createSet('hot', 3)
    await settled('hot', [0, 1, 2])
    const before = await uids('hot')
    writes.length = 0
    await setImage('hot', 'game:1', 'side:2')
    await eventually(async () => {
      for (const pod of await podsOf('hot')) {
        expect(imageOf(pod, 'side')).toBe('side:2')
        expect(pod.metadata.labels).toMatchObject({ [labels.state]: 'Ready', [labels.lifecycleState]: 'Normal' })
      }
      expect((await client.get(gameServerSets, at('hot'))).status).toMatchObject({ updatedReadyReplicas: 3, observedGeneration: 2 })
    })
    expect(await uids('hot')).toEqual(before)
    for (const pod of await podsOf('hot')) {
      const restarts = Object.fromEntries(pod.status?.containerStatuses?.map(({ name, restartCount }) => [name, restartCount]) ?? [])
      expect(restarts).toEqual({ game: 0, side: 1 })
      const state = JSON.parse(pod.metadata.annotations?.['apps.kruise.io/inplace-update-state'] ?? '{}')
      expect(state).toMatchObject({
        revision: pod.metadata.labels?.['controller-revision-hash'],
        updateImages: true,
        lastContainerStatuses: { side: {} },
      })
    }
    const perServer = writes.filter(write => /pods|gameservers\b|gameservers\//.test(write)).length / 3
    // Two of them are the kubelet's.
    expect(perServer - 2).toBeLessThanOrEqual(5)
    expect(
      (await client.list(controllerrevisions, { namespace: 'default' })).items.map(({ revision }) => revision).toSorted((a, b) => a - b),
    ).toEqual([1, 2])
  })

  it('recreates when the change cannot be made in place, one at a time', async () => {
    await createSet('cold', 3, { updateStrategy: { rollingUpdate: { podUpdatePolicy: 'ReCreate' } } })
    await settled('cold', [0, 1, 2])
    const before = await uids('cold')
    await setImage('cold', 'game:2', 'side:1')
    await eventually(async () => expect((await podsOf('cold')).map(pod => imageOf(pod, 'game'))).toEqual(['game:2', 'game:2', 'game:2']))
    await settled('cold', [0, 1, 2])
    expect((await uids('cold')).some(uid => before.includes(uid))).toBe(false)
  })

  it('OnDelete: nobody changes, new and deleted servers run the new version', async () => {
    await createSet('later', 2, { updateStrategy: { type: 'OnDelete' } })
    await settled('later', [0, 1])
    const before = await uids('later')
    await setImage('later', 'game:2', 'side:1')
    await patchSet('later', { replicas: 3 })
    await settled('later', [0, 1, 2])
    expect((await podsOf('later')).map(pod => imageOf(pod, 'game'))).toEqual(['game:1', 'game:1', 'game:2'])
    expect((await uids('later')).slice(0, 2)).toEqual(before)
    await client.delete(pods, at('later-0'))
    await eventually(async () => expect((await podsOf('later')).map(pod => imageOf(pod, 'game'))).toEqual(['game:2', 'game:1', 'game:2']))
  })

  it('partition and pause hold servers back', async () => {
    await createSet('part', 3, { updateStrategy: { rollingUpdate: { podUpdatePolicy: 'InPlaceIfPossible', partition: 2 } } })
    await settled('part', [0, 1, 2])
    await setImage('part', 'game:1', 'side:2')
    await eventually(async () => expect((await podsOf('part')).map(pod => imageOf(pod, 'side'))).toEqual(['side:1', 'side:1', 'side:2']))
    await eventually(async () => expect(await condition('part', 'Progressing')).toMatchObject({ status: 'False', reason: 'Partition' }))
    await patchSet('part', { updateStrategy: { rollingUpdate: { partition: 0, paused: true } } })
    await eventually(async () => expect(await condition('part', 'Progressing')).toMatchObject({ status: 'False', reason: 'Paused' }))
    await patchSet('part', { updateStrategy: { rollingUpdate: { paused: false } } })
    await eventually(async () => expect((await podsOf('part')).map(pod => imageOf(pod, 'side'))).toEqual(['side:2', 'side:2', 'side:2']))
  })

  it('an image that cannot be pulled stops the rollout, and going back repairs it', async () => {
    await createSet('pull', 3, { updateStrategy: { rollingUpdate: { podUpdatePolicy: 'InPlaceIfPossible', maxUnavailable: 1 } } })
    await settled('pull', [0, 1, 2])
    await setImage('pull', 'game:missing', 'side:1')
    await eventually(async () =>
      expect(await condition('pull', 'ServersFailing')).toMatchObject({
        status: 'True',
        message: expect.stringMatching(/^pull-2: .*game:missing/),
      }),
    )
    expect((await podsOf('pull')).map(pod => pod.spec?.containers[0]?.image)).toEqual(['game:1', 'game:1', 'game:missing'])
    await setImage('pull', 'game:1', 'side:1')
    await settled('pull', [0, 1, 2])
    await eventually(async () => expect(await condition('pull', 'ServersFailing')).toBeUndefined())
    expect((await podsOf('pull')).map(pod => pod.metadata.labels?.[labels.lifecycleState])).toEqual([undefined, undefined, 'Normal'])
  })

  it('a directed change concerns one server and survives the next template', async () => {
    await createSet('one', 2)
    await settled('one', [0, 1])
    await patchServer('one-1', { containers: [{ name: 'side', image: 'side:own' }] })
    await eventually(async () => expect((await podsOf('one')).map(pod => imageOf(pod, 'side'))).toEqual(['side:1', 'side:own']))
    await setImage('one', 'game:2', 'side:2')
    await eventually(async () =>
      expect((await podsOf('one')).map(pod => [imageOf(pod, 'game'), imageOf(pod, 'side')])).toEqual([
        ['game:2', 'side:2'],
        ['game:2', 'side:own'],
      ]),
    )
  })

  it('finishes what another process began', async () => {
    await createSet('left', 6)
    await settled('left', [0, 1, 2, 3, 4, 5])
    await setImage('left', 'game:1', 'side:2')
    await new Promise(resolve => setTimeout(resolve, 40))
    await restartFamily()
    await eventually(async () => {
      expect((await podsOf('left')).map(pod => imageOf(pod, 'side'))).toEqual(Array(6).fill('side:2'))
      expect((await podsOf('left')).map(pod => pod.metadata.labels?.[labels.state])).toEqual(Array(6).fill('Ready'))
    })
  })

  it('waits for a delete hook, and gives the id back afterwards', async () => {
    const lifecycle = { preDelete: { labelsHandler: { 'example.com/hold': 'yes' } } }
    const gameServerTemplate = { metadata: { labels: { 'example.com/hold': 'yes' } }, spec: { containers: [container('game:1')] } }
    await createSet('hook', 2, { lifecycle, gameServerTemplate })
    await settled('hook', [0, 1])
    await patchSet('hook', { replicas: 1 })
    await eventually(async () =>
      expect((await client.get(pods, at('hook-1'))).metadata.labels).toMatchObject({
        [labels.lifecycleState]: 'PreparingDelete',
        [labels.state]: 'PreDelete',
      }),
    )
    await eventually(async () => expect((await client.get(gameServerSets, at('hook'))).status?.preDeleteReplicas).toBe(1))
    await client.patch(pods, at('hook-1'), { metadata: { labels: { 'example.com/hold': null } } }, { type: 'merge' })
    await settled('hook', [0])
  })
})
