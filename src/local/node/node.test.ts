import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Cache } from '../../kube/cache.ts'
import type { EventRecorder } from '../../kube/event-recorder.ts'
import { RestClient } from '../../kube/rest-client.ts'
import { configmaps, nodes, pods, serviceaccounts } from '../../apis/core/resources.generated.ts'
import type { PodSpec } from '../../apis/core/types.generated.ts'
import { createApiServer, type ApiServer } from '../apiserver/server.ts'
import { hostPlan } from '../host-plan.ts'
import { FakeRuntime } from './fake-runtime.ts'
import { createNode, type Node } from './node.ts'
import type { PodObject } from './pods/container-state.ts'
import { retireNodes } from './retire-nodes.ts'
import type { LogQuery } from './streams.ts'

const namespace = 'default'
const plan = hostPlan(0)
const query: LogQuery = { follow: false, previous: false, timestamps: false }
const never = new AbortController().signal

let api: ApiServer
let client: RestClient
let cache: Cache
let runtime: FakeRuntime
let stateDir: string
let node: Node
let events: string[]
let statusWrites: number

const recorder: EventRecorder = {
  event: (_subject, type, reason, message) => void events.push(`${type} ${reason}: ${message}`),
  [Symbol.asyncDispose]: () => Promise.resolve(),
}

function startNode(): Promise<Node> {
  return createNode({
    client,
    cache,
    name: 'n0',
    plan,
    index: 0,
    runtime,
    images: runtime,
    stateDir,
    apiServer: { url: 'https://10.192.0.1:443', ca: 'CA' },
    recorder,
    backOff: { baseMs: 30, maxMs: 60, resetMs: 600_000 },
    shutdownGraceMs: 50,
  })
}

beforeEach(async () => {
  events = []
  statusWrites = 0
  api = await createApiServer({
    plan,
    onRequest: ({ verb, subresource, code }) => {
      if (verb.toUpperCase() === 'PATCH' && subresource === 'status' && code === 200) statusWrites += 1
    },
  })
  client = new RestClient({ transport: api.transport() })
  cache = new Cache({ client })
  runtime = new FakeRuntime()
  stateDir = await mkdtemp(join(tmpdir(), 'node-'))
  await client.create(serviceaccounts, { metadata: { name: 'default', namespace } })
  node = await startNode()
  statusWrites = 0
})

afterEach(async () => {
  await node[Symbol.asyncDispose]()
  await cache[Symbol.asyncDispose]()
  await client[Symbol.asyncDispose]()
  await api[Symbol.asyncDispose]()
  await rm(stateDir, { recursive: true, force: true })
})

function create(spec: Partial<PodSpec>, annotations: Record<string, string> = {}) {
  return client.create(pods, {
    metadata: { name: 'p', namespace, annotations },
    spec: { nodeName: 'n0', containers: [{ name: 'main', image: 'm:1' }], ...spec },
  })
}

/** Waits until the stored pod satisfies the condition, and gives it. */
async function until(holds: (pod: PodObject) => boolean): Promise<PodObject> {
  return (await untilStored(pod => pod !== undefined && holds(pod))) as PodObject
}

async function untilStored(holds: (pod: PodObject | undefined) => boolean): Promise<PodObject | undefined> {
  const found = Promise.withResolvers<PodObject | undefined>()
  const store = cache.store(pods)
  const look = (): void => {
    const pod = store.get(`${namespace}/p`)
    if (holds(pod)) found.resolve(pod)
  }
  using _subscription = store.subscribe({ added: look, updated: look, deleted: look })
  look()
  const timeout = setTimeout(() => found.reject(new Error(`waited in vain: ${JSON.stringify(store.get(`${namespace}/p`)?.status)}`)), 4_000)
  return await found.promise.finally(() => clearTimeout(timeout))
}

const isReady = (pod: PodObject): boolean =>
  pod.status?.conditions?.some(condition => condition.type === 'Ready' && condition.status === 'True') === true
const statusOf = (pod: PodObject, name: string) =>
  [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])].find(status => status.name === name)
const patch = (body: unknown) => client.patch(pods, { namespace, name: 'p' }, body, { type: 'strategic' })

async function text(stream: unknown): Promise<string> {
  let result = ''
  for await (const chunk of stream as AsyncIterable<Uint8Array>) result += Buffer.from(chunk).toString()
  return result
}

