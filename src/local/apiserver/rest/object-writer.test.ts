import { describe, expect, it } from 'vitest'
import { ApiUnderTest, configMap, maps, mergePatch, pod, pods } from '../testing/api-under-test.ts'

describe('objects', () => {
  it('are created with everything the server assigns, and come frozen', async () => {
    await using api = await ApiUnderTest.start()
    const created = await api.ok('POST', maps, configMap('a'))
    expect(created.metadata).toMatchObject({ name: 'a', namespace: 'default' })
    expect(created.metadata.uid).toMatch(/^[0-9a-f-]{36}$/)
    expect(created.metadata.creationTimestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
    expect(Object.isFrozen(created.metadata)).toBe(true)
    expect(await api.ok('GET', `${maps}/a`)).toBe(created)
  })

  it('with generateName get a name of their own', async () => {
    await using api = await ApiUnderTest.start()
    const first = await api.ok('POST', maps, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { generateName: 'map-' } })
    const second = await api.ok('POST', maps, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { generateName: 'map-' } })
    expect(first.metadata.name).toMatch(/^map-[bcdfghjklmnpqrstvwxz2456789]{5}$/)
    expect(second.metadata.name).not.toBe(first.metadata.name)
  })

  it.each([
    ['twice', 'POST', maps, configMap('taken'), 409, 'AlreadyExists', 'configmaps "taken" already exists'],
    ['in no namespace', 'POST', '/api/v1/namespaces/none/configmaps', configMap('x'), 404, 'NotFound', 'namespaces "none" not found'],
    [
      'of the wrong kind',
      'POST',
      maps,
      pod('x'),
      400,
      'BadRequest',
      'Pod in version "v1" cannot be handled as a ConfigMap: converting (v1.Pod) to (core.ConfigMap): unknown conversion',
    ],
    [
      'without a name',
      'POST',
      maps,
      configMap(''),
      422,
      'Invalid',
      'ConfigMap "" is invalid: metadata.name: Required value: name or generateName is required',
    ],
    [
      'in another namespace than asked',
      'POST',
      maps,
      configMap('x', { namespace: 'kube-system' }),
      400,
      'BadRequest',
      'the namespace of the provided object does not match the namespace sent on the request',
    ],
    [
      'with a version',
      'POST',
      maps,
      configMap('x', { resourceVersion: '5' }),
      500,
      '',
      'resourceVersion should not be set on objects to be created',
    ],
    ['that is absent', 'GET', `${maps}/absent`, undefined, 404, 'NotFound', 'configmaps "absent" not found'],
    [
      'of an unknown resource',
      'GET',
      '/api/v1/namespaces/default/nothings',
      undefined,
      404,
      'NotFound',
      'the server could not find the requested resource',
    ],
    [
      'under another name',
      'PUT',
      `${maps}/taken`,
      configMap('other'),
      400,
      'BadRequest',
      'the name of the object (other) does not match the name on the URL (taken)',
    ],
    [
      'from an old version',
      'PUT',
      `${maps}/taken`,
      configMap('taken', { resourceVersion: '1' }),
      409,
      'Conflict',
      'Operation cannot be fulfilled on configmaps "taken": the object has been modified; please apply your changes to the latest version and try again',
    ],
    [
      'of a value that cannot be decoded',
      'POST',
      pods,
      pod('x', { terminationGracePeriodSeconds: 'long' }),
      400,
      'BadRequest',
      /^Pod in version "v1" cannot be handled as a Pod: json: cannot unmarshal string into Go struct field PodSpec\.spec\.terminationGracePeriodSeconds of type int64$/,
    ],
  ] as const)('refuses objects %s', async (_what, method, path, body, code, reason, message) => {
    await using api = await ApiUnderTest.start()
    await api.ok('POST', maps, configMap('taken'))
    const refusal = await api.refused(method, path, body)
    expect(refusal).toMatchObject({ kind: 'Status', status: 'Failure', code })
    expect(refusal.reason ?? '').toBe(reason)
    expect(refusal.message).toMatch(message)
  })

  it('name the fields of a bad label, annotation and name with their causes', async () => {
    await using api = await ApiUnderTest.start()
    const refusal = await api.refused('POST', maps, configMap('Bad_Name', { labels: { 'a b': 'x' } }))
    expect(refusal.details?.causes?.map(cause => cause.field)).toEqual(['metadata.name', 'metadata.labels'])
    expect(refusal.message).toContain("a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.'")
  })

  it('know unknown fields: ignored, warned of, refused', async () => {
    await using api = await ApiUnderTest.start()
    const odd = { ...configMap('odd'), dta: {} }
    const warned = await api.transport.request({ method: 'POST', path: maps, body: odd })
    expect(warned.headers['warning']).toBe('299 - "unknown field \\"dta\\""')
    expect(await warned.json()).not.toHaveProperty('dta')
    const refusal = await api.refused('POST', `${maps}?fieldValidation=Strict`, odd)
    expect(refusal.message).toBe('ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: unknown field "dta"')
  })

  it('are not written by a dry run', async () => {
    await using api = await ApiUnderTest.start()
    expect((await api.ok('POST', `${maps}?dryRun=All`, configMap('dry'))).metadata.uid).not.toBe('')
    expect(await api.exists(`${maps}/dry`)).toBe(false)
    await api.ok('POST', maps, configMap('wet'))
    await api.ok('PATCH', `${maps}/wet?dryRun=All`, { data: { a: '2' } }, mergePatch)
    await api.ok('DELETE', `${maps}/wet`, { dryRun: ['All'] })
    expect(await api.ok('GET', `${maps}/wet`)).toMatchObject({ data: { a: '1' } })
  })

  it('keep their version when an update changes nothing', async () => {
    await using api = await ApiUnderTest.start()
    const created = await api.ok('POST', maps, configMap('same'))
    const again = await api.ok('PUT', `${maps}/same`, configMap('same'))
    expect(again.metadata.resourceVersion).toBe(created.metadata.resourceVersion)
  })
})

