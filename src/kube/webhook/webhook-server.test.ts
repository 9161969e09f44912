import { once } from 'node:events'
import { Agent, request } from 'node:https'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createCertificateAuthority, createServingCertificate } from '../tls/certificates.ts'
import { type AdmissionHandler, WebhookServer } from './webhook-server.ts'

const path = '/validate/example.com/things'
const review = (name = 'a', more: object = {}) => ({
  apiVersion: 'admission.k8s.io/v1',
  kind: 'AdmissionReview',
  request: {
    uid: `uid-${name}`,
    resource: { group: 'example.com', version: 'v1', resource: 'things' },
    operation: 'CREATE',
    name,
    object: { metadata: { name } },
    ...more,
  },
})

describe('the webhook server', () => {
  const authority = createCertificateAuthority()
  const names = ['hooks.default.svc']
  const counted = new Map<string, number>()
  const metrics = {
    increment: (name: string, labels: Readonly<Record<string, string>>) => {
      const key = `${name}${JSON.stringify(labels)}`
      counted.set(key, (counted.get(key) ?? 0) + 1)
    },
    set: () => {},
    observe: () => {},
  }
  let handle: AdmissionHandler
  let server: WebhookServer
  let agent: Agent

  beforeEach(async () => {
    handle = () => ({ allowed: true })
    counted.clear()
    agent = new Agent({ keepAlive: true })
    const handlers = new Map<string, AdmissionHandler>([[path, (asked, signal) => handle(asked, signal)]])
    server = await WebhookServer.start({
      host: '127.0.0.1',
      port: 0,
      certificate: createServingCertificate(authority, { names }),
      handlers,
      metrics,
      drainMs: 2000,
    })
  })
  afterEach(async () => {
    agent.destroy()
    await server[Symbol.asyncDispose]()
  })

  async function send(body: unknown, { to = path, method = 'POST', ca = authority.cert, via = agent } = {}) {
    const call = request({ host: '127.0.0.1', port: server.port, servername: 'hooks.default.svc', path: to, method, ca, agent: via })
    call.end(typeof body === 'string' ? body : JSON.stringify(body))
    const [response] = (await once(call, 'response')) as [import('node:http').IncomingMessage]
    return { status: response.statusCode, connection: response.headers.connection, body: await text(response) }
  }

  it('answers with the uid it was asked with', async () => {
    handle = ({ name }) => ({ allowed: true, warnings: [`${name} is\nfine`] })
    const { status, body } = await send(review())
    expect(status).toBe(200)
    expect(JSON.parse(body)).toEqual({
      apiVersion: 'admission.k8s.io/v1',
      kind: 'AdmissionReview',
      response: { uid: 'uid-a', allowed: true, warnings: ['a is fine'] },
    })
  })

  it('refuses with the whole status', async () => {
    const status = { code: 422, reason: 'Invalid', message: 'no', details: { causes: [{ field: 'spec.x', message: 'no' }] } }
    handle = () => ({ allowed: false, status })
    expect(JSON.parse((await send(review())).body)).toMatchObject({ response: { uid: 'uid-a', allowed: false, status } })
  })

  it('fails, and does not refuse, when a handler throws', async () => {
    handle = () => {
      throw new Error('a bug')
    }
    expect(await send(review())).toMatchObject({ status: 500, body: 'a bug' })
    expect(counted.get(`controller_runtime_webhook_requests_total{"webhook":"${path}","code":"500"}`)).toBe(1)
  })

  it.each<[string, unknown, object, number]>([
    ['an unknown path', review(), { to: '/other' }, 404],
    ['GET', '', { method: 'GET' }, 405],
    ['no JSON', '{', {}, 400],
    ['no review', { kind: 'Pod' }, {}, 400],
    ['an old version', { ...review(), apiVersion: 'admission.k8s.io/v1beta1' }, {}, 400],
    ['a review without a request', { ...review(), request: null }, {}, 400],
    ['JSON null', null, {}, 400],
  ])('says what is wrong with %s', async (_what, body, how, status) => {
    expect((await send(body, how)).status).toBe(status)
  })

  it('refuses bodies that no API server sends', async () => {
    expect((await send(review('a', { object: 'x'.repeat(9 * 1024 * 1024) }))).status).toBe(413)
  })

  it('tells handlers how long the caller waits', async () => {
    let reason: unknown
    handle = async (_, signal) => {
      await once(signal, 'abort')
      reason = signal.reason
      return { allowed: true }
    }
    await send(review(), { to: `${path}?timeout=1s` })
    expect(reason).toMatchObject({ name: 'TimeoutError' })
  })

  it('shows another certificate without a restart, and requests flow on', async () => {
    const other = createCertificateAuthority()
    expect((await send(review())).status).toBe(200)
    server.setCertificate(createServingCertificate(other, { names }))
    expect((await send(review())).status).toBe(200)
    using fresh = new DisposableAgent()
    await expect(send(review(), { via: fresh })).rejects.toThrow(/certificate/)
    expect((await send(review(), { ca: other.cert, via: fresh })).status).toBe(200)
  })

  it('finishes what is under way when it stops, and asks others to go elsewhere', async () => {
    const reached = Promise.withResolvers<void>()
    const go = Promise.withResolvers<void>()
    handle = async ({ name }) => {
      if (name === 'slow') {
        reached.resolve()
        await go.promise
      }
      return { allowed: true }
    }
    const slow = send(review('slow'))
    await reached.promise
    expect((await send(review())).connection).toBe('keep-alive')
    server.retire()
    expect(await send(review())).toMatchObject({ status: 200, connection: 'close' })
    const stopped = server[Symbol.asyncDispose]()
    await sleep(50)
    using fresh = new DisposableAgent()
    await expect(send(review(), { via: fresh })).rejects.toThrow('ECONNREFUSED')
    go.resolve()
    expect(await slow).toMatchObject({ status: 200, connection: 'close' })
    await stopped
  })
})

class DisposableAgent extends Agent implements Disposable {
  [Symbol.dispose](): void {
    this.destroy()
  }
}
