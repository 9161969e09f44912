import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createAddressEngine } from '../../addresses/address-engine.ts'
import type { AddressEngine } from '../../addresses/engine.ts'
import { controllerrevisions, customresourcedefinitions, nodes, pods, services } from '../../apis/core/resources.generated.ts'
import type { CustomResourceDefinition, Pod } from '../../apis/core/types.generated.ts'
import { okgCustomResourceDefinitions } from '../../apis/game.kruise.io/custom-resource-definitions.ts'
import { type GameServer, gameServers } from '../../apis/game.kruise.io/game-server.ts'
import { type GameServerSet, type GameServerSetSpec, gameServerSets } from '../../apis/game.kruise.io/game-server-set.ts'
import { labels } from '../../apis/game.kruise.io/labels.ts'
import { Cache } from '../../kube/cache.ts'
import type { Client } from '../../kube/client.ts'
import { systemClock } from '../../kube/clock.ts'
import type { DeepReadonly, New } from '../../kube/object.ts'
import { RestClient } from '../../kube/rest-client.ts'
import { createApiServer, type ApiServer } from '../../local/apiserver/server.ts'
import { startControllers } from '../../local/controllers/controller-manager.ts'
import { hostPlan } from '../../local/host-plan.ts'
import { createSimulatedNodes } from '../../local/node/simulate/simulated-nodes.ts'
import { okgAdmission } from './admission.ts'
import { startOkg } from './start.ts'

const namespace = 'default'
const plan = hostPlan(58)
const images = {
  resolve: (image: string) => Promise.resolve(image.includes('missing') ? undefined : { id: `sha256:${image}` }) as never,
  hint: (image: string) => `no folder has ${image}`,
}

let api: ApiServer
let client: Client
let addresses: AddressEngine
let cluster: AsyncDisposableStack
let okg: AsyncDisposable
let writes: string[]

const startFamily = () =>
  startOkg({ client: new RestClient({ transport: api.transport('berth') }), addresses }, new AbortController().signal)

vi.setConfig({ testTimeout: 20_000 })

beforeEach(async () => {
  cluster = new AsyncDisposableStack()
  writes = []
  api = cluster.use(
    await createApiServer({
      plan,
      onRequest: request => {
        const { verb, resource, subresource } = request as unknown as { verb: string; resource: string; subresource: string }
        if (!['GET', 'LIST', 'WATCH'].includes(verb)) writes.push(`${verb} ${resource}${subresource ? `/${subresource}` : ''}`)
      },
    }),
  )
  client = cluster.use(new RestClient({ transport: api.transport('admin') }))
  for (const definition of okgCustomResourceDefinitions)
    await client.create(customresourcedefinitions, definition as unknown as New<CustomResourceDefinition>)
  await vi.waitFor(async () => {
    const list = await client.list(customresourcedefinitions)
    expect(list.items.every(item => item.status?.conditions?.some(({ type, status }) => type === 'Established' && status === 'True'))).toBe(
      true,
    )
  })
  const manager = cluster.use(new RestClient({ transport: api.transport('manager') }))
  cluster.use(await startControllers({ client: manager, plan, scheduledEvents: false }))
  cluster.use(await createSimulatedNodes({ client: manager, plan, images }))
  const cache = cluster.use(new Cache({ client: manager }))
  const stores = { services: cache.store(services), nodes: cache.store(nodes), pods: cache.store(pods) }
  addresses = cluster.use(createAddressEngine({ client: manager, stores, clock: systemClock }))
  await addresses.start(new AbortController().signal)
  api.registerAdmission(okgAdmission(addresses) as never)
  okg = await startFamily()
})

afterEach(async () => {
  await okg[Symbol.asyncDispose]()
  await cluster[Symbol.asyncDispose]()
})

const at = (name: string) => ({ namespace, name })
const container = (image: string, more: object = {}) => ({ name: 'game', image, ...more })

function createSet(
  name: string,
  replicas: number,
  spec: Partial<GameServerSetSpec> | object = {},
  image = 'game:1',
): Promise<DeepReadonly<GameServerSet>> {
  const gameServerTemplate = {
    metadata: { labels: { app: name } },
    spec: { containers: [container(image), { name: 'side', image: 'side:1' }] },
  }
  const inPlace = { rollingUpdate: { podUpdatePolicy: 'InPlaceIfPossible', maxUnavailable: '100%' } }
  return client.create(gameServerSets, {
    metadata: at(name),
    spec: { replicas, gameServerTemplate, updateStrategy: inPlace, ...spec },
  } as unknown as New<GameServerSet>)
}

const patchSet = (name: string, spec: object) => client.patch(gameServerSets, at(name), { spec }, { type: 'merge' })
const patchServer = (name: string, spec: object) => client.patch(gameServers, at(name), { spec }, { type: 'merge' })
const setImage = (name: string, game: string, side: string) =>
  patchSet(name, { gameServerTemplate: { spec: { containers: [container(game), { name: 'side', image: side }] } } })
