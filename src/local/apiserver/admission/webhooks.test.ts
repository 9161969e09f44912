import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { ApiUnderTest, configMap } from '../testing/api-under-test.ts'
import { createCertificateAuthority, createServingCertificate } from '../../../kube/tls/certificates.ts'

const maps = '/api/v1/namespaces/default/configmaps'
const configurations = '/apis/admissionregistration.k8s.io/v1'

interface Review {
  request: { uid: string; operation: string; name: string; object: { metadata: { name: string } } }
}

/** A webhook that answers each review as the test says. */
async function webhook(answer: (review: Review) => Record<string, unknown>) {
  const authority = createCertificateAuthority()
  const server = createServer(createServingCertificate(authority, { names: ['127.0.0.1'] }), (request, response) => {
    void json(request).then(body => {
      const review = body as Review
      response.end(
        JSON.stringify({
          apiVersion: 'admission.k8s.io/v1',
          kind: 'AdmissionReview',
          response: { uid: review.request.uid, ...answer(review) },
        }),
      )
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const configuration = (kind: string, more: Record<string, unknown> = {}) => ({
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind,
    metadata: { name: 'test' },
    webhooks: [
      {
        name: 'test.example.com',
        clientConfig: { url: `https://127.0.0.1:${port}/`, caBundle: Buffer.from(authority.cert).toString('base64') },
        rules: [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'] }],
        sideEffects: 'None',
        admissionReviewVersions: ['v1'],
        ...more,
      },
    ],
  })
  return {
    configuration,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

const patch = Buffer.from(JSON.stringify([{ op: 'add', path: '/data/hooked', value: 'yes' }])).toString('base64')

describe('webhooks', () => {
  it('change objects', async () => {
    await using api = await ApiUnderTest.start()
    await using hook = await webhook(() => ({ allowed: true, patchType: 'JSONPatch', patch }))
    await api.ok('POST', `${configurations}/mutatingwebhookconfigurations`, hook.configuration('MutatingWebhookConfiguration'))
    expect(await api.ok('POST', maps, configMap('a'))).toMatchObject({ data: { a: '1', hooked: 'yes' } })
  })

  /** Appends its letter to a note; of each call, what it found. */
  const noting = (letter: string, calls: string[]) =>
    webhook(({ request }) => {
      const note = (request.object as { data?: Record<string, string> }).data?.['note'] ?? ''
      calls.push(`${letter} after ${note || 'nothing'}`)
      const value = [{ op: 'add', path: '/data/note', value: note.includes(letter) ? note : note + letter }]
      return { allowed: true, patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(value)).toString('base64') }
    })

  it.each([
    ['IfNeeded', 'IfNeeded', ['a after nothing', 'b after a', 'a after ab']],
    ['Never', 'IfNeeded', ['a after nothing', 'b after a']],
    ['IfNeeded', 'Never', ['a after nothing', 'b after a', 'a after ab']],
  ])(
    'are called in the order of their names, and again where a later one has changed something: %s, %s',
    async (first, second, expected) => {
      await using api = await ApiUnderTest.start()
      const calls: string[] = []
      await using a = await noting('a', calls)
      await using b = await noting('b', calls)
      for (const [hook, name, reinvocationPolicy] of [
        [b, 'zzz', second],
        [a, 'aaa', first],
      ] as const) {
        const configuration = { ...hook.configuration('MutatingWebhookConfiguration', { reinvocationPolicy }), metadata: { name } }
        await api.ok('POST', `${configurations}/mutatingwebhookconfigurations`, configuration)
      }
      expect(await api.ok('POST', maps, configMap('a'))).toMatchObject({ data: { note: 'ab' } })
      expect(calls).toEqual(expected)
    },
  )

  it('are not called again where nothing has changed', async () => {
    await using api = await ApiUnderTest.start()
    const calls: string[] = []
    await using a = await noting('a', calls)
    const configuration = (name: string) => ({
      ...a.configuration('MutatingWebhookConfiguration', { reinvocationPolicy: 'IfNeeded' }),
      metadata: { name },
    })
    for (const name of ['one', 'two']) await api.ok('POST', `${configurations}/mutatingwebhookconfigurations`, configuration(name))
    await api.ok('POST', maps, configMap('a'))
    expect(calls).toEqual(['a after nothing', 'a after a'])
  })

  it('are selected by labels that others have just set', async () => {
    await using api = await ApiUnderTest.start()
    const asked: string[] = []
    const labelled = Buffer.from(JSON.stringify([{ op: 'add', path: '/metadata/labels', value: { ask: 'yes' } }])).toString('base64')
    await using sets = await webhook(() => ({ allowed: true, patchType: 'JSONPatch', patch: labelled }))
    await using sees = await webhook(({ request }) => (asked.push(request.name), { allowed: true }))
    const first = { ...sets.configuration('MutatingWebhookConfiguration'), metadata: { name: 'aaa' } }
    const more = { objectSelector: { matchLabels: { ask: 'yes' } } }
    const second = { ...sees.configuration('MutatingWebhookConfiguration', more), metadata: { name: 'bbb' } }
    for (const one of [first, second]) await api.ok('POST', `${configurations}/mutatingwebhookconfigurations`, one)
    await api.ok('POST', maps, configMap('a'))
    expect(asked).toEqual(['a'])
  })

  it('refuse objects and warn', async () => {
    await using api = await ApiUnderTest.start()
    await using hook = await webhook(({ request }) =>
      request.object.metadata.name === 'bad'
        ? { allowed: false, status: { message: 'too bad', code: 422 } }
        : { allowed: true, warnings: ['hm'] },
    )
    await api.ok('POST', `${configurations}/validatingwebhookconfigurations`, hook.configuration('ValidatingWebhookConfiguration'))
    expect(await api.refused('POST', maps, configMap('bad'))).toMatchObject({
      code: 422,
      message: 'admission webhook "test.example.com" denied the request: too bad',
    })
    const fine = await api.transport.request({ method: 'POST', path: maps, body: configMap('good') })
    expect(fine.headers['warning']).toBe('299 - "hm"')
  })

  it.each([
    ['Fail', 500],
    ['Ignore', 201],
  ])('that cannot be reached: %s', async (failurePolicy, code) => {
    await using api = await ApiUnderTest.start()
    const hook = await webhook(() => ({ allowed: true }))
    await hook[Symbol.asyncDispose]()
    await api.ok(
      'POST',
      `${configurations}/validatingwebhookconfigurations`,
      hook.configuration('ValidatingWebhookConfiguration', { failurePolicy }),
    )
    expect((await api.send('POST', maps, configMap('a'))).code).toBe(code)
  })

  it('are asked only about what their rules and selectors cover', async () => {
    await using api = await ApiUnderTest.start()
    const asked: string[] = []
    await using hook = await webhook(({ request }) => {
      asked.push(request.name)
      return { allowed: true }
    })
    const objectSelector = { matchLabels: { ask: 'yes' } }
    await api.ok(
      'POST',
      `${configurations}/validatingwebhookconfigurations`,
      hook.configuration('ValidatingWebhookConfiguration', { objectSelector }),
    )
    await api.ok('POST', maps, configMap('no'))
    await api.ok('POST', maps, configMap('yes', { labels: { ask: 'yes' } }))
    await api.ok('DELETE', `${maps}/yes`)
    expect(asked).toEqual(['yes'])
  })

  it('are asked only where their conditions hold', async () => {
    await using api = await ApiUnderTest.start()
    const asked: string[] = []
    await using hook = await webhook(({ request }) => {
      asked.push(`${request.operation} ${request.name}`)
      return { allowed: true }
    })
    const more = {
      rules: [{ operations: ['CREATE', 'UPDATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'] }],
      matchConditions: [
        { name: 'changed', expression: "request.operation == 'CREATE' || object.data != oldObject.data" },
        { name: 'not-mine', expression: "object.metadata.name != 'mine'" },
      ],
    }
    await api.ok('POST', `${configurations}/validatingwebhookconfigurations`, hook.configuration('ValidatingWebhookConfiguration', more))
    const stored = await api.ok('POST', maps, configMap('a'))
    await api.ok('PUT', `${maps}/a`, { ...stored, metadata: { name: 'a', labels: { only: 'metadata' } } })
    await api.ok('POST', maps, configMap('mine'))
    await api.ok('PUT', `${maps}/a`, { ...configMap('a'), data: { b: '2' } })
    expect(asked).toEqual(['CREATE a', 'UPDATE a'])
  })

  it.each([
    ['Fail', 403],
    ['Ignore', 201],
  ])('whose conditions cannot be evaluated: %s', async (failurePolicy, code) => {
    await using api = await ApiUnderTest.start()
    await using hook = await webhook(() => ({ allowed: false }))
    const more = { failurePolicy, matchConditions: [{ name: 'odd', expression: 'object.spec.x == 1' }] }
    await api.ok('POST', `${configurations}/validatingwebhookconfigurations`, hook.configuration('ValidatingWebhookConfiguration', more))
    expect((await api.send('POST', maps, configMap('a'))).code).toBe(code)
  })

  it('with conditions that do not compile are refused themselves', async () => {
    await using api = await ApiUnderTest.start()
    await using hook = await webhook(() => ({ allowed: true }))
    const configuration = hook.configuration('ValidatingWebhookConfiguration', {
      matchConditions: [{ name: 'a', expression: 'object.x ==' }],
    })
    expect(await api.refused('POST', `${configurations}/validatingwebhookconfigurations`, configuration)).toMatchObject({
      code: 422,
      details: { causes: [{ field: 'webhooks[0].matchConditions[0].expression' }] },
    })
  })

  it('pass on which fields they refuse', async () => {
    await using api = await ApiUnderTest.start()
    const details = { name: 'bad', kind: 'ConfigMap', causes: [{ reason: 'FieldValueInvalid', message: 'no', field: 'data.a' }] }
    await using hook = await webhook(() => ({ allowed: false, status: { message: 'no', code: 422, reason: 'Invalid', details } }))
    await api.ok('POST', `${configurations}/validatingwebhookconfigurations`, hook.configuration('ValidatingWebhookConfiguration'))
    expect(await api.refused('POST', maps, configMap('bad'))).toMatchObject({ code: 422, reason: 'Invalid', details })
  })
})
