import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { fixedCredential } from './credentials.ts'
import { FakeClock } from './fake-clock.ts'
import type { ResourceType } from './resource.ts'
import { RestClient } from './rest-client.ts'
import { startStopwatch } from './stopwatch.ts'
import { UndiciTransport } from './undici-transport.ts'
import { FencedError, WriteFence } from './write-fence.ts'

const configmaps: ResourceType = { group: '', version: 'v1', plural: 'configmaps', kind: 'ConfigMap', namespaced: true }
const ref = { namespace: 'n', name: 'a' }
const object = { metadata: ref }

describe('a fenced client over HTTP', () => {
  let server: Server
  let client: RestClient
  let clock: FakeClock
  let fence: WriteFence
  let seen: string[]
  /** What the server does with a request; default: answers. */
  let onRequest: ((answer: () => void) => void) | undefined

  beforeEach(async () => {
    seen = []
    onRequest = undefined
    server = createServer((request, response) => {
      seen.push(request.method ?? '')
      const answer = (): void => void response.writeHead(200, { 'content-type': 'application/json' }).end('{"metadata":{}}')
      request.resume().on('end', () => (onRequest === undefined ? answer() : onRequest(answer)))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    clock = new FakeClock()
    fence = new WriteFence(clock)
    fence.extend(startStopwatch(clock), 3000)
    const transport = new UndiciTransport({
      server: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      insecureSkipTlsVerify: false,
      namespace: 'default',
      credentials: fixedCredential({ headers: {} }),
      context: 'test',
    })
    client = new RestClient({ transport, fence })
  })
  afterEach(async () => {
    await client[Symbol.asyncDispose]()
    server.closeAllConnections()
    await new Promise(resolve => server.close(resolve))
  })

  test('writes while the fence is open, and reads always', async () => {
    await client.patch(configmaps, ref, {}, { type: 'merge' })
    fence.close('lost')
    await client.get(configmaps, ref)
    expect(seen).toEqual(['PATCH', 'GET'])
  })

  test.each([
    ['POST', () => client.create(configmaps, object)],
    ['PUT', () => client.update(configmaps, object as never)],
    ['PATCH', () => client.patch(configmaps, ref, {}, { type: 'merge' })],
    ['DELETE', () => client.delete(configmaps, ref)],
    ['DELETE of many', () => client.deleteCollection(configmaps, { namespace: 'n' })],
    ['POST to a subresource', () => client.createSubresource(configmaps, ref, 'eviction', {})],
    ['exec', () => client.exec(ref, { command: ['true'] })],
  ])('sends no %s once the time is over, though no timer has fired', async (_, write) => {
    clock.stall(3000)
    await expect(write()).rejects.toThrow(FencedError)
    expect(seen).toEqual([])
  })

  test('what waits for a connection when the fence closes is not sent', async () => {
    const writes = Array.from({ length: 20 }, () => client.create(configmaps, object))
    // All have passed the first check and stand in the queue of a connection that is being made.
    clock.stall(3000)
    const outcomes = await Promise.allSettled(writes)
    expect(outcomes.every(outcome => outcome.status === 'rejected' && outcome.reason instanceof FencedError)).toBe(true)
    expect(seen).toEqual([])
  })

  test('what is on its way is given up when the timer fires', async () => {
    const arrived = Promise.withResolvers<() => void>()
    onRequest = arrived.resolve
    const closed = once(server, 'connection').then(([socket]) => once(socket as Socket, 'close'))
    const write = client.create(configmaps, object)
    const refused = expect(write).rejects.toThrow(FencedError)
    await arrived.promise
    await clock.advance(3000)
    await refused
    await closed
  })
})
