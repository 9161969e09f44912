import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { startCluster, type TestCluster } from './harness/cluster.ts'
import { eventually } from './harness/eventually.ts'
import { testNeeding } from './harness/needs.ts'
import { deletePods, type GameServer, type NetworkStatus, patchServer, patchSet, podsOf, serversOf, settled } from './harness/okg.ts'
import { tcpAsk, udpAsk } from './harness/players.ts'
import { root } from './harness/run.ts'

const test = testNeeding('kubectl')
const elb = (last: number) => `8f4cf216-a659-40dc-8c77-0f3d2a1b9c${last}`
const clbs = ['clb-3g7hc8kakd8n48hh12k5mx8o', 'clb-13fdpzmzx3gqo3n6nu5lyuv5y']

/** Servers that answer on 7777 (TCP and UDP) and 7778 (UDP), in a network. */
const set = (name: string, replicas: number, networkType: string, conf: readonly (readonly [string, string])[], spec: object = {}) => ({
  apiVersion: 'game.kruise.io/v1alpha1',
  kind: 'GameServerSet',
  metadata: { name },
  spec: {
    replicas,
    updateStrategy: { rollingUpdate: { podUpdatePolicy: 'InPlaceIfPossible', maxUnavailable: '100%' } },
    network: { networkType, networkConf: conf.map(([key, value]) => ({ name: key, value })) },
    gameServerTemplate: {
      spec: {
        terminationGracePeriodSeconds: 1,
        containers: [
          {
            name: 'game',
            image: 'registry.example.com/studio/echo:v1',
            env: [{ name: 'PORTS', value: '7777/TCPUDP,7778/UDP' }],
            readinessProbe: { tcpSocket: { port: 7777 }, periodSeconds: 1 },
          },
          { name: 'side', image: 'registry.example.com/studio/tiny:v1' },
        ],
      },
    },
    ...spec,
  },
})

interface Place {
  name: string
  protocol: string
  ip: string
  port: number
}

const placesOf = (server: GameServer): Place[] =>
  (server.status?.networkStatus?.externalAddresses ?? []).flatMap(({ ip, ports }) =>
    (ports ?? []).map(({ name, protocol, port }) => ({ name, protocol, ip, port: Number(port) })),
  )
const dial = ({ ip, port, protocol }: Place, text = 'hello') => (protocol === 'UDP' ? udpAsk : tcpAsk)(ip, port, text)

/** A player who stays. */
async function join7777({ ip, port }: Place): Promise<{ socket: Socket; say: (text: string) => Promise<string> }> {
  const socket = connect({ host: ip, port })
  // A player whose way is cut learns it by the next answer that does not come.
  socket.on('error', () => socket.destroy())
  await once(socket, 'connect')
  return {
    socket,
    say: async text => {
      socket.write(text)
      const [data] = (await once(socket, 'data', { signal: AbortSignal.timeout(3000) })) as [Buffer]
      return data.toString()
    },
  }
}

