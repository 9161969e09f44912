import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as types from '../../apis/core/resources.generated.ts'
import type { Deployment, Event, Pod, Service } from '../../apis/core/types.generated.ts'
import { Cache } from '../../kube/cache.ts'
import type { Client } from '../../kube/client.ts'
import type { DeepReadonly, New } from '../../kube/object.ts'
import { RestClient } from '../../kube/rest-client.ts'
import { type ApiServer, createApiServer } from '../apiserver/server.ts'
import { directDialer } from '../node/runtime/direct-dialer.ts'
import { hostPlan } from '../host-plan.ts'
import { type Controllers, startControllers } from './controller-manager.ts'
import { createPodGarbageCollector } from './pod-garbage.ts'

const plan = hostPlan(57)
const namespace = 'default'
const stack = new AsyncDisposableStack()
let server: ApiServer
let client: Client
let controllers: Controllers

const until = async <T>(what: string, look: () => Promise<T | undefined | false>): Promise<T> => {
  const end = Date.now() + 4000
  for (;;) {
    const found = await look()
    if (found !== undefined && found !== false) return found
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`)
    await new Promise(resolve => setTimeout(resolve, 5))
  }
}

/** Runs pods as a kubelet would, but for the processes: addresses, readiness, removal. */
function kubelet(): void {
  const cache = stack.use(new Cache({ client }))
  let next = 0
  const run = async (pod: DeepReadonly<Pod>): Promise<void> => {
    const { name, uid } = pod.metadata
    if (pod.metadata.deletionTimestamp !== undefined) await client.delete(types.pods, { namespace, name }, { gracePeriodSeconds: 0 })
    else if (pod.spec?.nodeName !== undefined && pod.status?.podIP === undefined) {
      const podIP = plan.loopbackPodIP(next++)
      const conditions = [
        { type: 'Ready', status: pod.metadata.labels?.['ready'] === 'no' ? 'False' : 'True', lastTransitionTime: '2026-01-01T00:00:00Z' },
      ]
      const patch = { metadata: { uid }, status: { phase: 'Running', podIP, podIPs: [{ ip: podIP }], conditions } }
      await client.patch(types.pods, { namespace, name }, patch, { type: 'strategic', subresource: 'status' })
    }
  }
  const look = (pod: DeepReadonly<Pod>): void => void run(pod).catch(() => {})
  cache.store(types.pods).subscribe({ added: look, updated: look })
}

const pod = (name: string, labels: Record<string, string> = {}, ports: { containerPort: number; hostPort?: number }[] = []): New<Pod> => ({
  metadata: { name, namespace, labels },
  spec: { containers: [{ name: 'game', image: 'x', ports, resources: { requests: { cpu: '100m' } } }] },
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
const eventsOf = async (name: string, reason: string): Promise<DeepReadonly<Event>[]> =>
  (await client.list(types.events, { namespace })).items.filter(event => event.involvedObject.name === name && event.reason === reason)

const someEvents = async (name: string) => {
  const events = await eventsOf(name, 'SyncLoadBalancerFailed')
  return events.length > 0 && events
}

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

beforeAll(async () => {
  server = stack.use(await createApiServer({ plan }))
  client = new RestClient({ transport: server.transport() })
  for (const [index, name] of ['node-1', 'node-2'].entries()) {
    const addresses = [{ type: 'InternalIP', address: plan.nodeIP(index) }]
    await client.create(types.nodes, { metadata: { name, labels: { 'kubernetes.io/hostname': name } }, spec: {} })
    const status = { allocatable: { cpu: '4', memory: '8Gi', pods: '110' }, addresses, conditions: [{ type: 'Ready', status: 'True' }] }
    await client.patch(types.nodes, { name }, { status }, { type: 'merge', subresource: 'status' })
  }
  controllers = stack.use(
    await startControllers({
      client,
      plan,
      dialer: directDialer,
      rootCA: 'PEM',
      clouds: { loadBalancers: { volcengine: ['clb-1'] }, delayMs: 5 },
    }),
  )
  kubelet()
})

afterAll(() => stack.disposeAsync())

describe('the controllers of the embedded cluster, together', () => {
  it('schedules pods, gives a Service an address by one write, and forwards to the pod', async () => {
    await client.create(types.services, loadBalancer('room-0', { name: 'room-0' }, 551, { [clbId]: 'clb-1' }))
    const created = await client.create(types.pods, pod('room-0', { name: 'room-0' }))
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
    const written = await client.get(types.endpoints, { namespace, name: 'room-0' })
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
    const [conflict] = await until('an event', () => someEvents('two'))
    expect(conflict?.message).toContain('port 600/TCP of CLB clb-1 is used by Service default/one')
    const [unknown] = await until('an event', () => someEvents('lost'))
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
    const [event] = await until('an event', () => someEvents('blocked'))
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
      await client.create(types.pods, pod(name, { app: 'h' }, [{ containerPort: 9000, hostPort: 8123 }]))
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
    await until('an event', async () => (await eventsOf(left?.metadata.name ?? '', 'FailedScheduling')).length === 1)
    await client.delete(types.pods, { namespace, name: placed[0]?.metadata.name ?? '' })
    await until('its turn', async () => (await client.get(types.pods, { namespace, name: left?.metadata.name ?? '' })).spec?.nodeName)
  })

  it('gives namespaces their ServiceAccount and root certificate, again after they were deleted', async () => {
    await client.create(types.namespaces, { metadata: { name: 'games' } })
    const account = () => client.get(types.serviceaccounts, { namespace: 'games', name: 'default' }).catch(() => undefined)
    const before = await until('an account', account)
    await client.delete(types.serviceaccounts, { namespace: 'games', name: 'default' })
    await until('another account', async () => ((await account())?.metadata.uid ?? before.metadata.uid) !== before.metadata.uid)
    const map = await until('a certificate', () =>
      client.get(types.configmaps, { namespace: 'games', name: 'kube-root-ca.crt' }).catch(() => undefined),
    )
    expect(map.data).toEqual({ 'ca.crt': 'PEM' })
  })

  it('rolls a Deployment out, back, and stops when it is paused', async () => {
    const template = (version: string) => ({
      metadata: { labels: { app: 'web' } },
      spec: { containers: [{ name: 'web', image: `web:${version}` }] },
    })
    const deployment: New<Deployment> = {
      metadata: { name: 'web', namespace },
      spec: { replicas: 3, selector: { matchLabels: { app: 'web' } }, template: template('1') as never },
    }
    await client.create(types.deployments, deployment)
    const done = (revision: string) =>
      until(`revision ${revision}`, async () => {
        const now = await client.get(types.deployments, { namespace, name: 'web' })
        const { status, metadata } = now
        const complete = status?.updatedReplicas === 3 && status.replicas === 3 && status.availableReplicas === 3
        return complete &&
          metadata.annotations?.['deployment.kubernetes.io/revision'] === revision &&
          status.observedGeneration === metadata.generation
          ? now
          : undefined
      })
    const patch = (spec: unknown) => client.patch(types.deployments, { namespace, name: 'web' }, { spec }, { type: 'strategic' })
    const images = async (): Promise<(string | undefined)[]> =>
      (await client.list(types.pods, { namespace, labelSelector: 'app=web' })).items
        .filter(one => one.metadata.deletionTimestamp === undefined)
        .map(one => one.spec?.containers[0]?.image)
    const first = await done('1')
    expect(first.status?.conditions?.map(condition => [condition.type, condition.status, condition.reason])).toEqual([
      ['Available', 'True', 'MinimumReplicasAvailable'],
      ['Progressing', 'True', 'NewReplicaSetAvailable'],
    ])
    await patch({ template: template('2') })
    await done('2')
    expect(await images()).toEqual(['web:2', 'web:2', 'web:2'])
    await patch({ template: template('1') })
    await done('3')
    expect(await images()).toEqual(['web:1', 'web:1', 'web:1'])
    const sets = (await client.list(types.replicasets, { namespace })).items
    expect(new Set(sets.map(set => set.spec?.replicas))).toEqual(new Set([0, 3]))
    await patch({ paused: true, template: template('3'), replicas: 2 })
    await until('two pods', async () => (await images()).length === 2)
    expect(await images()).toEqual(['web:1', 'web:1'])
    await client.delete(types.deployments, { namespace, name: 'web' })
    await until('no pods', async () => (await images()).length === 0)
  })

  it('lets go of a pod that was relabelled, and replaces it; takes one over that fits', async () => {
    const labels = { app: 'solo' }
    const spec = {
      replicas: 1,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'x' }] } },
    }
    await client.create(types.pods, pod('adopted', labels))
    await client.create(types.replicasets, { metadata: { name: 'solo', namespace }, spec: spec as never })
    const owned = () => client.get(types.pods, { namespace, name: 'adopted' }).then(now => now.metadata.ownerReferences?.[0]?.name)
    await until('adoption', async () => (await owned()) === 'solo')
    await client.patch(types.pods, { namespace, name: 'adopted' }, { metadata: { labels: { app: 'debug' } } }, { type: 'merge' })
    await until('release', async () => (await owned()) === undefined)
    const [next] = await until('a new pod', async () => {
      const { items } = await client.list(types.pods, { namespace, labelSelector: 'app=solo' })
      return items.length === 1 && items
    })
    expect(next?.metadata.name).not.toBe('adopted')
    await client.delete(types.replicasets, { namespace, name: 'solo' })
  })

  it('evicts pods that do not tolerate a node any more', async () => {
    const taint = { key: 'maintenance', effect: 'NoExecute' as const }
    const tolerant = pod('tolerant')
    await client.create(types.pods, {
      ...tolerant,
      spec: { ...tolerant.spec, tolerations: [{ key: 'maintenance', operator: 'Exists' }] } as never,
    })
    await client.create(types.pods, pod('delicate'))
    const nodeOf = async (name: string) => (await client.get(types.pods, { namespace, name })).spec?.nodeName
    await until('places', async () => (await nodeOf('tolerant')) !== undefined && (await nodeOf('delicate')) !== undefined)
    for (const name of ['node-1', 'node-2']) await client.patch(types.nodes, { name }, { spec: { taints: [taint] } }, { type: 'merge' })
    await until('eviction', () =>
      client.get(types.pods, { namespace, name: 'delicate' }).then(
        () => undefined,
        () => true,
      ),
    )
    expect(await nodeOf('tolerant')).toBeDefined()
    await client.create(types.pods, pod('delicate'))
    await until('the reason', async () => {
      const { status } = await client.get(types.pods, { namespace, name: 'delicate' })
      return status?.conditions?.[0]?.message === '0/2 nodes are available: 2 node(s) had untolerated taint {maintenance: }.'
    })
    for (const name of ['node-1', 'node-2']) await client.patch(types.nodes, { name }, { spec: { taints: null } }, { type: 'merge' })
    await until('a place', () => nodeOf('delicate'))
  })

  it('gives up the pods of a node that does not exist', async () => {
    const cache = stack.use(new Cache({ client }))
    const collector = stack.use(
      createPodGarbageCollector({ client, pods: cache.store(types.pods), nodes: cache.store(types.nodes), patienceMs: 20 }),
    )
    await collector.start()
    const lost = pod('lost')
    await client.create(types.pods, { ...lost, spec: { ...lost.spec, nodeName: 'ghost' } as never })
    await until('its end', () =>
      client.get(types.pods, { namespace, name: 'lost' }).then(
        () => undefined,
        () => true,
      ),
    )
  })

  it('binds claims of the local class, and removes the volume with the claim', async () => {
    const claim = (name: string, storageClassName?: string) =>
      client.create(types.persistentvolumeclaims, {
        metadata: { name, namespace },
        spec: {
          accessModes: ['ReadWriteOnce'],
          resources: { requests: { storage: '2Gi' } },
          ...(storageClassName === undefined ? {} : { storageClassName }),
        },
      })
    await claim('world')
    await claim('foreign', 'fast-ssd')
    const bound = await until('a volume', async () => {
      const now = await client.get(types.persistentvolumeclaims, { namespace, name: 'world' })
      return now.status?.phase === 'Bound' && now
    })
    const name = bound.spec?.volumeName ?? ''
    expect((await client.get(types.persistentvolumes, { name })).spec).toMatchObject({
      capacity: { storage: '2Gi' },
      claimRef: { name: 'world' },
    })
    expect(await until('an event', async () => (await eventsOf('foreign', 'ProvisioningFailed'))[0]?.message)).toContain('"fast-ssd"')
    await client.delete(types.persistentvolumeclaims, { namespace, name: 'world' })
    await until('the end of the volume', () =>
      client.get(types.persistentvolumes, { name }).then(
        () => undefined,
        () => true,
      ),
    )
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
