import { request } from 'node:https'
import type { IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { gunzipSync } from 'node:zlib'
import { buffer } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { ApiUnderTest, configMap } from '../testing/api-under-test.ts'
import { createCertificateAuthority, createClientCertificate } from '../../../kube/tls/certificates.ts'
import { createApiServerCertificate } from '../tls/api-server-certificate.ts'

const maps = '/api/v1/namespaces/default/configmaps'

interface Call {
  readonly method?: string
  readonly path: string
  readonly headers?: Record<string, string | string[]>
  readonly body?: string
  readonly client?: { readonly key: string; readonly cert: string }
}

/** A listening server and a way to call it. */
async function listening() {
  const api = await ApiUnderTest.start()
  const authority = createCertificateAuthority()
  const { port } = await api.server.listen({
    host: '127.0.0.1',
    port: 0,
    tls: { ...createApiServerCertificate(authority), clientCa: authority.cert },
  })
  const open = ({ method = 'GET', path, headers = {}, body, client = { key: '', cert: '' } }: Call): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const credentials = client.key === '' ? {} : client
      const call = request({ host: '127.0.0.1', port, path, method, headers, ca: authority.cert, agent: false, ...credentials }, resolve)
      call.on('error', reject)
      call.end(body)
    })
  const admin = { authorization: `Bearer ${api.server.tokens.admin}` }
  const ask = async (call: Call): Promise<{ code: number; headers: IncomingMessage['headers']; body: Record<string, unknown> }> => {
    const response = await open({ ...call, headers: { ...admin, ...call.headers } })
    return { code: response.statusCode ?? 0, headers: response.headers, body: JSON.parse(await text(response)) as Record<string, unknown> }
  }
  return { api, authority, open, ask, admin, [Symbol.asyncDispose]: () => api[Symbol.asyncDispose]() }
}

describe('the API over HTTPS', () => {
  it('takes JSON and YAML, and gives JSON', async () => {
    await using server = await listening()
    const json = await server.ask({
      method: 'POST',
      path: maps,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(configMap('a')),
    })
    expect(json).toMatchObject({ code: 201, headers: { 'content-type': 'application/json' }, body: { metadata: { name: 'a' } } })
    const yaml = 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: b\ndata: {up: "1"}\n'
    expect(await server.ask({ method: 'POST', path: maps, headers: { 'content-type': 'application/yaml' }, body: yaml })).toMatchObject({
      code: 201,
      body: { data: { up: '1' } },
    })
    const list = await server.ask({ path: maps })
    expect((list.body['items'] as { metadata: { name: string } }[]).map(item => item.metadata.name)).toEqual(['a', 'b'])
    expect(list.body).toMatchObject({ kind: 'ConfigMapList', apiVersion: 'v1' })
  })

  it.each([
    [
      'nobody',
      {},
      403,
      'configmaps is forbidden: User "system:anonymous" cannot list resource "configmaps" in API group "" in the namespace "default"',
    ],
    ['a wrong token', { authorization: 'Bearer wrong' }, 401, 'Unauthorized'],
    ['another scheme', { authorization: 'Basic YTpi' }, 401, 'Unauthorized'],
  ])('refuses %s', async (_who, headers, code, message) => {
    await using server = await listening()
    const response = await server.open({ path: maps, headers })
    expect(response.statusCode).toBe(code)
    expect(JSON.parse(await text(response))).toMatchObject({ kind: 'Status', message })
  })

  it('knows client certificates, and lets the administrator be someone else', async () => {
    await using server = await listening()
    const review = { method: 'POST', path: '/apis/authentication.k8s.io/v1/selfsubjectreviews', body: '{}' }
    const client = createClientCertificate(server.authority, 'ada', ['system:masters', 'players'])
    const seen = JSON.parse(await text(await server.open({ ...review, client }))) as unknown
    expect(seen).toMatchObject({ status: { userInfo: { username: 'ada', groups: ['system:masters', 'players', 'system:authenticated'] } } })
    const other = await server.ask({ ...review, headers: { 'impersonate-user': 'bob', 'impersonate-group': ['g'] } })
    expect(other.body).toMatchObject({ status: { userInfo: { username: 'bob', groups: ['g', 'system:authenticated'] } } })
    const stranger = createClientCertificate(createCertificateAuthority(), 'eve', ['system:masters'])
    expect((await server.open({ path: maps, client: stranger })).statusCode).toBe(403)
  })

  it.each([
    ['no JSON', 'application/json', '{', 400],
    ['an unknown format', 'application/xml', '<a/>', 415],
    ['too much', 'application/json', JSON.stringify({ a: 'x'.repeat(3 * 1024 * 1024) }), 413],
  ])('refuses bodies that are %s', async (_what, type, body, code) => {
    await using server = await listening()
    expect((await server.ask({ method: 'POST', path: maps, headers: { 'content-type': type }, body })).code).toBe(code)
  })

  it('streams a watch line by line, as objects and as table rows', async () => {
    await using server = await listening()
    await server.api.ok('POST', maps, configMap('a'))
    for (const [accept, kind] of [
      ['application/json', 'ConfigMap'],
      ['application/json;as=Table;v=v1;g=meta.k8s.io,application/json', 'Table'],
      ['application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1', 'PartialObjectMetadata'],
    ] as const) {
      const response = await server.open({ path: `${maps}?watch=true`, headers: { ...server.admin, accept } })
      const first = await new Promise<string>(resolve => response.once('data', chunk => resolve(String(chunk))))
      response.destroy()
      expect(first.endsWith('\n')).toBe(true)
      expect(JSON.parse(first)).toMatchObject({ type: 'ADDED', object: { kind } })
    }
  })

  it('ends a watch after its timeout', async () => {
    await using server = await listening()
    const response = await server.open({ path: `${maps}?watch=true&timeoutSeconds=1`, headers: server.admin })
    expect(await text(response)).toBe('')
  })

  it('compresses large answers for those who can read them', async () => {
    await using server = await listening()
    await server.api.ok('POST', maps, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'big' }, data: { a: 'x'.repeat(300_000) } })
    const response = await server.open({ path: maps, headers: { ...server.admin, 'accept-encoding': 'gzip' } })
    expect(response.headers['content-encoding']).toBe('gzip')
    const body = JSON.parse(gunzipSync(await buffer(response)).toString()) as { items: unknown[] }
    expect(body.items).toHaveLength(1)
  })

  it('refuses forms it does not have', async () => {
    await using server = await listening()
    expect((await server.ask({ path: maps, headers: { accept: 'application/cbor' } })).code).toBe(406)
  })
})