test('the node shows its addresses, capacity and isolation', async () => {
  const object = await client.get(nodes, { name: 'n0' })
  expect(object.status?.addresses).toContainEqual({ type: 'ExternalIP', address: plan.nodeIP(0) })
  expect(object.metadata.labels?.['kubernetes.io/hostname']).toBe('n0')
  expect(object.metadata.annotations?.['berth.dev/isolation']).toBe('loopback')
  expect(object.status?.conditions?.find(condition => condition.type === 'Ready')?.status).toBe('True')
})

test('a pod starts in order and becomes Ready with one write', async () => {
  await create({
    initContainers: [
      { name: 'setup', image: 'i:1' },
      { name: 'side', image: 's:1', restartPolicy: 'Always' },
    ],
  }).then(() => runtime.exitCodes.set('setup', 0))
  const pod = await until(isReady)
  expect(runtime.log).toEqual(['sandbox p', 'start setup', 'start side', 'start main'])
  expect(pod.status).toMatchObject({ phase: 'Running', podIP: '127.100.0.1', hostIP: plan.nodeIP(0) })
  expect(statusOf(pod, 'main')).toMatchObject({ ready: true, started: true, restartCount: 0, imageID: 'sha256:m:1' })
  expect(statusWrites).toBe(1)
  expect(events).toContain('Normal Started: Started container main')
  expect(runtime.current('main').spec.env).toMatchObject({ KUBERNETES_SERVICE_HOST: '10.192.0.1', HOSTNAME: 'p' })
})

test('a new image restarts that container alone', async () => {
  await create({
    containers: [
      { name: 'main', image: 'm:1' },
      { name: 'helper', image: 'h:1' },
    ],
  })
  const before = await until(isReady)
  await patch({ spec: { containers: [{ name: 'helper', image: 'h:2' }] } })
  const after = await until(pod => isReady(pod) && statusOf(pod, 'helper')?.imageID === 'sha256:h:2')
  expect(statusOf(after, 'helper')).toMatchObject({
    restartCount: 1,
    image: 'h:2',
    lastState: { terminated: { exitCode: 0, reason: 'Completed' } },
  })
  expect(statusOf(after, 'main')).toEqual(statusOf(before, 'main'))
  expect(after.status?.podIP).toBe(before.status?.podIP)
  expect(runtime.log.filter(entry => entry === 'start main')).toHaveLength(1)
})

test('an image that is not there stops the container, says how to add it, and can be corrected', async () => {
  runtime.unknownImages.add('m:9')
  await create({})
  await until(isReady)
  await patch({ spec: { containers: [{ name: 'main', image: 'm:9' }] } })
  const waiting = await until(pod => statusOf(pod, 'main')?.state?.waiting?.reason === 'ErrImagePull')
  expect(statusOf(waiting, 'main')).toMatchObject({
    state: { waiting: { message: 'add m:9 to the catalogue' } },
    image: 'm:1',
    restartCount: 0,
    ready: false,
  })
  await until(pod => statusOf(pod, 'main')?.state?.waiting?.reason === 'ImagePullBackOff')
  await patch({ spec: { containers: [{ name: 'main', image: 'm:2' }] } })
  expect(statusOf(await until(isReady), 'main')).toMatchObject({ image: 'm:2', restartCount: 1 })
})

test('a crashing container restarts at once, then waits', async () => {
  runtime.exitCodes.set('main', 3)
  await create({})
  const held = await until(pod => statusOf(pod, 'main')?.state?.waiting?.reason === 'CrashLoopBackOff')
  expect(statusOf(held, 'main')).toMatchObject({ restartCount: 1, lastState: { terminated: { exitCode: 3, reason: 'Error' } } })
  await until(pod => (statusOf(pod, 'main')?.restartCount ?? 0) >= 3)
  expect(
    events.some(event => event.startsWith('Warning BackOff: Back-off restarting') || event.includes('restarting failed container=main')),
  ).toBe(true)
})

test('a program that does not exist is a failed start', async () => {
  await create({ containers: [{ name: 'main', image: 'm:1', command: ['/missing'] }], restartPolicy: 'Never' })
  const pod = await until(({ status }) => status?.phase === 'Failed')
  expect(statusOf(pod, 'main')?.state?.terminated).toMatchObject({
    exitCode: 128,
    reason: 'StartError',
    message: 'exec: "/missing": no such file or directory',
  })
})

