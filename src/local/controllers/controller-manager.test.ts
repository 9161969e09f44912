import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { beforeAll, describe, expect, it } from 'vitest'
import * as types from '../../apis/core/resources.generated.ts'
import type { Service } from '../../apis/core/types.generated.ts'
import { Cache } from '../../kube/cache.ts'
import type { Client } from '../../kube/client.ts'
import type { New } from '../../kube/object.ts'
import type { HostPlan } from '../host-plan.ts'
import { directDialer } from '../node/runtime/direct-dialer.ts'
import { type Controllers, startControllers } from './controller-manager.ts'
import { eventsOf, namespace, newPod, startTestBed, until } from './test-bed.ts'

let plan: HostPlan
let client: Client
let controllers: Controllers
let stack: AsyncDisposableStack
beforeAll(async () => {
  ;({ plan, client, controllers, stack } = await startTestBed(57))
})

const loadBalancer = (
  name: string,
  selector: Record<string, string>,
  port: number,
  annotations: Record<string, string> = {},
): New<Service> => ({
  metadata: { name, namespace, annotations },
  spec: {
    type: 'LoadBalancer',
    selector,
    ports: [
      { name: 'a', port, targetPort: 8080 },
      { name: 'b', port, targetPort: 8080, protocol: 'UDP' },
    ],
  },
})

const clbId = 'service.beta.kubernetes.io/volcengine-loadbalancer-id'
const addressOf = (name: string) =>
  until(`address of ${name}`, async () => (await client.get(types.services, { namespace, name })).status?.loadBalancer?.ingress?.[0]?.ip)
/** What a server at the address says first. */
async function greeting(host: string, port: number): Promise<string> {
  const socket = connect({ host, port })
  let text = ''
  socket.on('data', data => {
    text += data.toString()
  })
  await new Promise<void>((resolve, reject) => socket.once('close', resolve).once('error', reject))
  return text
}

async function greeter(ip: string, port: number): Promise<void> {
  const listening = createServer(socket => socket.on('error', () => {}).end(`I am ${ip}`)).listen(port, ip)
  await once(listening, 'listening')
  stack.defer(() => void listening.close())
}