describe('what pods name', () => {
  it('must exist: service accounts and priority classes', async () => {
    await using api = await ApiUnderTest.start()
    const noAccount = await api.refused('POST', pods, pod('p', { serviceAccountName: 'bot' }))
    expect(noAccount).toMatchObject({
      code: 403,
      message: 'pods "p" is forbidden: error looking up service account default/bot: serviceaccount "bot" not found',
    })
    const noClass = await api.refused('POST', pods, pod('p', { priorityClassName: 'vip' }))
    expect(noClass.message).toBe('pods "p" is forbidden: no PriorityClass with name vip was found')
    const critical = await api.ok('POST', pods, pod('p', { priorityClassName: 'system-node-critical' }))
    expect(critical.spec).toMatchObject({ priority: 2_000_001_000, preemptionPolicy: 'PreemptLowerPriority' })
  })
})

describe('events', () => {
  it('are one object in two groups', async () => {
    await using api = await ApiUnderTest.start()
    const event = {
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: { name: 'e', namespace: 'default' },
      eventTime: '2026-01-01T00:00:00.000000Z',
      regarding: { kind: 'Pod', name: 'p', namespace: 'default' },
      note: 'hello',
      reason: 'Test',
      type: 'Normal',
      action: 'x',
      reportingController: 'c',
      reportingInstance: 'c-1',
    }
    await api.ok('POST', '/apis/events.k8s.io/v1/namespaces/default/events', event)
    expect(await api.ok('GET', '/api/v1/namespaces/default/events/e')).toMatchObject({
      apiVersion: 'v1',
      message: 'hello',
      involvedObject: { name: 'p' },
    })
    expect(await api.ok('GET', '/apis/events.k8s.io/v1/namespaces/default/events/e')).toMatchObject({
      note: 'hello',
      regarding: { name: 'p' },
    })
  })
})
