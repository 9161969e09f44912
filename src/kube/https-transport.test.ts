import { once } from 'node:events'
import { createServer, type Server } from 'node:https'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { HttpsTransport } from './https-transport.ts'
import { createCertificateAuthority, createServingCertificate } from './tls/certificates.ts'

const authority = createCertificateAuthority()

describe('the transport of small programs', () => {
  let server: Server
  let answer: (request: IncomingMessage, response: ServerResponse) => void | Promise<void>
  let tokens: string[]
  let transport: HttpsTransport

  beforeEach(async () => {
    server = createServer(
      createServingCertificate(authority, { names: ['127.0.0.1'] }),
      (request, response) => void answer(request, response),
    )
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    tokens = ['old', 'new']
    transport = new HttpsTransport({
      server: `https://127.0.0.1:${(server.address() as AddressInfo).port}/base`,
      ca: authority.cert,
      credentials: {
        get: () => Promise.resolve({ headers: { authorization: `Bearer ${tokens[0] ?? ''}` } }),
        invalidate: () => tokens.length > 1 && tokens.shift() !== undefined,
      },
    })
  })
  afterEach(async () => {
    await transport[Symbol.asyncDispose]()
    server.closeAllConnections()
    server.close()
  })

  it('sends what it is given and reads JSON and text', async () => {
    answer = async (request, response) => {
      const seen = { method: request.method, url: request.url, type: request.headers['content-type'], body: await text(request) }
      response.writeHead(201, { 'content-type': 'application/json' }).end(JSON.stringify(seen))
    }
    const headers = { 'content-type': 'application/json-patch+json' }
    const response = await transport.request({ method: 'PATCH', path: '/apis/a?b=c', headers, body: [{ op: 'test' }] })
    expect(response.status).toBe(201)
    expect(await response.json()).toEqual({
      method: 'PATCH',
      url: '/base/apis/a?b=c',
      type: 'application/json-patch+json',
      body: '[{"op":"test"}]',
    })
    answer = (_request, other) => void other.writeHead(503, { 'content-type': 'text/plain' }).end('not now')
    expect(await (await transport.request({ method: 'GET', path: '/' })).json()).toBe('not now')
  })

  it('reads a watch line by line and ends it when the reader goes', async () => {
    const closed = Promise.withResolvers<void>()
    answer = (_request, response) => {
      response.once('close', () => closed.resolve())
      response.writeHead(200, { 'content-type': 'application/json' }).write('{"n":1}\n{"n"')
      setTimeout(() => response.write(':2}\n'), 20)
    }
    const seen: unknown[] = []
    for await (const line of (await transport.request({ method: 'GET', path: '/watch' })).lines()) {
      seen.push(line)
      if (seen.length === 2) break
    }
    expect(seen).toEqual([{ n: 1 }, { n: 2 }])
    await closed.promise
  })

  it('asks for a new credential once when it is refused', async () => {
    const shown: unknown[] = []
    answer = (request, response) => {
      shown.push(request.headers.authorization)
      response.writeHead(request.headers.authorization === 'Bearer new' ? 200 : 401, { 'content-type': 'application/json' }).end('{}')
    }
    expect((await transport.request({ method: 'GET', path: '/' })).status).toBe(200)
    tokens = ['old']
    expect((await transport.request({ method: 'GET', path: '/' })).status).toBe(401)
    expect(shown).toEqual(['Bearer old', 'Bearer new', 'Bearer old'])
  })

  it('stops with its signal, before and while it waits', async () => {
    answer = () => undefined
    const reason = new Error('enough')
    await expect(transport.request({ method: 'GET', path: '/', signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    const stop = new AbortController()
    const waiting = transport.request({ method: 'GET', path: '/', signal: stop.signal })
    setTimeout(() => stop.abort(reason), 20)
    await expect(waiting).rejects.toBe(reason)
  })

  it('rejects when nobody answers, and when somebody else does', async () => {
    const stranger = new HttpsTransport({
      server: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
      ca: createCertificateAuthority().cert,
      credentials: { get: () => Promise.resolve({ headers: {} }), invalidate: () => false },
    })
    await expect(stranger.request({ method: 'GET', path: '/' })).rejects.toThrow(/certificate/)
    server.close()
    server.closeAllConnections()
    await expect(transport.request({ method: 'GET', path: '/' })).rejects.toThrow(/ECONNREFUSED/)
  })
})