test('a pod that never restarts ends', async () => {
  runtime.exitCodes.set('main', 0)
  await create({ restartPolicy: 'Never' })
  const pod = await until(({ status }) => status?.phase === 'Succeeded')
  expect(pod.status?.conditions?.find(condition => condition.type === 'Ready')).toMatchObject({ status: 'False', reason: 'PodCompleted' })
  expect(runtime.log.at(-1)).toBe('removed p')
})

test('a missing ConfigMap holds the container until it is there', async () => {
  await create({ containers: [{ name: 'main', image: 'm:1', envFrom: [{ configMapRef: { name: 'settings' } }] }] })
  const waiting = await until(pod => statusOf(pod, 'main')?.state?.waiting?.reason === 'CreateContainerConfigError')
  expect(statusOf(waiting, 'main')?.state?.waiting?.message).toBe('configmap "settings" not found')
  await client.create(configmaps, { metadata: { name: 'settings', namespace }, data: { MODE: 'fast' } })
  await until(isReady)
  expect(runtime.current('main').spec.env['MODE']).toBe('fast')
})

test('readiness follows the gates that others set, and leaves their conditions alone', async () => {
  await create({ readinessGates: [{ conditionType: 'InPlaceUpdateReady' }] })
  await until(pod => pod.status?.phase === 'Running')
  const gate = (status: string) =>
    client.patch(
      pods,
      { namespace, name: 'p' },
      { status: { conditions: [{ type: 'InPlaceUpdateReady', status }] } },
      { type: 'strategic', subresource: 'status' },
    )
  await gate('True')
  await until(isReady)
  await gate('False')
  const pod = await until(candidate => !isReady(candidate))
  expect(pod.status?.conditions?.find(condition => condition.type === 'InPlaceUpdateReady')?.status).toBe('False')
})

test('annotation files follow the pod', async () => {
  const volumes = [{ name: 'info', downwardAPI: { items: [{ path: 'net', fieldRef: { fieldPath: `metadata.annotations['net']` } }] } }]
  await create(
    { volumes, containers: [{ name: 'main', image: 'm:1', volumeMounts: [{ name: 'info', mountPath: '/info' }] }] },
    { net: 'one' },
  )
  await until(isReady)
  const file = join(runtime.current('main').spec.mounts.find(mount => mount.mountPath === '/info')?.hostPath ?? '', 'net')
  expect(await readFile(file, 'utf8')).toBe('one')
  await patch({ metadata: { annotations: { net: 'two' } } })
  await expect.poll(() => readFile(file, 'utf8'), { timeout: 1_000, interval: 5 }).toBe('two')
})

test('a deleted pod is stopped in order and its object removed', async () => {
  await create({
    terminationGracePeriodSeconds: 5,
    initContainers: [{ name: 'side', image: 's:1', restartPolicy: 'Always' }],
    containers: [{ name: 'main', image: 'm:1', lifecycle: { preStop: { exec: { command: ['save'] } } } }],
  })
  await until(isReady)
  runtime.log.length = 0
  await client.delete(pods, { namespace, name: 'p' })
  await untilStored(pod => pod === undefined)
  expect(runtime.log.filter(entry => !entry.startsWith('SIGKILL'))).toEqual([
    'exec main: save',
    'SIGTERM main',
    'SIGTERM side',
    'removed p',
  ])
})

test('a container that ignores the stop signal is killed after the grace period', async () => {
  runtime.stubborn.add('main')
  await create({ terminationGracePeriodSeconds: 1 })
  await until(isReady)
  const since = Date.now()
  await client.delete(pods, { namespace, name: 'p' })
  await untilStored(pod => pod === undefined)
  expect(Date.now() - since).toBeGreaterThanOrEqual(900)
  expect(runtime.log).toContain('SIGKILL main')
})

test('a pod that is deleted while it starts leaves nothing', async () => {
  runtime.startMs = 100
  await create({})
  await expect.poll(() => runtime.log, { timeout: 1_000, interval: 2 }).toContain('sandbox p')
  await client.delete(pods, { namespace, name: 'p' })
  await untilStored(pod => pod === undefined)
  expect(runtime.log).toEqual(['sandbox p', 'removed p'])
})

