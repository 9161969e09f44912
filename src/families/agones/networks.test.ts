import { describe, expect, it } from 'vitest'
import { agonesServers } from '../../allocation/agones-servers.ts'
import { Allocator } from '../../allocation/allocator.ts'
import { stockOf } from '../../allocation/stock.ts'
import { fleets } from '../../apis/agones.dev/fleet.ts'
import { gameServers, type GameServer } from '../../apis/agones.dev/game-server.ts'
import { events, nodes, pods, services } from '../../apis/core/resources.generated.ts'
import { Cache } from '../../kube/cache.ts'
import { systemClock } from '../../kube/clock.ts'
import { noopRecorder } from '../../kube/event-recorder.ts'
import {
  at,
  client,
  counted,
  createFleet,
  createServer,
  createSet,
  eventually,
  inState,
  playGames,
  restartFamily,
  sdk,
  serverOf,
  serversOf,
  useInProcessAgones,
  writes,
} from '../../../test/harness/in-process-agones.ts'

useInProcessAgones()

const signal = new AbortController().signal
const port = { name: 'default', portPolicy: 'None' as const, containerPort: 7654 }
const [one, other] = ['clb-3g7hc8kakd8n48hh12k5mx8o', 'clb-13fdpzmzx3gqo3n6nu5lyuv5y']
const idAnnotation = 'service.beta.kubernetes.io/volcengine-loadbalancer-id'
/** No cloud knows it: its address never comes. */
const unknown = 'nobody-knows-it'
const clb = (id = one, more: object = {}, conf: object = {}) =>
  JSON.stringify({ type: 'Volcengine-CLB', conf: { ClbIds: id, PortProtocols: '7654/UDP', ...conf }, ...more })
const noted = (network: string, more: Record<string, string> = {}) => ({ annotations: { 'berth.dev/network': network, ...more } })
const serviceOf = (name: string) => client.get(services, at(name))
const gone = (ask: () => Promise<unknown>) => eventually(() => expect(ask()).rejects.toMatchObject({ code: 404 }) as Promise<void>)
/** Gives a server another network. */
const move = (name: string, network: string) => client.patch(gameServers, at(name), { metadata: noted(network) }, { type: 'merge' })
const nodeIP = async () => {
  const [node] = (await client.list(nodes)).items
  return node?.status?.addresses?.find(({ type }) => type === 'InternalIP')?.address
}
/** Has the cloud serve the Service of a server by another load balancer, behind Berth's back. */
const reroute = (name: string, id: string) =>
  client.patch(services, at(name), { metadata: { annotations: { [idAnnotation]: id } } }, { type: 'merge' })
/** What the cloud has given to the Service of a server by this load balancer; `before` is the address that it had by another one. */
const given = (name: string, id: string, before?: string) =>
  eventually(async () => {
    const { metadata, status, spec } = await serviceOf(name)
    const ip = status?.loadBalancer?.ingress?.[0]?.ip
    if (ip === undefined || ip === before || metadata.annotations?.[idAnnotation] !== id) throw new Error('not yet')
    return { ip, ports: [{ name: 'default', port: spec?.ports?.[0]?.port ?? 0 }] }
  })
const addressed = (name: string, address: string) =>
  eventually(async () => {
    const server = await serverOf(name)
    expect(server.status?.address).toBe(address)
    return server
  })

describe('a set with a load balancer', () => {
  it('has servers whose address is that of the load balancer; it goes with them', async () => {
    using _games = playGames()
    await createSet('cloud', 2, { ports: [port] }, { template: templateWith(clb()) })
    const servers = await counted('cloud', { Ready: 2 })
    for (const { metadata, status } of servers) {
      const [service, pod] = await Promise.all([serviceOf(metadata.name), client.get(pods, at(metadata.name))])
      const [ingress] = service.status?.loadBalancer?.ingress ?? []
      expect(status?.address).toBe(ingress?.ip)
      expect(status?.ports).toEqual([{ name: 'default', port: service.spec?.ports?.[0]?.port }])
      expect(status?.addresses?.at(-1)).toEqual({ type: 'NetworkIP', address: ingress?.ip })
      expect(status?.addresses).toContainEqual({ type: 'PodIP', address: pod.status?.podIP })
      expect(service.spec?.selector).toEqual({ 'agones.dev/gameserver': metadata.name })
      expect(service.metadata.ownerReferences).toMatchObject([{ kind: 'Pod', uid: pod.metadata.uid }])
    }
    expect(new Set(servers.map(({ status }) => status?.ports?.[0]?.port)).size).toBe(2)
    const answer = await allocated(servers[0]?.metadata.namespace ?? '')
    const chosen = servers.find(({ metadata }) => metadata.name === answer.gameServerName)
    expect(answer).toMatchObject({ state: 'Allocated', address: chosen?.status?.address, ports: chosen?.status?.ports })
    expect(answer.addresses).toEqual(chosen?.status?.addresses)
    await client.delete(gameServers, at(answer.gameServerName))
    await gone(() => serviceOf(answer.gameServerName))
  })

  it('takes no write of servers and pods more than one without, and one Service each', async () => {
    const made = async (name: string, annotations: Record<string, string>) => {
      const before = writes.length
      await createServer(name, { ports: [port] }, { annotations })
      await inState(name, 'Scheduled')
      await sdk(name, 'RequestReady')
      await inState(name, 'Ready')
      return writes.slice(before).filter(write => /pods$|gameservers|services/.test(write))
    }
    const without = await made('without', {})
    expect(without.filter(write => write.includes('services'))).toEqual([])
    const withIt = await made('with', noted(clb()).annotations)
    expect(withIt.filter(write => !write.includes('services'))).toEqual(without)
    // The second one is the cloud's.
    expect(withIt.filter(write => write.includes('services'))).toEqual(['POST services', 'PATCH services/status'])
  })
})

