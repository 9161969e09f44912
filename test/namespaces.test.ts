import { writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import type { TestCluster } from './harness/cluster.ts'
import { type ControllerProcess, startController } from './harness/controller-process.ts'
import { eventually } from './harness/eventually.ts'
import { testNeeding } from './harness/needs.ts'
import { gameServerSet, type GameServer } from './harness/okg.ts'
import { namespaceOf } from './harness/original-okg.ts'
import { plainClusters } from './harness/plain-cluster.ts'

const test = testNeeding('kubectl')
const account = 'system:serviceaccount:berth-system:berth'
const rule = (apiGroup: string, resources: string, verbs: string, resourceName?: string) => ({
  apiGroups: [apiGroup],
  resources: resources.split(' '),
  verbs: verbs.split(' '),
  ...(resourceName === undefined ? {} : { resourceNames: [resourceName] }),
})

/** All the rights a controller needs that works in some namespaces: a Role in each, and two things that have no namespace. */
const rightsWithin = [
  rule('game.kruise.io', 'gameserversets', 'get list watch patch'),
  rule('game.kruise.io', 'gameserversets/status gameservers/status', 'patch'),
  rule('game.kruise.io', 'gameserversets/finalizers', 'update'),
  rule('game.kruise.io', 'gameservers', 'get list watch create patch delete'),
  rule('', 'pods', 'get list watch create patch delete'),
  rule('', 'pods/status', 'patch'),
  rule('', 'pods/finalizers', 'update'),
  rule('apps', 'controllerrevisions', 'get list watch create patch delete'),
  rule('', 'services', 'get list watch create patch delete'),
  rule('', 'events', 'list watch create patch'),
]
const rightsEverywhere = [
  rule('', 'nodes', 'get list watch'),
  rule('apps', 'deployments', 'list watch', 'kruise-game-controller-manager'),
  rule('coordination.k8s.io', 'leases', 'list watch', 'game-kruise-manager'),
]

const granted = (kind: 'Role' | 'ClusterRole', namespace: string | undefined, rules: object[], name = 'berth') => {
  const metadata = { name, ...(namespace === undefined ? {} : { namespace }) }
  const api = 'rbac.authorization.k8s.io'
  return [
    { apiVersion: `${api}/v1`, kind, metadata, rules },
    {
      apiVersion: `${api}/v1`,
      kind: `${kind}Binding`,
      metadata,
      roleRef: { apiGroup: api, kind, name },
      subjects: [{ kind: 'ServiceAccount', name: 'berth', namespace: 'berth-system' }],
    },
  ]
}

describe.each(await plainClusters('scope'))('a controller of two namespaces, $kind cluster', ({ start }) => {
  let cluster: TestCluster
  let controller: ControllerProcess
  beforeAll(async () => {
    cluster = await start()
    await (await startController(cluster.kubeconfig, '--install-crds'))[Symbol.asyncDispose]()
    const names = ['berth-system', 'games', 'events', 'others']
    for (const object of [
      ...names.map(namespaceOf),
      { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'berth', namespace: 'berth-system' } },
      ...granted('Role', 'games', rightsWithin),
      ...granted('Role', 'events', rightsWithin),
      ...granted('Role', 'berth-system', [rule('coordination.k8s.io', 'leases', 'get list watch create update')]),
      ...granted('ClusterRole', undefined, rightsEverywhere),
    ])
      await cluster.apply(object)
    controller = await startController(await kubeconfigOf(cluster), '--namespaces', 'games,events', '--lease-namespace', 'berth-system')
  })
  afterAll(async () => {
    await controller[Symbol.asyncDispose]()
    await cluster[Symbol.asyncDispose]()
  })

  const create = (namespace: string, spec: Record<string, unknown> = {}) => {
    const { metadata, ...rest } = gameServerSet({ name: 'rooms', replicas: 2, spec }) as { metadata: object }
    return cluster.apply({ ...rest, metadata: { ...metadata, namespace } })
  }
  const states = async (namespace: string) =>
    (await cluster.get<{ items: GameServer[] }>(['gameservers.game.kruise.io', '-n', namespace])).items.map(
      server => `${server.metadata.name}=${server.status?.currentState}/${server.status?.networkStatus?.currentNetworkState}`,
    )

  test('runs sets in them with no rights elsewhere, and touches none outside', async () => {
    await create('others')
    const outside = await cluster.k('get gss/rooms -n others -o yaml')
    const ports = { networkType: 'Kubernetes-NodePort', networkConf: [{ name: 'PortProtocols', value: '7777/UDP' }] }
    await create('games')
    await create('events', { network: ports })
    await eventually('the sets inside have their servers', async () => {
      const [games, events] = [await states('games'), await states('events')]
      if (
        games.join(' ') === 'rooms-0=Ready/undefined rooms-1=Ready/undefined' &&
        events.join(' ') === 'rooms-0=Ready/Ready rooms-1=Ready/Ready'
      )
        return true
      throw new Error([...games, ...events].join(' '))
    })
    await cluster.k(['patch', '-n', 'games', 'gss/rooms', '--type=merge', '-p', '{"spec":{"replicas":1}}'])
    await eventually('scaled in', async () => (await states('games')).length === 1)
    expect(await states('others')).toEqual([])
    expect(await cluster.k('get gss/rooms -n others -o yaml')).toBe(outside)
    expect(controller.log()).not.toMatch(/forbidden/i)
  })

  test('the rights are really that small', async () => {
    const may = async (...words: string[]) => (await cluster.kubectl(['auth', 'can-i', ...words, `--as=${account}`])).stdout.trim()
    expect(await may('patch', 'gss', '-n', 'games')).toBe('yes')
    expect(await may('patch', 'gss', '-n', 'others')).toBe('no')
    expect(await may('list', 'pods', '-A')).toBe('no')
    expect(await may('list', 'deployments.apps', '-A')).toBe('no')
  })

  test('asks for namespaces that can be ones', async () => {
    const { code, stderr } = await cluster.berth(['controller', '--namespaces', 'games,Not a name'])
    expect([code, stderr]).toEqual([2, expect.stringContaining('"Not a name" is no name of a namespace')])
  })
})

/** A kubeconfig with a token of the account, beside the administrator's. */
async function kubeconfigOf(cluster: TestCluster): Promise<string> {
  const token = (await cluster.k('create token berth -n berth-system --duration=1h')).trim()
  const config = JSON.parse(await cluster.k('config view --raw --flatten --minify -o json')) as {
    users: { name: string; user: object }[]
  }
  const file = join(dirname(cluster.kubeconfig), 'berth-account')
  const users = config.users.map(({ name }) => ({ name, user: { token } }))
  await writeFile(file, JSON.stringify({ ...config, users }), { mode: 0o600 })
  return file
}