test('after a restart of the node its pods are started again in place', async () => {
  await create({})
  const before = await until(isReady)
  await node[Symbol.asyncDispose]()
  expect(runtime.log).toContain('SIGTERM main')
  node = await startNode()
  const after = await until(pod => isReady(pod) && statusOf(pod, 'main')?.restartCount === 1)
  expect(after.metadata.uid).toBe(before.metadata.uid)
  expect(statusOf(after, 'main')?.lastState?.terminated?.reason).toBe('Unknown')
})

test('nodes of an earlier run that do not come back go, with their pods', async () => {
  await create({})
  await until(isReady)
  await node[Symbol.asyncDispose]()
  await retireNodes(client, ['n0'])
  expect((await client.list(nodes)).items).toHaveLength(1)
  await retireNodes(client, ['n1'])
  expect((await client.list(nodes)).items).toHaveLength(0)
  await untilStored(pod => pod === undefined)
})

test('a failed liveness probe restarts the container', async () => {
  runtime.execExitCodes.set('check', 1)
  await create({
    containers: [{ name: 'main', image: 'm:1', livenessProbe: { exec: { command: ['check'] }, periodSeconds: 1, failureThreshold: 1 } }],
  })
  await until(pod => statusOf(pod, 'main')?.restartCount === 1)
  expect(events).toContain('Warning Unhealthy: Liveness probe failed: check')
  expect(events).toContain('Normal Killing: Container main failed liveness probe, will be restarted')
})

test('a container is not Ready before its readiness probe succeeds', async () => {
  runtime.execExitCodes.set('check', 1)
  await create({ containers: [{ name: 'main', image: 'm:1', readinessProbe: { exec: { command: ['check'] }, periodSeconds: 1 } }] })
  const running = await until(pod => pod.status?.phase === 'Running')
  expect(isReady(running)).toBe(false)
  runtime.execExitCodes.delete('check')
  await until(isReady)
})

test('a failing postStart hook ends the container', async () => {
  runtime.execExitCodes.set('hook', 1)
  await create({ containers: [{ name: 'main', image: 'm:1', lifecycle: { postStart: { exec: { command: ['hook'] } } } }] })
  await until(pod => (statusOf(pod, 'main')?.restartCount ?? 0) >= 1)
  expect(events.some(event => event.startsWith('Warning FailedPostStartHook'))).toBe(true)
})

test('logs of this run and of the one before', async () => {
  await create({})
  await until(isReady)
  await runtime.current('main').say('first')
  runtime.current('main').end(1)
  await until(pod => isReady(pod) && statusOf(pod, 'main')?.restartCount === 1)
  await runtime.current('main').say('second')
  const ref = { namespace, pod: 'p' }
  expect(await text(await node.streams.logs(ref, query, never))).toBe('second\n')
  expect(await text(await node.streams.logs(ref, { ...query, previous: true }, never))).toBe('first\n')
  const followed = node.streams.logs(ref, { ...query, follow: true }, never).then(text)
  await runtime.current('main').say('third')
  runtime.current('main').end(0)
  expect(await followed).toBe('second\nthird\n')
})

test('streams say why they cannot', async () => {
  runtime.unknownImages.add('m:1')
  const ref = { namespace, pod: 'p' }
  expect(await node.streams.logs(ref, query, never)).toMatchObject({ refused: true, status: 404 })
  await create({})
  await until(pod => statusOf(pod, 'main')?.state?.waiting?.reason === 'ErrImagePull')
  expect(await node.streams.logs(ref, query, never)).toMatchObject({
    status: 400,
    message: expect.stringContaining('is waiting to start') as string,
  })
  expect(await node.streams.exec({ ...ref, container: 'nope' }, { command: ['x'], stdin: false, tty: false }, never)).toMatchObject({
    status: 400,
  })
})

test('commands run in the default container', async () => {
  await create(
    {
      containers: [
        { name: 'helper', image: 'h:1' },
        { name: 'main', image: 'm:1' },
      ],
    },
    { 'kubectl.kubernetes.io/default-container': 'main' },
  )
  await until(isReady)
  const session = await node.streams.exec({ namespace, pod: 'p' }, { command: ['reload'], stdin: false, tty: false }, never)
  if ('refused' in session) throw new Error(session.message)
  expect(await text(session.stdout)).toBe('reload')
  expect(runtime.log).toContain('exec main: reload')
})
