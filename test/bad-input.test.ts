import { afterAll, beforeAll, describe, expect } from 'vitest'
import { startCluster, type TestCluster } from './harness/cluster.ts'
import { eventually } from './harness/eventually.ts'
import { testNeeding } from './harness/needs.ts'
import { gameServerSet, idsOf, patchSet, serversOf, settled } from './harness/okg.ts'

const test = testNeeding('kubectl')

interface Condition {
  type: string
  status: string
  reason: string
  message: string
}

describe('bad input is refused or explained, and nothing else breaks', () => {
  let cluster: TestCluster
  beforeAll(async () => {
    cluster = await startCluster({ args: ['--simulate'] })
    await cluster.apply(gameServerSet({ name: 'healthy', replicas: 2 }))
    await settled(cluster, 'healthy', [0, 1])
  })
  afterAll(async () => {
    await settled(cluster, 'healthy', [0, 1])
    await cluster[Symbol.asyncDispose]()
  })

  const refused = async (manifest: object, ...expected: (string | RegExp)[]) => {
    const ran = await cluster.kubectl(['apply', '-f', '-'], JSON.stringify(manifest))
    expect(ran.code, ran.stdout).not.toBe(0)
    for (const text of expected) expect(ran.stderr).toMatch(text)
  }
  const network = (networkType: string, ...networkConf: [string, string][]) => ({
    network: { networkType, networkConf: networkConf.map(([name, value]) => ({ name, value })) },
  })

  test('a wrong type and an unknown field', async () => {
    await refused(gameServerSet({ name: 'bad', replicas: 'three' as unknown as number }), /spec\.replicas/, /integer|int32/)
    await refused(gameServerSet({ name: 'bad', replicas: 1, spec: { updateStrategie: {} } }), /unknown field "spec\.updateStrategie"/)
    await refused(gameServerSet({ name: 'bad', replicas: -1 }), /spec\.replicas/, /greater than or equal to 0/)
  })

  test('labels and annotations of the template that no pod can have', async () => {
    const metadata = { labels: { team: 'a/b' }, annotations: { 'my key': 'x' } }
    await refused(
      gameServerSet({
        name: 'bad',
        replicas: 1,
        template: { metadata, spec: { containers: [{ name: 'game', image: 'registry.example.com/demo/game:v1' }] } },
      }),
      /spec\.gameServerTemplate\.metadata\.labels\[team\]/,
      /spec\.gameServerTemplate\.metadata\.annotations: .*my key/,
    )
  })

  test.each([
    ['a range that runs backwards', ['6-4']],
    ['a negative id', [-1]],
    ['text that is no range', ['four']],
    ['an id twice', [3, '2-4']],
  ])('reserve ids: %s', async (_, reserveGameServerIds) => {
    await refused(gameServerSet({ name: 'bad', replicas: 1, spec: { reserveGameServerIds } }), /spec\.reserveGameServerIds/)
  })

  test('an unknown network type or parameter is named, with the nearest valid one', async () => {
    await refused(
      gameServerSet({ name: 'bad', replicas: 1, spec: network('Volcengine-CBL', ['PortProtocols', '80']) }),
      /Volcengine-CBL/,
      /Volcengine-CLB/,
    )
    await refused(
      gameServerSet({ name: 'bad', replicas: 1, spec: network('Volcengine-CLB', ['ClbId', 'clb-1'], ['PortProtocols', '80']) }),
      /ClbId/,
      /ClbIds/,
    )
  })

  test.each(['eighty/TCP', '80/SCTPX', '0/TCP', '70000', '80/TCP,80/TCP', ''])('the port list %j', async ports => {
    await refused(
      gameServerSet({ name: 'bad', replicas: 1, spec: network('Volcengine-CLB', ['ClbIds', 'clb-1'], ['PortProtocols', ports]) }),
      /PortProtocols/,
    )
  })

  test('the network type cannot change', async () => {
    await cluster.apply(
      gameServerSet({ name: 'fixed', replicas: 0, spec: network('Volcengine-CLB', ['ClbIds', 'clb-1'], ['PortProtocols', '80']) }),
    )
    await refused(
      gameServerSet({ name: 'fixed', replicas: 0, spec: network('Kubernetes-NodePort', ['PortProtocols', '80']) }),
      /networkType/,
    )
    await cluster.k('delete gss fixed')
  })

  test('InPlaceOnly refuses a template change that needs re-creation, and says where', async () => {
    const strategy = { updateStrategy: { rollingUpdate: { podUpdatePolicy: 'InPlaceOnly' } } }
    await cluster.apply(gameServerSet({ name: 'only', replicas: 1, spec: strategy }))
    await settled(cluster, 'only', [0])
    const changed = gameServerSet({
      name: 'only',
      replicas: 1,
      spec: {
        ...strategy,
        gameServerTemplate: {
          metadata: { labels: { app: 'only' } },
          spec: { containers: [{ name: 'game', image: 'registry.example.com/demo/game:v1', env: [{ name: 'MODE', value: 'x' }] }] },
        },
      },
    })
    await refused(changed, /InPlaceOnly/, /env/)
    await cluster.k('delete gss only')
  })

  test("a load balancer id that does not exist becomes an event on the user's objects; a good one repairs it", async () => {
    await cluster.apply(
      gameServerSet({ name: 'nolb', replicas: 1, spec: network('Volcengine-CLB', ['ClbIds', 'lb-of-nobody'], ['PortProtocols', '80']) }),
    )
    await eventually('an event on the set or the server says which id', async () => {
      const { items } = await cluster.get<{ items: { involvedObject: { kind: string; name: string }; message: string }[] }>('events')
      return items.some(({ involvedObject, message }) => involvedObject.kind.startsWith('GameServer') && message.includes('lb-of-nobody'))
    })
    const [server] = await serversOf(cluster, 'nolb')
    expect(server?.status?.networkStatus?.currentNetworkState).not.toBe('Ready')
    await eventually("the set tells with the cloud's own words", async () => {
      const { status } = await cluster.get<{ status: { conditions?: Condition[] } }>('gss nolb')
      return status.conditions?.some(
        ({ reason, message }) => reason === 'LoadBalancerFailed' && /^nolb-0: the cloud reports.*lb-of-nobody/.test(message),
      )
    })
    await cluster.apply(
      gameServerSet({ name: 'nolb', replicas: 1, spec: network('Volcengine-CLB', ['ClbIds', 'clb-good'], ['PortProtocols', '80']) }),
    )
    await eventually('the address is there and nobody complains any more', async () => {
      const [repaired] = await serversOf(cluster, 'nolb')
      const { status } = await cluster.get<{ status: { conditions?: Condition[] } }>('gss nolb')
      return (
        repaired?.status?.networkStatus?.currentNetworkState === 'Ready' &&
        status.conditions?.every(({ type }) => type !== 'AddressesMissing')
      )
    })
    await cluster.k('delete gss nolb')
  })

  test('no free port: a condition says so, and the server gets its address when room appears', async () => {
    const clb = network('Volcengine-CLB', ['ClbIds', 'clb-full'], ['PortProtocols', '80'])
    await cluster.apply(gameServerSet({ name: 'many', replicas: 51, spec: clb }))
    const ready = async () =>
      (await serversOf(cluster, 'many')).filter(server => server.status?.networkStatus?.currentNetworkState === 'Ready').length
    // Volcengine's default range is 550–600 without 600 and 593: 49 ports.
    await eventually('49 servers have an address', async () => (await ready()) === 49, { timeout: 60_000 })
    await eventually('the set says why two have none', async () => {
      const set = await cluster.get<{ status: { conditions?: Condition[] } }>('gss many')
      return set.status.conditions?.some(condition => /capacity|port/i.test(`${condition.reason} ${condition.message}`))
    })
    await cluster.k('delete pod many-3 --wait=false')
    await patchSet(cluster, 'many', { spec: { replicas: 49, reserveGameServerIds: [0, 1] } })
    await eventually('the others got the room', async () => (await serversOf(cluster, 'many')).length === 49 && (await ready()) === 49, {
      timeout: 60_000,
    })
    await cluster.k('delete gss many')
  })

  test('a template that no pod can have, and parts that nothing acts upon, are told once for all servers', async () => {
    await cluster.apply(
      gameServerSet({
        name: 'odd',
        replicas: 3,
        spec: {
          serviceQualities: [{ name: 'idle', permanent: false, exec: { command: ['true'] } }],
          persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete' },
          gameServerTemplate: {
            volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: { accessModes: ['ReadWriteOnce'] } }],
            spec: {
              containers: [
                { name: 'game', image: 'registry.example.com/demo/game:v1', volumeMounts: [{ name: 'nowhere', mountPath: '/x' }] },
              ],
            },
          },
        },
      }),
    )
    await eventually('conditions say both', async () => {
      const { status } = await cluster.get<{ status: { conditions?: Condition[] } }>('gss odd')
      const messageOf = (type: string) => status.conditions?.find(condition => condition.type === type)?.message ?? ''
      const all =
        /^odd-0, odd-1, odd-2: Pod is invalid: .*volumeMounts.*nowhere/.test(messageOf('ServersNotCreated')) &&
        ['serviceQualities', 'volumeClaimTemplates', 'persistentVolumeClaimRetentionPolicy'].every(part =>
          messageOf('SpecIgnored').includes(part),
        )
      if (!all) throw new Error(JSON.stringify(status.conditions))
      return true
    })
    await cluster.k('delete gss odd')
  })

  test('deleting a set during a rollout, and the namespace under another', async () => {
    await cluster.apply(
      gameServerSet({
        name: 'going',
        replicas: 4,
        spec: { updateStrategy: { rollingUpdate: { podUpdatePolicy: 'ReCreate', maxUnavailable: 1 } } },
      }),
    )
    await settled(cluster, 'going', [0, 1, 2, 3])
    await patchSet(cluster, 'going', {
      spec: { gameServerTemplate: { spec: { containers: [{ name: 'game', image: 'registry.example.com/demo/game:v2' }] } } },
    })
    await cluster.k('delete gss going')
    await eventually('all pods go and stay gone', async () => (await idsOf(cluster, 'going')).length === 0)
    await cluster.k('create namespace doomed')
    await cluster.k(
      ['apply', '-n', 'doomed', '-f', '-'],
      JSON.stringify({ ...gameServerSet({ name: 'inside', replicas: 3 }), metadata: { name: 'inside', namespace: 'doomed' } }),
    )
    await cluster.k('delete namespace doomed --wait=true --timeout=60s')
    expect((await cluster.kubectl('get namespace doomed')).code).toBe(1)
  })
})