describe('players reach every server through every network', () => {
  let cluster: TestCluster
  beforeAll(async () => {
    cluster = await startCluster({ args: ['--images', join(root, 'test/images')] })
  })
  afterAll(() => cluster[Symbol.asyncDispose]())

  const remove = async (name: string) => {
    await cluster.k(['delete', 'gss', name, '--wait=true'])
    await eventually(`the Services of ${name} are gone`, async () => {
      const { items } = await cluster.get<{ items: { metadata: { name: string } }[] }>('services')
      return items.every(({ metadata }) => !metadata.name.startsWith(`${name}-`))
    })
  }
  const networked = (name: string, ids: readonly number[]) =>
    eventually(`all servers of ${name} have an address`, async () => {
      const servers = await settled(cluster, name, ids)
      return servers.every(server => server.status?.networkStatus?.currentNetworkState === 'Ready') ? servers : undefined
    })
  const annotationOf = async (name: string): Promise<NetworkStatus> =>
    JSON.parse(
      await cluster.k(['get', 'pod', name, '-o', 'jsonpath={.metadata.annotations.game\\.kruise\\.io/network-status}']),
    ) as NetworkStatus
  const everybodyAnswers = async (servers: readonly GameServer[]) => {
    const places = servers.flatMap(server => placesOf(server).map(place => ({ place, name: server.metadata.name })))
    expect(new Set(places.map(({ place }) => `${place.ip}:${place.port}/${place.protocol}`)).size).toBe(places.length)
    for (const { place, name } of places) {
      const target = /(\d+)$/.exec(place.name)?.[1]
      // A node's proxy hears of a port at the same time as Berth, and has rules to write first.
      const answer = await eventually(`${name} lets players in`, () => dial(place), { timeout: 5000 })
      expect(answer).toBe(`${name} ${target}/${place.protocol} hello`)
    }
    return places.map(({ place }) => place)
  }

  test.each([
    ['hostport', 'Kubernetes-HostPort', [['ContainerPorts', 'game:7777/TCPUDP,7778/UDP']], 3],
    ['nodeport', 'Kubernetes-NodePort', [['PortProtocols', '7777/TCPUDP,7778/UDP']], 3],
    [
      'volc',
      'Volcengine-CLB',
      [
        ['ClbIds', clbs.join(',')],
        ['PortProtocols', '7777, 7778/UDP'],
        ['EnableClbScatter', 'true'],
      ],
      2,
    ],
    [
      'elb',
      'HwCloud-ELB',
      [
        ['ElbIds', `${elb(11)},${elb(12)}`],
        ['PortProtocols', '7777/TCPUDP'],
        ['ElbClass', 'shared'],
      ],
      2,
    ],
    [
      'cce',
      'HwCloud-CCE-ELB',
      [
        ['PortProtocols', '7777/TCPUDP,7778/UDP'],
        ['kubernetes.io/elb.id', elb(13)],
        ['kubernetes.io/elb.class', 'union'],
      ],
      3,
    ],
    [
      'auto',
      'HwCloud-CCE-ELB',
      [
        ['PortProtocols', '7777'],
        ['kubernetes.io/elb.autocreate', '{"type":"inner","available_zone":["cn-north-4a"]}'],
      ],
      1,
    ],
  ] as const)('%s', async (name, type, conf, ports) => {
    await cluster.apply(set(name, 2, type, conf))
    const servers = await networked(name, [0, 1])
    const places = await everybodyAnswers(servers)
    expect(places.length).toBe(2 * ports)
    const [first] = servers
    const pod = (await podsOf(cluster, name))[0]!
    const annotation = await annotationOf(`${name}-0`)
    // The contract of game.kruise.io/network-status: these members and no others, times as null.
    expect(Object.keys(annotation).toSorted()).toEqual(
      ['createTime', 'currentNetworkState', 'externalAddresses', 'internalAddresses', 'lastTransitionTime'].toSorted(),
    )
    expect(annotation).toMatchObject({ currentNetworkState: 'Ready', createTime: null, lastTransitionTime: null })
    expect(annotation.internalAddresses?.every(({ ip }) => ip === pod.status.podIP)).toBe(true)
    expect(first?.status?.networkStatus).toMatchObject({
      networkType: type,
      desiredNetworkState: 'Ready',
      currentNetworkState: 'Ready',
      internalAddresses: annotation.internalAddresses,
      externalAddresses: annotation.externalAddresses,
    })
    if (name === 'volc') expect(new Set(places.map(({ ip }) => ip)).size).toBe(2)
    if (name === 'auto') expect(new Set(places.map(({ ip }) => ip)).size).toBe(2)

    // A new pod takes the place of the old one, and players reach it.
    await cluster.k(['delete', 'pod', `${name}-1`, '--wait=true'])
    await eventually('the new pod has an address', async () => {
      const again = await podsOf(cluster, name)
      return again.length === 2 && (await annotationOf(`${name}-1`)).currentNetworkState === 'Ready'
    })
    await eventually('players reach the new pod', async () => {
      await everybodyAnswers(await networked(name, [0, 1]))
      return true
    })
    await remove(name)
  })

  test('a network without a switch says so', async () => {
    await cluster.apply(set('open', 1, 'Kubernetes-HostPort', [['ContainerPorts', 'game:7777']]))
    const place = placesOf((await networked('open', [0]))[0]!)[0]!
    await patchServer(cluster, 'open-0', { spec: { networkDisabled: true } })
    await eventually('an event tells that players still get in', async () => {
      const { items } = await cluster.get<{ items: { reason: string; involvedObject: { name: string } }[] }>('events')
      return items.some(({ reason, involvedObject }) => reason === 'NetworkDisabledIgnored' && involvedObject.name === 'open-0')
    })
    expect(await dial(place)).toBe('open-0 7777/TCP hello')
    await remove('open')
  })

  test('SameAsHost: the container port is the host port, and both protocols have one number', async () => {
    await cluster.apply(
      set('same', 2, 'Kubernetes-HostPort', [
        ['ContainerPorts', 'game:SameAsHost/TCPUDP'],
        ['ContainerPorts', 'side:9000'],
      ]),
    )
    await networked('same', [0, 1])
    for (const pod of await podsOf(cluster, 'same')) {
      const [tcp, udp, ...more] = pod.spec.containers.find(({ name }) => name === 'game')?.ports ?? []
      expect(more).toEqual([])
      expect(tcp).toMatchObject({ containerPort: tcp?.hostPort, protocol: 'TCP' })
      expect(udp).toMatchObject({ containerPort: tcp?.hostPort, hostPort: tcp?.hostPort, protocol: 'UDP' })
      expect(pod.spec.containers.find(({ name }) => name === 'side')?.ports).toMatchObject([{ containerPort: 9000, protocol: 'TCP' }])
    }
    await remove('same')
  })

  test.each([
    [
      'voff',
      'Volcengine-CLB',
      [
        ['ClbIds', clbs[0]!],
        ['PortProtocols', '7777'],
      ],
    ],
    ['noff', 'Kubernetes-NodePort', [['PortProtocols', '7777']]],
  ] as const)('%s: a network that is switched off lets nobody in, and on again has the same address', async (name, type, conf) => {
    await cluster.apply(set(name, 1, type, conf))
    const place = placesOf((await networked(name, [0]))[0]!)[0]!
    const player = await eventually('the server lets players in', () => join7777(place), { timeout: 5000 })
    expect(await player.say('in')).toBe(`${name}-0 7777/TCP in`)
    await patchServer(cluster, `${name}-0`, { spec: { networkDisabled: true } })
    const off = await eventually('the network is off', async () => {
      const [server] = await serversOf(cluster, name)
      const status = server?.status?.networkStatus
      return status?.desiredNetworkState === 'NotReady' && status.currentNetworkState === 'NotReady' ? status : undefined
    })
    expect(off.externalAddresses).toBeUndefined()
    await eventually('nobody gets in', async () => {
      const answer = await tcpAsk(place.ip, place.port, 'x', 500).catch(() => undefined)
      return answer === undefined
    })
    player.socket.destroy()
    await patchServer(cluster, `${name}-0`, { spec: { networkDisabled: false } })
    expect(placesOf((await networked(name, [0]))[0]!)[0]).toEqual(place)
    expect(await eventually('players get in again', () => dial(place, 'again'))).toBe(`${name}-0 7777/TCP again`)
    await remove(name)
  })

  test('Fixed: the address outlives pods and scaling, and goes with its own set only', async () => {
    const fixed = [
      ['ClbIds', clbs[1]!],
      ['PortProtocols', '7777'],
      ['Fixed', 'true'],
    ] as const
    await cluster.apply(set('a', 2, 'Volcengine-CLB', fixed))
    await cluster.apply(set('ab', 2, 'Volcengine-CLB', fixed))
    const before = (await networked('a', [0, 1])).map(placesOf)
    const others = (await networked('ab', [0, 1])).map(placesOf)
    await deletePods(cluster, 'a-0')
    await patchSet(cluster, 'a', { spec: { replicas: 1 } })
    await networked('a', [0])
    await patchSet(cluster, 'a', { spec: { replicas: 2 } })
    expect((await networked('a', [0, 1])).map(placesOf)).toEqual(before)
    await eventually('players reach both', async () => {
      await everybodyAnswers(await networked('a', [0, 1]))
      return true
    })
    await remove('a')
    expect((await networked('ab', [0, 1])).map(placesOf)).toEqual(others)
    await everybodyAnswers(await networked('ab', [0, 1]))
    await remove('ab')
  })

  test('AllowNotReadyContainers: players stay while a sidecar changes that was named', async () => {
    await cluster.apply(
      set('stay', 1, 'HwCloud-ELB', [
        ['ElbIds', elb(14)],
        ['PortProtocols', '7777'],
        ['AllowNotReadyContainers', 'side'],
      ]),
    )
    const place = placesOf((await networked('stay', [0]))[0]!)[0]!
    const published = () => cluster.k('get service stay-0 -o jsonpath={.spec.publishNotReadyAddresses}')
    const player = await join7777(place)
    let failed = 0
    const before = (await podsOf(cluster, 'stay'))[0]!
    await patchSet(cluster, 'stay', {
      spec: {
        gameServerTemplate: {
          spec: {
            containers: before.spec.containers.map(({ name }) => ({
              name,
              image: `registry.example.com/studio/${name === 'side' ? 'tiny:v2' : 'echo:v1'}`,
              ...(name === 'game' && {
                env: [{ name: 'PORTS', value: '7777/TCPUDP,7778/UDP' }],
                readinessProbe: { tcpSocket: { port: 7777 }, periodSeconds: 1 },
              }),
            })),
          },
        },
      },
    })
    await eventually('the sidecar is new', async () => {
      await tcpAsk(place.ip, place.port, 'newcomer', 1000).catch(() => failed++)
      await player.say('still here')
      const pod = (await podsOf(cluster, 'stay'))[0]!
      return pod.status.containerStatuses?.some(status => status.name === 'side' && status.image.endsWith('v2') && status.ready)
    })
    await networked('stay', [0])
    await eventually('not-ready pods are no longer published', async () => (await published()) !== 'true')
    expect(failed).toBe(0)
    expect((await podsOf(cluster, 'stay'))[0]?.metadata.uid).toBe(before.metadata.uid)
    player.socket.destroy()
    await remove('stay')
  })

  test('networkConf changed under InPlaceIfPossible: same pods, the Services follow; a network added later and removed again', async () => {
    await cluster.apply(
      set('conf', 2, 'Volcengine-CLB', [
        ['ClbIds', clbs[0]!],
        ['PortProtocols', '7777'],
      ]),
    )
    const before = await networked('conf', [0, 1])
    const uids = (await podsOf(cluster, 'conf')).map(pod => pod.metadata.uid)
    await cluster.apply(
      set('conf', 2, 'Volcengine-CLB', [
        ['ClbIds', clbs[0]!],
        ['PortProtocols', '7777,7778/UDP'],
      ]),
    )
    const after = await eventually('both ports are published', async () => {
      const servers = await networked('conf', [0, 1])
      return servers.every(server => placesOf(server).length === 2) ? servers : undefined
    })
    expect(after.map(server => placesOf(server)[0])).toEqual(before.map(server => placesOf(server)[0]))
    await eventually('everybody answers', async () => {
      await everybodyAnswers(after)
      return true
    })
    expect((await podsOf(cluster, 'conf')).map(pod => pod.metadata.uid)).toEqual(uids)
    await patchSet(cluster, 'conf', { spec: { network: null } })
    await eventually('the servers have no address any more', async () => {
      const pods = await podsOf(cluster, 'conf')
      return pods.every(({ metadata }) => metadata.annotations['game.kruise.io/network-type'] === undefined)
    })
    await settled(cluster, 'conf', [0, 1])
    await patchSet(cluster, 'conf', {
      spec: { network: { networkType: 'Kubernetes-NodePort', networkConf: [{ name: 'PortProtocols', value: '7777' }] } },
    })
    await eventually('the new network is there', async () => {
      await everybodyAnswers(await networked('conf', [0, 1]))
      return true
    })
    await remove('conf')
  })

  test('two sets in two namespaces on one load balancer never share a port', async () => {
    const beta = `${cluster.namespace}-beta`
    await cluster.k(`create namespace ${beta}`)
    const conf = [
      ['ClbIds', clbs[0]!],
      ['PortProtocols', '7777'],
    ] as const
    const alpha = set('share', 3, 'Volcengine-CLB', conf)
    await cluster.apply({
      apiVersion: 'v1',
      kind: 'List',
      items: [alpha, { ...alpha, metadata: { name: 'share', namespace: beta } }],
    })
    await networked('share', [0, 1, 2])
    const portsOf = async () => {
      const { items } = await cluster.get<{ items: { metadata: { name: string }; spec: { ports: { port: number }[] } }[] }>('services -A')
      return items.flatMap(({ metadata, spec }) => (metadata.name.startsWith('share-') ? spec.ports.map(({ port }) => port) : []))
    }
    await eventually('all six have a Service', async () => (await portsOf()).length === 6)
    expect(new Set(await portsOf()).size).toBe(6)
    await cluster.k('delete pod share-0 share-1 --wait=false')
    await cluster.k(`delete pod share-1 share-2 -n ${beta} --wait=false`)
    await eventually('new pods, six ports', async () => {
      await networked('share', [0, 1, 2])
      const ports = await portsOf()
      return ports.length === 6 && new Set(ports).size === 6
    })
    await cluster.k(`delete namespace ${beta} --wait=true --timeout=60s`)
    await remove('share')
  })
})
