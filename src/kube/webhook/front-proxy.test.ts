import { Agent, request } from 'node:https'
import { once } from 'node:events'
import { json } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  createCertificateAuthority,
  createClientCertificate,
  createServingCertificate,
  type KeyAndCertificate,
} from '../tls/certificates.ts'
import { frontProxyOf } from './front-proxy.ts'
import { WebhookServer } from './webhook-server.ts'

describe('how the API server is known', () => {
  it.each([
    [undefined, undefined],
    [{ data: {} }, undefined],
    [{ data: { 'client-ca-file': 'users' } }, undefined],
    [{ data: { 'requestheader-client-ca-file': 'pem' } }, { ca: 'pem', names: [] }],
    [
      { data: { 'requestheader-client-ca-file': 'pem', 'requestheader-allowed-names': '["front-proxy-client","b"]' } },
      { ca: 'pem', names: ['front-proxy-client', 'b'] },
    ],
  ])('is read from the cluster: %j', (config, expected) => {
    const metadata = { name: 'extension-apiserver-authentication', uid: 'u', resourceVersion: '1', creationTimestamp: '' }
    expect(frontProxyOf(config && { apiVersion: 'v1', kind: 'ConfigMap', metadata, ...config })).toEqual(expected)
  })
})

describe('an API behind the API server', () => {
  const authority = createCertificateAuthority()
  const proxies = createCertificateAuthority()
  const ofProxy = createClientCertificate(proxies, 'front-proxy-client', [])
  let server: WebhookServer
  let fail = false

  beforeEach(async () => {
    fail = false
    server = await WebhookServer.start({
      host: '127.0.0.1',
      port: 0,
      certificate: createServingCertificate(authority, { names: ['hooks.default.svc'] }),
      handlers: new Map([['/validate/things', () => ({ allowed: true as const })]]),
      api: async asked => {
        if (fail) throw new Error('out of order')
        return { status: 201, body: { asked } }
      },
    })
  })
  afterEach(() => server[Symbol.asyncDispose]())

  async function send(path: string, client: Partial<KeyAndCertificate> = {}, body: unknown = {}) {
    using agent = { agent: new Agent(), [Symbol.dispose]: () => agent.agent.destroy() }
    const options = { host: '127.0.0.1', port: server.port, servername: 'hooks.default.svc', ca: authority.cert, ...client }
    const call = request({ ...options, path, method: 'POST', agent: agent.agent })
    call.end(JSON.stringify(body))
    const [response] = await once(call, 'response')
    return { status: response.statusCode as number, body: (await json(response)) as Record<string, unknown> }
  }

  it('answers those who show the certificate that the cluster names', async () => {
    server.setFrontProxy({ ca: proxies.cert, names: ['front-proxy-client'] })
    expect(await send('/apis/things/v1?timeout=3s', ofProxy, { a: 1 })).toEqual({
      status: 201,
      body: { asked: { method: 'POST', path: '/apis/things/v1', body: '{"a":1}', contentType: '' } },
    })
  })

  it.each([
    ['no certificate', {}],
    ['one of another authority', createClientCertificate(createCertificateAuthority(), 'front-proxy-client', [])],
    ['another name', createClientCertificate(proxies, 'somebody', [])],
  ])('refuses who shows %s', async (_what, client) => {
    server.setFrontProxy({ ca: proxies.cert, names: ['front-proxy-client'] })
    expect(await send('/apis/things/v1', client)).toMatchObject({ status: 401, body: { kind: 'Status', reason: 'Unauthorized' } })
  })

  it('refuses everybody while the cluster names nobody', async () => {
    expect(await send('/apis/things/v1', ofProxy)).toMatchObject({ status: 401 })
  })

  it('goes on knowing the API server when its own certificate changes', async () => {
    server.setFrontProxy({ ca: proxies.cert, names: [] })
    server.setCertificate(createServingCertificate(authority, { names: ['hooks.default.svc'] }))
    expect(await send('/apis/things/v1', ofProxy)).toMatchObject({ status: 201 })
  })

  it('tells of a failure as API servers do', async () => {
    server.setFrontProxy({ ca: proxies.cert, names: [] })
    fail = true
    expect(await send('/apis/things/v1', ofProxy)).toMatchObject({
      status: 500,
      body: { reason: 'InternalError', message: 'out of order' },
    })
  })

  it('asks no certificate of those who call webhooks', async () => {
    server.setFrontProxy({ ca: proxies.cert, names: [] })
    const asked = { uid: 'u', resource: { group: 'example.com', version: 'v1', resource: 'things' }, operation: 'CREATE' }
    const review = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request: asked }
    expect(await send('/validate/things', {}, review)).toMatchObject({ status: 200, body: { response: { uid: 'u', allowed: true } } })
  })
})
