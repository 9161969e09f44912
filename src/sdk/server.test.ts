import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import AgonesSDK from '@google-cloud/agones-sdk'
import { credentials, loadPackageDefinition } from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '../kube/clock.ts'
import { noopLogger } from '../kube/logger.ts'
import { MemorySource } from './memory-source.ts'
import { Sdk } from './sdk.ts'
import { type SdkServer, serveSdk } from './server.ts'

const health = { disabled: false, periodSeconds: 5, failureThreshold: 3, initialDelaySeconds: 5 }
let source: MemorySource
let sdk: Sdk
let server: SdkServer

beforeEach(async () => {
  source = new MemorySource({
    apiVersion: 'agones.dev/v1',
    kind: 'GameServer',
    metadata: { name: 'g', namespace: 'n', uid: 'u', resourceVersion: '7', generation: 3, creationTimestamp: '2026-01-01T00:00:00Z' },
    spec: { template: {}, health },
    status: {
      state: 'Scheduled',
      address: '192.0.2.1',
      addresses: [{ type: 'PodIP', address: '10.0.0.1' }],
      ports: [{ name: 'default', port: 7001 }],
      counters: { rooms: { count: 1, capacity: 10 } },
      lists: { players: { capacity: 3, values: ['a'] } },
    },
  })
  sdk = new Sdk({ source, clock: systemClock, logger: noopLogger, health, rateLimitMs: 10 })
  server = await serveSdk({ sdk, address: '127.0.0.1', grpcPort: 0, httpPort: 0, healthPort: 0 })
})
afterEach(async () => {
  await server[Symbol.asyncDispose]()
  sdk[Symbol.dispose]()
})