const podsOf = async (set: string): Promise<DeepReadonly<Pod>[]> => {
  const { items } = await client.list(pods, { namespace, labelSelector: `${labels.ownerSet}=${set}` })
  return items.toSorted((a, b) => ordinal(a.metadata.name) - ordinal(b.metadata.name))
}
const serversOf = async (set: string): Promise<DeepReadonly<GameServer>[]> =>
  (await client.list(gameServers, { namespace, labelSelector: `${labels.ownerSet}=${set}` })).items.toSorted(
    (a, b) => ordinal(a.metadata.name) - ordinal(b.metadata.name),
  )
const ordinal = (name: string): number => Number(name.slice(name.lastIndexOf('-') + 1))
const imageOf = (pod: DeepReadonly<Pod>, name: string) => pod.status?.containerStatuses?.find(status => status.name === name)?.image
const eventually = <T>(test: () => Promise<T>, timeout = 8000): Promise<T> => vi.waitFor(test, { timeout, interval: 20 })
const settled = (set: string, ids: readonly number[]) =>
  eventually(async () => {
    expect((await podsOf(set)).map(pod => ordinal(pod.metadata.name))).toEqual(ids)
    const servers = await serversOf(set)
    expect(servers.map(server => [ordinal(server.metadata.name), server.status?.currentState])).toEqual(ids.map(id => [id, 'Ready']))
    return servers
  })
const condition = async (set: string, type: string) =>
  (await client.get(gameServerSets, at(set))).status?.conditions?.find(found => found.type === type)
const uids = async (set: string) => (await podsOf(set)).map(pod => pod.metadata.uid)

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
    // One write of pods/status is the kubelet's.
    const counts = [...Map.groupBy(ours, write => write)].map(([write, all]) => `${write} ${all.length}`).join(', ')
    expect(ours.length / 20 - 1, counts).toBeLessThanOrEqual(4.5)
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
    await eventually(async () => expect((await client.list(controllerrevisions, { namespace })).items).toEqual([]))
  })

  it('never touches a pod of somebody else', async () => {
    await client.create(pods, {
      metadata: { name: 'taken-1', namespace, labels: { [labels.ownerSet]: 'taken' } },
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
    expect((await client.list(controllerrevisions, { namespace })).items.map(({ revision }) => revision).toSorted((a, b) => a - b)).toEqual(
      [1, 2],
    )
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
    await okg[Symbol.asyncDispose]()
    okg = await startFamily()
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

describe('networks', () => {
  const network = (networkType: string, ...networkConf: [string, string][]) => ({
    network: { networkType, networkConf: networkConf.map(([name, value]) => ({ name, value })) },
  })

  it('gives host ports with the pod itself and publishes them once', async () => {
    await createSet('host', 2, network('Kubernetes-HostPort', ['ContainerPorts', 'game:80,90/UDP']))
    const servers = await settled('host', [0, 1])
    const [pod] = await podsOf('host')
    expect(pod?.spec?.containers[0]?.ports).toHaveLength(2)
    await eventually(async () => {
      for (const server of await serversOf('host'))
        expect(server.status?.networkStatus).toMatchObject({
          networkType: 'Kubernetes-HostPort',
          currentNetworkState: 'Ready',
          desiredNetworkState: 'Ready',
        })
    })
    expect(servers[0]?.status?.networkStatus?.externalAddresses?.[0]?.ports).toHaveLength(2)
    expect(JSON.parse(pod?.metadata.annotations?.['game.kruise.io/network-status'] ?? '')).toMatchObject({
      currentNetworkState: 'Ready',
      createTime: null,
    })
  })

  it('tells on the set when there is no room, and serves the rest', async () => {
    await createSet('full', 51, network('Volcengine-CLB', ['ClbIds', 'clb-full'], ['PortProtocols', '80']))
    await eventually(async () =>
      expect(await condition('full', 'AddressesMissing')).toMatchObject({ status: 'True', reason: 'NoFreePorts' }),
    )
  })

  it('refuses what could never work, naming field and cure', async () => {
    const refused = async (spec: object, ...texts: RegExp[]) => {
      const message = await createSet('bad', 1, spec).then(
        () => 'accepted',
        (error: Error) => error.message,
      )
      for (const text of texts) expect(message).toMatch(text)
    }
    await refused(network('Volcengine-CBL', ['PortProtocols', '80']), /spec\.network\.networkType/, /Volcengine-CBL/, /Volcengine-CLB/)
    await refused(network('Volcengine-CLB', ['ClbId', 'x'], ['PortProtocols', '80']), /ClbIds/)
    await refused({ reserveGameServerIds: [3, '2-4'] }, /spec\.reserveGameServerIds\[1\]/)
    await refused({ reserveGameServerIds: ['6-4'] }, /spec\.reserveGameServerIds\[0\]/)
    await createSet('only', 0, { updateStrategy: { rollingUpdate: { podUpdatePolicy: 'InPlaceOnly' } } })
    await expect(
      patchSet('only', { gameServerTemplate: { spec: { containers: [container('game:1', { env: [{ name: 'A', value: 'b' }] })] } } }),
    ).rejects.toThrow(/InPlaceOnly/)
  })
})
