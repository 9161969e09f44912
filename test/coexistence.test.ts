import { afterAll, beforeAll, describe, expect } from 'vitest'
import type { TestCluster } from './harness/cluster.ts'
import { type ControllerProcess, startController } from './harness/controller-process.ts'
import { eventually } from './harness/eventually.ts'
import { testNeeding } from './harness/needs.ts'
import { gameServerSet, type GameServer, type Pod } from './harness/okg.ts'
import { agonesServer, foreignKinds, managerDeployment, namespaceOf, setRunByKruise } from './harness/original-okg.ts'
import { plainClusters } from './harness/plain-cluster.ts'

const test = testNeeding('kubectl')
const namespace = 'games'
const kinds =
  'pods,services,events,controllerrevisions,gameserversets.game.kruise.io,gameservers.game.kruise.io,statefulsets.apps.kruise.io,gameservers.agones.dev'

interface Stored {
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly uid: string
    readonly ownerReferences?: readonly { readonly kind: string }[]
    readonly managedFields?: readonly { readonly manager?: string }[]
  }
}

describe.each(await plainClusters('coexist'))('beside OpenKruiseGame and Agones, $kind cluster', ({ start }) => {
  let cluster: TestCluster
  let controller: ControllerProcess
  beforeAll(async () => {
    cluster = await start()
    controller = await startController(cluster.kubeconfig, '--install-crds')
    await controller[Symbol.asyncDispose]()
    for (const object of [...foreignKinds, namespaceOf(namespace), namespaceOf('kruise-game-system'), managerDeployment(1)])
      await cluster.apply(object)
    for (const { metadata } of foreignKinds) await cluster.k(`wait --for=condition=Established crd/${metadata.name}`)
    await setRunByKruise(cluster, namespace, { name: 'rooms', replicas: 3 })
    await setRunByKruise(cluster, namespace, { name: 'probed', replicas: 1, spec: { serviceQualities: [quality] } })
    await agonesServer(cluster, namespace, 'arena')
    await eventually('the pods run', async () => {
      const { items } = await cluster.get<{ items: Pod[] }>(['pods', '-n', namespace])
      return items.length === 5 && items.every(pod => pod.status.phase === 'Running')
    })
    controller = await startController(cluster.kubeconfig)
  })
  afterAll(async () => {
    await controller[Symbol.asyncDispose]()
    await cluster[Symbol.asyncDispose]()
  })

  const quality = { name: 'idle', containerName: 'game', permanent: false, exec: { command: ['true'] }, serviceQualityAction: [] }
  const all = async () =>
    (await cluster.get<{ items: Stored[] }>([kinds, '-n', namespace, '--show-managed-fields'])).items.toSorted((a, b) =>
      `${a.kind}/${a.metadata.name}` < `${b.kind}/${b.metadata.name}` ? -1 : 1,
    )
  /** Kind and name of everything that this very program wrote. */
  const touched = async () =>
    (await all())
      .filter(({ metadata }) => metadata.managedFields?.some(({ manager }) => manager?.startsWith('berth') === true) === true)
      .map(({ kind, metadata }) => `${kind}/${metadata.name}`)
  const leftAlone = async (reason: string) => (await controller.metric('berth_gameserversets_left_alone')).get(`reason="${reason}"`)
  const said = (set: string, text: string) =>
    controller
      .log()
      .split('\n')
      .some(line => line.includes(`"name":"${set}"`) && line.includes(text))
  const label = (set: string, value: string) =>
    cluster.k(['label', '-n', namespace, `gss/${set}`, '--overwrite', `berth.dev/control=${value}`])
  const pods = async (set: string) =>
    (await cluster.get<{ items: Pod[] }>(['pods', '-n', namespace, '-l', `game.kruise.io/owner-gss=${set}`])).items
  const fingerprint = async (set: string) =>
    (await pods(set)).map(pod => [
      pod.metadata.name,
      pod.metadata.uid,
      pod.status.containerStatuses?.[0]?.restartCount,
      pod.status.containerStatuses?.[0]?.state['running']?.startedAt,
    ])
  const settled = (set: string, count: number) =>
    eventually(`${set} has ${count} servers`, async () => {
      const { items } = await cluster.get<{ items: GameServer[] }>(['gameservers.game.kruise.io', '-n', namespace])
      const own = items.filter(server => new RegExp(`^${set}-\\d+$`).test(server.metadata.name))
      if (own.length !== count || own.some(server => server.status?.currentState !== 'Ready'))
        throw new Error(own.map(server => `${server.metadata.name}=${server.status?.currentState}`).join(' '))
      return true
    })

  test('nothing that another runs is touched, and nobody is told on the objects', async () => {
    const before = (await all()).map(({ kind, metadata }) => `${kind}/${metadata.name}/${metadata.uid}`)
    await eventually('it has looked at the sets', () => said('rooms', 'RunByKruise') && said('probed', 'RunByKruise'))
    // A set that somebody makes now is for OpenKruiseGame as well.
    await cluster.apply(inNamespace(gameServerSet({ name: 'fresh', replicas: 1 })))
    await eventually('it has looked at the new set', () => said('fresh', 'ManagerAlive'))
    expect(await leftAlone('RunByKruise')).toBe(2)
    expect(await leftAlone('ManagerAlive')).toBe(1)
    // Whoever changes them: it stays so.
    await cluster.k(['annotate', '-n', namespace, 'gss/rooms', 'gss/fresh', 'note=1'])
    await cluster.k(['annotate', '-n', namespace, 'pods', '--all', 'note=1'])
    await new Promise(resolve => setTimeout(resolve, 1500))
    expect(await touched()).toEqual([])
    const after = (await all()).map(({ kind, metadata }) => `${kind}/${metadata.name}/${metadata.uid}`)
    expect(after.filter(object => !object.startsWith('Event/') && !object.includes('/fresh/'))).toEqual(
      before.filter(object => !object.startsWith('Event/')),
    )
    expect((await cluster.k(['get', 'events', '-n', namespace, '-o', 'jsonpath={.items[*].source.component}'])).includes('berth')).toBe(
      false,
    )
  })

  test('a new set that asks for Berth is run; one that OpenKruise runs is not, while the manager is there', async () => {
    await label('rooms', 'take-over')
    await eventually('it says why', () => said('rooms', 'it cannot be taken over while'))
    const own = inNamespace(gameServerSet({ name: 'own', replicas: 2 })) as { metadata: object }
    await cluster.apply({ ...own, metadata: { ...own.metadata, labels: { 'berth.dev/control': 'take-over' } } })
    await settled('own', 2)
    expect((await touched()).filter(object => !/^Event|\/own(-|$)/.test(object))).toEqual([])
  })

  test('with the manager stopped it is taken over: the same pods, not restarted; the set then works like any other', async () => {
    const before = await fingerprint('rooms')
    await cluster.k('scale -n kruise-game-system deployment/kruise-game-controller-manager --replicas=0')
    await eventually(
      'the workload is gone',
      async () => (await cluster.k(['get', '-n', namespace, 'statefulsets.apps.kruise.io', '-o', 'name'])).includes('rooms') === false,
    )
    await settled('rooms', 3)
    expect(await fingerprint('rooms')).toEqual(before)
    const [first] = await pods('rooms')
    expect((first as unknown as Stored).metadata.ownerReferences?.map(({ kind }) => kind)).toEqual(['GameServerSet'])
    // Servers on their way out go now.
    await eventually('the marked server is gone', async () =>
      (await cluster.kubectl(['get', '-n', namespace, 'gameservers.game.kruise.io', 'rooms-3'])).stderr.includes('NotFound'),
    )
    await cluster.k(['patch', '-n', namespace, 'gss/rooms', '--type=merge', '-p', JSON.stringify({ spec: { replicas: 4 } })])
    await settled('rooms', 4)
    expect((await fingerprint('rooms')).slice(0, 3)).toEqual(before)
    await eventually(
      'nothing is left to take over',
      async () =>
        (await cluster.k(['get', '-n', namespace, 'gss/rooms', '-o', 'jsonpath={.metadata.annotations}'])).includes('taking-over') ===
        false,
    )
  })

  test('sets that only waited are run as well; what OpenKruise keeps is not, and what cannot be taken over is said', async () => {
    await settled('fresh', 1)
    expect(await leftAlone('RunByKruise')).toBe(1)
    await label('probed', 'take-over')
    await eventually('it says what is in the way', () => said('probed', 'Berth does not act on spec.serviceQualities'))
    expect(await leftAlone('CannotTakeOver')).toBe(1)
    await label('probed', 'hands-off')
    await eventually('it obeys', async () => (await leftAlone('AskedTo')) === 1)
    expect((await touched()).filter(object => /probed|arena/.test(object))).toEqual([])
  })
})

const inNamespace = (manifest: object): object => {
  const { metadata, ...rest } = manifest as { metadata: object }
  return { ...rest, metadata: { ...metadata, namespace } }
}
