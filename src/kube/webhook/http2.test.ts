import { once } from 'node:events'
import { type ClientHttp2Session, connect, type IncomingHttpHeaders } from 'node:http2'
import { json } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  createCertificateAuthority,
  createClientCertificate,
  createServingCertificate,
  type KeyAndCertificate,
} from '../tls/certificates.ts'
import { WebhookServer } from './webhook-server.ts'

const authority = createCertificateAuthority()
const proxies = createCertificateAuthority()
const ofProxy = createClientCertificate(proxies, 'front-proxy-client', [])

describe('an API behind the API server, over HTTP/2', () => {
  let server: WebhookServer
  let sessions: ClientHttp2Session[]
  let hold: PromiseWithResolvers<void> | undefined
  let gaveUp: number

  beforeEach(async () => {
    ;[sessions, hold, gaveUp] = [[], undefined, 0]
    server = await WebhookServer.start({
      host: '127.0.0.1',
      port: 0,
      certificate: createServingCertificate(authority, { names: ['hooks.default.svc'] }),
      handlers: new Map(),
      api: async ({ path, body }, signal) => {
        signal.addEventListener('abort', () => (gaveUp += 1))
        await hold?.promise
        return { status: 201, body: { path, body } }
      },
      drainMs: 200,
    })
    server.setFrontProxy({ ca: proxies.cert, names: ['front-proxy-client'] })
  })
  afterEach(async () => {
    for (const session of sessions) session.destroy()
    await server[Symbol.asyncDispose]()
  })

  function open(client: Partial<KeyAndCertificate> = ofProxy): ClientHttp2Session {
    const session = connect(`https://127.0.0.1:${server.port}`, { servername: 'hooks.default.svc', ca: authority.cert, ...client })
    session.on('error', () => {})
    sessions.push(session)
    return session
  }

  async function send(session: ClientHttp2Session, path: string): Promise<{ status: number; body: unknown }> {
    const stream = session.request({ ':method': 'POST', ':path': path, 'content-type': 'application/json' })
    stream.end('{}')
    const [[headers], body] = await Promise.all([once(stream, 'response') as Promise<[IncomingHttpHeaders]>, json(stream)])
    return { status: Number(headers[':status']), body }
  }

  it('answers many at a time on one connection', async () => {
    const session = open()
    const answers = await Promise.all(Array.from({ length: 200 }, (_, number) => send(session, `/apis/things/${number}`)))
    expect(answers.map(({ status, body }) => [status, body])).toEqual(
      Array.from({ length: 200 }, (_, number) => [201, { path: `/apis/things/${number}`, body: '{}' }]),
    )
  })

  it.each([
    ['no certificate', {}],
    ['one of another authority', createClientCertificate(createCertificateAuthority(), 'front-proxy-client', [])],
    ['another name', createClientCertificate(proxies, 'somebody', [])],
  ])('refuses who shows %s', async (_, client) => {
    expect(await send(open(client), '/apis/things')).toMatchObject({ status: 401, body: { reason: 'Unauthorized' } })
  })

  it('finishes what is under way and sends clients to another connection when it retires', async () => {
    const session = open()
    await send(session, '/apis/things/0')
    hold = Promise.withResolvers()
    const last = send(session, '/apis/things/1')
    await new Promise(resolve => setTimeout(resolve, 50))
    const closed = once(session, 'close')
    server.retire()
    hold.resolve()
    expect((await last).status).toBe(201)
    await closed
    expect((await send(open(), '/apis/things/2')).status).toBe(201)
  })

  it('has everybody show again who it is when the cluster names another', async () => {
    const session = open()
    expect((await send(session, '/apis/things')).status).toBe(201)
    const closed = once(session, 'close')
    server.setFrontProxy({ ca: createCertificateAuthority().cert, names: [] })
    await closed
    expect((await send(open(), '/apis/things')).status).toBe(401)
  })

  it('tells who answers that the caller has gone, and outlives connections that break', async () => {
    const session = open()
    hold = Promise.withResolvers()
    const stream = session.request({ ':method': 'POST', ':path': '/apis/things' })
    stream.on('error', () => {})
    stream.end('{}')
    await new Promise(resolve => setTimeout(resolve, 50))
    session.socket.destroy()
    await expect.poll(() => gaveUp).toBe(1)
    hold.resolve()
    hold = undefined
    expect((await send(open(), '/apis/things')).status).toBe(201)
  })
})