describe('addresses and traffic', () => {
  it('schedules pods, gives a Service an address by one write, and forwards to the pod', async () => {
    await client.create(types.services, loadBalancer('room-0', { name: 'room-0' }, 551, { [clbId]: 'clb-1' }))
    const created = await client.create(types.pods, newPod('room-0', { name: 'room-0' }))
    const ip = await addressOf('room-0')
    expect(ip).toBe(plan.loadBalancerIP(0))
    const running = await until('a pod address', async () => {
      const now = await client.get(types.pods, { namespace, name: 'room-0' })
      return now.status?.podIP === undefined ? undefined : now
    })
    expect(running.metadata.uid).toBe(created.metadata.uid)
    await greeter(running.status?.podIP ?? '', 8080)
    expect(await until('a greeting', () => greeting(ip, 551).catch(() => undefined))).toBe(`I am ${running.status?.podIP}`)
    const service = await client.get(types.services, { namespace, name: 'room-0' })
    expect(service.metadata.labels).toEqual({ [clbId]: 'clb-1' })
    const nodePort = service.spec?.ports?.[0]?.nodePort ?? 0
    expect(await greeting(plan.nodeIP(0), nodePort)).toBe(`I am ${running.status?.podIP}`)
    expect(await greeting(plan.nodeIP(1), nodePort)).toBe(`I am ${running.status?.podIP}`)
  })

  it('writes endpoints once, and removes them with the Service', async () => {
    const slice = await until('a slice', async () => {
      const { items } = await client.list(types.endpointslices, { namespace, labelSelector: 'kubernetes.io/service-name=room-0' })
      return items[0]
    })
    expect(slice.metadata.generation).toBe(1)
    expect(slice.endpoints).toMatchObject([
      { conditions: { ready: true, serving: true, terminating: false }, targetRef: { name: 'room-0' } },
    ])
    const written = await until('the endpoints', () => client.get(types.endpoints, { namespace, name: 'room-0' }).catch(() => undefined))
    expect(written.subsets).toMatchObject([{ addresses: [{ targetRef: { name: 'room-0' } }], ports: [{ port: 8080 }, { port: 8080 }] }])
    const ip = await addressOf('room-0')
    await client.delete(types.services, { namespace, name: 'room-0' })
    await until('the end of the slice', async () => {
      const { items } = await client.list(types.endpointslices, { namespace, labelSelector: 'kubernetes.io/service-name=room-0' })
      return items.length === 0
    })
    await until('the end of the endpoints', () =>
      client.get(types.endpoints, { namespace, name: 'room-0' }).then(
        () => undefined,
        () => true,
      ),
    )
    await until('the end of the listener', () =>
      greeting(ip, 551).then(
        () => undefined,
        () => true,
      ),
    )
  })

  it('refuses load balancers that do not exist and ports that are taken, and serves them as soon as it can', async () => {
    await client.create(types.services, loadBalancer('one', { a: 'b' }, 600, { [clbId]: 'clb-1' }))
    await addressOf('one')
    await client.create(types.services, loadBalancer('two', { a: 'b' }, 600, { [clbId]: 'clb-1' }))
    await client.create(types.services, loadBalancer('lost', { a: 'b' }, 601, { [clbId]: 'clb-2' }))
    const [conflict] = await eventsOf(client, 'two', 'SyncLoadBalancerFailed')
    expect(conflict?.message).toContain('port 600/TCP of CLB clb-1 is used by Service default/one')
    const [unknown] = await eventsOf(client, 'lost', 'SyncLoadBalancerFailed')
    expect(unknown?.message).toContain('CLB clb-2 does not exist. There are: clb-1')
    expect((await client.get(types.services, { namespace, name: 'two' })).status?.loadBalancer?.ingress).toBeUndefined()
    await client.patch(types.services, { namespace, name: 'one' }, { spec: { type: 'ClusterIP' } }, { type: 'merge' })
    expect(await addressOf('two')).toBe(plan.loadBalancerIP(0))
    await until(
      'no address',
      async () => (await client.get(types.services, { namespace, name: 'one' })).status?.loadBalancer?.ingress === undefined,
    )
    await client.patch(types.services, { namespace, name: 'lost' }, { metadata: { annotations: { [clbId]: 'clb-1' } } }, { type: 'merge' })
    expect(await addressOf('lost')).toBe(plan.loadBalancerIP(0))
  })

  it('gives no address that cannot be dialled, and says why', async () => {
    const blocker = createServer().listen(650, plan.loadBalancerIP(0))
    await once(blocker, 'listening')
    await client.create(types.services, loadBalancer('blocked', { a: 'b' }, 650, { [clbId]: 'clb-1' }))
    const [event] = await eventsOf(client, 'blocked', 'SyncLoadBalancerFailed')
    expect(event?.message).toContain(`cannot listen on tcp/${plan.loadBalancerIP(0)}:650: the address is in use by another program`)
    expect((await client.get(types.services, { namespace, name: 'blocked' })).status?.loadBalancer?.ingress).toBeUndefined()
    blocker.close()
    expect(await addressOf('blocked')).toBe(plan.loadBalancerIP(0))
  })

  it('makes an ELB of its own, and notes its id', async () => {
    await client.create(types.services, loadBalancer('auto', { a: 'b' }, 700, { 'kubernetes.io/elb.autocreate': '{"type":"public"}' }))
    expect(await addressOf('auto')).toBe(plan.loadBalancerIP(1))
    const { annotations } = (await client.get(types.services, { namespace, name: 'auto' })).metadata
    expect(annotations?.['kubernetes.io/elb.id']).toMatch(/^[0-9a-f-]{36}$/)
  })

  it('forwards host ports, and keeps pods with one host port on different nodes', async () => {
    for (const name of ['h0', 'h1', 'h2'])
      await client.create(types.pods, newPod(name, { app: 'h' }, [{ containerPort: 9000, hostPort: 8123 }]))
    const placed = await until('two placed pods', async () => {
      const { items } = await client.list(types.pods, { namespace, labelSelector: 'app=h' })
      const ready = items.filter(one => one.status?.podIP !== undefined)
      return ready.length === 2 ? ready : undefined
    })
    expect(new Set(placed.map(one => one.spec?.nodeName))).toEqual(new Set(['node-1', 'node-2']))
    for (const one of placed) {
      await greeter(one.status?.podIP ?? '', 9000)
      const nodeIP = plan.nodeIP(one.spec?.nodeName === 'node-1' ? 0 : 1)
      expect(await until('a greeting', () => greeting(nodeIP, 8123).catch(() => undefined))).toBe(`I am ${one.status?.podIP}`)
    }
    const { items } = await client.list(types.pods, { namespace, labelSelector: 'app=h' })
    const left = items.find(one => one.spec?.nodeName === undefined)
    const why = "0/2 nodes are available: 2 node(s) didn't have free ports for the requested pod ports."
    await until('the reason', async () => {
      const now = await client.get(types.pods, { namespace, name: left?.metadata.name ?? '' })
      return now.status?.conditions?.some(condition => condition.reason === 'Unschedulable' && condition.message === why)
    })
    expect(await eventsOf(client, left?.metadata.name ?? '', 'FailedScheduling')).toHaveLength(1)
    await client.delete(types.pods, { namespace, name: placed[0]?.metadata.name ?? '' })
    await until('its turn', async () => (await client.get(types.pods, { namespace, name: left?.metadata.name ?? '' })).spec?.nodeName)
  })

  it('goes on where it was after a restart, with stores that are filled already', async () => {
    const before = await client.list(types.services, { namespace })
    await controllers[Symbol.asyncDispose]()
    expect(
      await greeting(plan.loadBalancerIP(0), 600).then(
        () => 'open',
        () => 'closed',
      ),
    ).toBe('closed')
    const cache = stack.use(new Cache({ client }))
    cache.store(types.pods)
    cache.store(types.services)
    await cache.whenSynced()
    controllers = stack.use(await startControllers({ client, plan, cache, dialer: directDialer, rootCA: 'PEM' }))
    await until('a listener', async () =>
      controllers.listeners().some(({ listener }) => listener.ip === plan.loadBalancerIP(0) && listener.port === 600),
    )
    const after = await client.list(types.services, { namespace })
    expect(after.items.map(service => [service.metadata.name, service.metadata.resourceVersion])).toEqual(
      before.items.map(service => [service.metadata.name, service.metadata.resourceVersion]),
    )
  })

  it('lists what it listens on', () => {
    expect(controllers.listeners().some(({ listener }) => listener.ip === plan.loadBalancerIP(0) && listener.protocol === 'UDP')).toBe(true)
    expect(controllers.listeners().filter(({ failure }) => failure !== undefined && failure.code !== 'HELD')).toEqual([])
  })
})