const rest = async (method: string, path: string, body?: unknown) => {
  const answer = await fetch(`http://127.0.0.1:${server.ports.http}${path}`, {
    method,
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  return { status: answer.status, body: (await answer.json()) as unknown }
}

describe('REST', () => {
  it('tells of the server as Agones does', async () => {
    expect(await rest('GET', '/gameserver')).toEqual({
      status: 200,
      body: {
        object_meta: {
          name: 'g',
          namespace: 'n',
          uid: 'u',
          resource_version: '7',
          generation: '3',
          creation_timestamp: '1767225600',
          deletion_timestamp: '0',
          annotations: {},
          labels: {},
        },
        spec: { health: { disabled: false, period_seconds: 5, failure_threshold: 3, initial_delay_seconds: 5 } },
        status: {
          state: 'Scheduled',
          address: '192.0.2.1',
          addresses: [{ type: 'PodIP', address: '10.0.0.1' }],
          ports: [{ name: 'default', port: 7001 }],
          players: null,
          counters: { rooms: { count: '1', capacity: '10' } },
          lists: { players: { capacity: '3', values: ['a'] } },
        },
      },
    })
  })

  it.each<[string, string, unknown, () => unknown, unknown]>([
    ['POST', '/ready', {}, () => source.current().status?.state, 'RequestReady'],
    ['POST', '/allocate', '', () => source.current().status?.state, 'Allocated'],
    ['POST', '/shutdown', {}, () => source.current().status?.state, 'Shutdown'],
    ['POST', '/reserve', { seconds: '5' }, () => source.current().status?.state, 'Reserved'],
    ['PUT', '/metadata/label', { key: 'a', value: 'b' }, () => source.current().metadata.labels, { 'agones.dev/sdk-a': 'b' }],
    ['PUT', '/metadata/annotation', { key: 'a', value: 'b c' }, () => source.current().metadata.annotations, { 'agones.dev/sdk-a': 'b c' }],
  ])('%s %s', async (method, path, body, look, expected) => {
    expect(await rest(method, path, body)).toEqual({ status: 200, body: {} })
    await sdk.whenIdle()
    expect(look()).toEqual(expected)
  })

  it('counts and lists, and refuses in the words of Agones', async () => {
    expect(await rest('PATCH', '/v1beta1/counters/rooms', { countDiff: '2' })).toEqual({
      status: 200,
      body: { name: 'rooms', count: '3', capacity: '10' },
    })
    expect((await rest('GET', '/v1beta1/counters/rooms')).body).toEqual({ name: 'rooms', count: '3', capacity: '10' })
    expect(await rest('PATCH', '/v1beta1/counters/rooms', { countDiff: '9' })).toMatchObject({
      status: 500,
      body: { code: 2, message: 'out of range. Count must be within range [0,Capacity]. Found Count: 12, Capacity: 10' },
    })
    expect((await rest('POST', '/v1beta1/lists/players:addValue', { value: 'b' })).body).toMatchObject({ values: ['a', 'b'] })
    expect((await rest('POST', '/v1beta1/lists/players:removeValue', { value: 'a' })).body).toMatchObject({ values: ['b'] })
    expect((await rest('PATCH', '/v1beta1/lists/players', { capacity: '9' })).body).toMatchObject({ capacity: '9', values: ['b'] })
    expect((await rest('GET', '/v1beta1/lists/none')).body).toMatchObject({ code: 2, message: 'list not found: none' })
  })

  it('takes one ping for every document, and none without', async () => {
    expect((await rest('POST', '/health', '{}')).status).toBe(200)
    expect((await rest('POST', '/health', '{}\n{}')).status).toBe(200)
    expect((await rest('POST', '/health')).status).toBe(400)
  })

  it('says what is wrong with a request', async () => {
    expect(await rest('PUT', '/metadata/label', { key: 'a b', value: 'c' })).toMatchObject({ status: 400, body: { code: 3 } })
    expect((await rest('POST', '/ready', '{')).status).toBe(400)
    expect((await rest('GET', '/nowhere')).status).toBe(404)
    expect((await rest('GET', '/ready')).status).toBe(501)
  })

  it('streams changes, a line each', async () => {
    const answer = await fetch(`http://127.0.0.1:${server.ports.http}/watch/gameserver`)
    const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader()
    const next = async () =>
      (JSON.parse((await reader?.read())?.value ?? '{}') as { result?: { status?: { state?: string } } }).result?.status?.state
    expect(await next()).toBe('Scheduled')
    source.change({ status: { state: 'Allocated' } })
    expect(await next()).toBe('Allocated')
    await reader?.cancel()
  })
})

describe('kubelet', () => {
  it('hears how sidecar and game are', async () => {
    const ask = async (path: string) => (await fetch(`http://127.0.0.1:${server.ports.health}${path}`)).status
    expect([await ask('/healthz'), await ask('/gshealthz'), await ask('/x')]).toEqual([200, 200, 404])
  })
})

describe('gRPC', () => {
  it('serves the official SDK', async () => {
    process.env['AGONES_SDK_GRPC_PORT'] = String(server.ports.grpc)
    const client = new AgonesSDK()
    try {
      await client.connect()
      const changes: string[] = []
      client.watchGameServer(
        seen => void changes.push(seen.status.state),
        () => undefined,
      )
      await client.ready()
      client.health()
      await client.setLabel('map', 'desert')
      await sdk.whenIdle()
      const { objectMeta, status } = await client.getGameServer()
      expect([objectMeta.name, status.state, status.portsList]).toEqual(['g', 'RequestReady', [{ name: 'default', port: 7001 }]])
      expect(source.current().metadata.labels).toEqual({ 'agones.dev/sdk-map': 'desert' })
      await expect.poll(() => changes).toContain('RequestReady')
      await client.reserve(10)
      await client.allocate()
      await client.shutdown()
      await sdk.whenIdle()
      expect(source.current().status?.state).toBe('Shutdown')
    } finally {
      client.close()
      delete process.env['AGONES_SDK_GRPC_PORT']
    }
  })

  it('serves clients made from the protocol definition, with errors in the words of Agones', async () => {
    const folder = join(dirname(import.meta.filename), 'protocol')
    const definition = loadSync(['sdk.proto', 'alpha.proto', 'beta.proto'], { includeDirs: [folder], keepCase: true, longs: Number })
    const packages = loadPackageDefinition(definition) as never as {
      agones: { dev: { sdk: { beta: { SDK: Service }; alpha: { SDK: Service } } } }
    }
    type Service = new (
      address: string,
      how: unknown,
    ) => Record<string, (request: unknown, done: (error: unknown, answer: unknown) => void) => void> & {
      close(): void
    }
    const { beta, alpha } = packages.agones.dev.sdk
    for (const [Client, method, request, expected] of [
      [
        beta.SDK,
        'UpdateCounter',
        { counterUpdateRequest: { name: 'rooms', count: { value: 4 } } },
        { name: 'rooms', count: 4, capacity: 10 },
      ],
      [beta.SDK, 'GetCounter', { name: 'x' }, '2 UNKNOWN: counter not found: x'],
      [
        beta.SDK,
        'UpdateList',
        { list: { name: 'players', values: ['z'] }, update_mask: { paths: ['values'] } },
        { name: 'players', capacity: 3, values: ['z'] },
      ],
      [alpha.SDK, 'GetPlayerCount', {}, '2 UNKNOWN: PlayerTracking not enabled'],
    ] as const) {
      const client = new Client(`127.0.0.1:${server.ports.grpc}`, credentials.createInsecure())
      const answer = await new Promise(resolve =>
        client[method]?.(request, (error, value) => resolve(error instanceof Error ? error.message : { ...(value as object) })),
      )
      expect(answer).toEqual(expected)
      client.close()
    }
  })
})

it('nobody who comes while it opens its ports is left without an answer', async () => {
  for (let round = 0; round < 10; round += 1) {
    const [grpcPort, httpPort] = [await freePort(), await freePort()]
    const started = serveSdk({ sdk, address: 'localhost', grpcPort, httpPort, healthPort: 0 })
    let isStarted = false
    void started.then(() => (isStarted = true))
    const early: Socket[] = []
    while (!isStarted) {
      const socket = connect(grpcPort, 'localhost')
      socket.on('error', () => undefined)
      socket.once('connect', () => early.push(socket))
      await new Promise(resolve => setImmediate(resolve))
    }
    await using _server = await started
    // Who speaks HTTP/2 is greeted; who came too early is sent away, and comes again.
    const outcomes = early.map(socket => Promise.race([once(socket, 'data'), once(socket, 'close')]))
    for (const socket of early) socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0')
    await Promise.race([Promise.all(outcomes), sleep(2000).then(() => Promise.reject(new Error('somebody is left waiting')))])
    for (const socket of early) socket.destroy()
  }
})

async function freePort(): Promise<number> {
  const taken = createServer().listen(0, 'localhost')
  await once(taken, 'listening')
  const { port } = taken.address() as AddressInfo
  taken.close()
  await once(taken, 'close')
  return port
}