describe('a server whose network is slow', () => {
  it('waits with the game, says why, survives a restart of the controllers, and is Ready with its address', {
    timeout: 30_000,
  }, async () => {
    await createServer('slow', { ports: [port] }, noted(clb(unknown)))
    await eventually(() => serviceOf('slow'))
    await sdk('slow', 'RequestReady')
    await eventually(async () => {
      const { items } = await client.list(events, { namespace: 'default' })
      expect(items.filter(({ involvedObject, type }) => involvedObject.kind === 'GameServer' && type === 'Warning')).toMatchObject([
        { reason: 'LoadBalancerPending', involvedObject: { name: 'slow' } },
      ])
    }, 10_000)
    await restartFamily()
    expect((await serverOf('slow')).status).toMatchObject({ state: 'RequestReady', address: '' })
    const before = writes.length
    await move('slow', clb())
    const { status } = await inState('slow', 'Ready')
    const { ip: address, ports } = await given('slow', one)
    expect(status).toMatchObject({ address, ports })
    // The test's and the one that makes it Ready.
    expect(writes.slice(before).filter(write => write === 'PATCH gameservers')).toHaveLength(2)
  })

  it('does not wait when it need not: its address follows', async () => {
    await createServer('early', { ports: [port] }, noted(clb(unknown, { readyWhen: 'Requested' })))
    await inState('early', 'Scheduled')
    await sdk('early', 'RequestReady')
    expect((await inState('early', 'Ready')).status).toMatchObject({ address: await nodeIP(), ports: [{ name: 'default', port: 7654 }] })
    await move('early', clb(one, { readyWhen: 'Requested' }))
    const { ip, ports } = await given('early', one)
    expect((await addressed('early', ip)).status).toMatchObject({ state: 'Ready', ports })
  })

  it('says what is wrong with an annotation that nobody has refused', async () => {
    await createSet('wrong', 1, {}, { template: templateWith('type: Volcengine-CBL') })
    const name = await eventually(async () => (await serversOf('wrong'))[0]?.metadata.name ?? Promise.reject(new Error('there is none')))
    await eventually(async () => {
      const { items } = await client.list(events, { namespace: 'default' })
      expect(items.find(({ reason }) => reason === 'InvalidParameters')?.message).toMatch(/did you mean "Volcengine-CLB"/)
    })
    await sdk(name, 'RequestReady')
    expect((await serverOf(name)).status?.address).toBe('')
    await move(name, clb())
    await inState(name, 'Ready')
  })

  it('a server on its own ends in Error, and says what is wrong as well', async () => {
    await createServer('wrong', { ports: [port] }, noted('type: Volcengine-CBL'))
    const { metadata } = await inState('wrong', 'Error')
    expect(metadata.annotations?.['berth.dev/error']).toMatch(/metadata.annotations\[berth.dev\/network\].*did you mean "Volcengine-CLB"/)
  })
})

describe('a load balancer that changes', () => {
  const ready = async (name: string) => {
    await createServer(name, { ports: [port] }, noted(clb()))
    await inState(name, 'Scheduled')
    await sdk(name, 'RequestReady')
    return (await inState(name, 'Ready')).status
  }

  it('takes along who waits for players; who plays keeps the address that was told', async () => {
    const before = (await ready('free'))?.address
    const told = await ready('played')
    await sdk('played', 'Allocated')
    for (const name of ['free', 'played']) await reroute(name, other)
    const [{ ip, ports }, now] = await Promise.all([given('free', other, before), given('played', other, told?.address)])
    expect((await addressed('free', ip)).status).toMatchObject({ state: 'Ready', ports })
    await eventually(async () =>
      expect((await serverOf('played')).status?.addresses?.at(-1)).toEqual({ type: 'NetworkIP', address: now.ip }),
    )
    expect((await serverOf('played')).status).toMatchObject({ state: 'Allocated', address: told?.address, ports: told?.ports })
  })

  it('that is gone takes its server out of the choice until it is back; who plays stays', { timeout: 30_000 }, async () => {
    const address = (await ready('free'))?.address
    const told = await ready('played')
    await sdk('played', 'Allocated')
    for (const name of ['free', 'played']) await reroute(name, unknown)
    await eventually(async () => expect((await serverOf('free')).status).toMatchObject({ state: 'RequestReady', address }), 12_000)
    expect((await serverOf('played')).status).toMatchObject({ state: 'Allocated', address: told?.address, addresses: told?.addresses })
    await reroute('free', other)
    const { ip } = await given('free', other, address)
    expect((await inState('free', 'Ready')).status?.address).toBe(ip)
  })
})

describe('an update in place', () => {
  it('keeps address, ports and Service', async () => {
    using _games = playGames()
    await createFleet('hot', 1, { strategy: { type: 'InPlaceIfPossible' }, template: templateWith(clb()) })
    const only = async () => {
      const [server] = (await client.list(gameServers, { namespace: 'default', labelSelector: 'agones.dev/fleet=hot' })).items
      if (server?.status?.state !== 'Ready') throw new Error(`${server?.status?.state}`)
      return server
    }
    const before = await eventually(only)
    const { name, uid } = before.metadata
    const service = (await serviceOf(name)).metadata.uid
    const image = [{ op: 'replace', path: '/spec/template/spec/template/spec/containers/0/image', value: 'game:2' }]
    await client.patch(fleets, at('hot'), image, { type: 'json' })
    const after = await eventually(async () => {
      const { status } = await client.get(pods, at(name))
      expect(status?.containerStatuses?.[0]?.image).toBe('game:2')
      return only()
    })
    expect(after.metadata.uid).toBe(uid)
    expect([after.status?.address, after.status?.ports]).toEqual([before.status?.address, before.status?.ports])
    expect((await serviceOf(name)).metadata.uid).toBe(service)
  })
})

describe('other networks', () => {
  it('has host ports in the pod itself', async () => {
    const conf = [{ name: 'ContainerPorts', value: 'game:7654/UDP' }]
    await createServer('host', { ports: [port] }, noted(JSON.stringify({ type: 'Kubernetes-HostPort', conf })))
    const { status } = await inState('host', 'Scheduled')
    const pod = await client.get(pods, at('host'))
    const [, given] = pod.spec?.containers[0]?.ports ?? []
    expect(given).toMatchObject({ containerPort: 7654, protocol: 'UDP' })
    expect(status).toMatchObject({ address: await nodeIP(), ports: [{ name: 'default', port: given?.hostPort }] })
    expect(status?.addresses?.at(-1)).toEqual({ type: 'NetworkIP', address: await nodeIP() })
  })

  it('has node ports, with names for ports that the spec has not', async () => {
    const network = 'type: Kubernetes-NodePort\nconf:\n  PortProtocols: [7654/UDP, 80/TCP]\n'
    await createServer('node', { ports: [port] }, noted(network))
    const { status } = await inState('node', 'Scheduled')
    const numbers = (await serviceOf('node')).spec?.ports?.map(({ nodePort }) => nodePort)
    expect(status).toMatchObject({
      address: await nodeIP(),
      ports: [
        { name: 'default', port: numbers?.[0] },
        { name: '80-tcp', port: numbers?.[1] },
      ],
    })
  })

  it("a Fixed address is the server's own and goes with it", async () => {
    await createServer('fixed', { ports: [port] }, noted(clb(one, {}, { Fixed: 'true' })))
    const { metadata } = await inState('fixed', 'Scheduled')
    expect((await serviceOf('fixed')).metadata.ownerReferences).toMatchObject([{ kind: 'GameServer', uid: metadata.uid }])
    await client.delete(gameServers, at('fixed'))
    await gone(() => serviceOf('fixed'))
  })
})

describe('what is published', () => {
  it('is what the annotation leaves, further networks of the pod included', async () => {
    const only = { 'berth.dev/published-addresses': 'NetworkIP, SecondaryIP:players' }
    await createServer('shy', { ports: [port] }, noted(clb(), only))
    const { status } = await inState('shy', 'Scheduled')
    expect(status?.addresses).toEqual([{ type: 'NetworkIP', address: status?.address }])
    const told = [
      { name: 'default/players', ips: ['198.51.100.7'] },
      { name: 'default/storage', ips: ['192.168.0.7'] },
    ]
    const annotations = { 'k8s.v1.cni.cncf.io/network-status': JSON.stringify(told) }
    await client.patch(pods, at('shy'), { metadata: { annotations } }, { type: 'merge' })
    await eventually(async () =>
      expect((await serverOf('shy')).status?.addresses).toEqual([
        { type: 'SecondaryIP:players', address: '198.51.100.7' },
        { type: 'NetworkIP', address: status?.address },
      ]),
    )
  })
})

function templateWith(network: string): object {
  return {
    metadata: { annotations: { 'berth.dev/network': network } },
    spec: { ports: [port], template: { spec: { containers: [{ name: 'game', image: 'game:1' }] } } },
  }
}

/** What a matchmaker gets. */
async function allocated(namespace: string) {
  await using cache = new Cache({ client })
  const store = cache.store<GameServer>(gameServers)
  await store.whenSynced(signal)
  const stocks = [stockOf({ kind: agonesServers, client, store, recorder: noopRecorder, clock: systemClock })]
  using allocator = new Allocator({ stocks, clock: systemClock })
  return await allocator.allocate(namespace, {}, signal)
}
