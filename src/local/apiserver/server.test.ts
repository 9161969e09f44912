import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  ApiUnderTest,
  applyPatch,
  configMap,
  definition,
  jsonPatch,
  mergePatch,
  pod,
  service,
  strategicPatch,
} from './testing/api-under-test.ts'

const maps = '/api/v1/namespaces/default/configmaps'
const pods = '/api/v1/namespaces/default/pods'
const services = '/api/v1/namespaces/default/services'
const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
const rooms = '/apis/example.com/v1/namespaces/default/rooms'
const room = (name: string, spec: unknown = { map: 'dust' }) => ({ apiVersion: 'example.com/v1', kind: 'Room', metadata: { name }, spec })

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
      'Pod in version "v1" cannot be handled as a ConfigMap: converting (v1.Pod) to (v1.ConfigMap): unknown conversion',
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
      400,
      'BadRequest',
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
      /^Pod in version "v1" cannot be handled as a Pod: json: cannot unmarshal string into field spec\.terminationGracePeriodSeconds/,
    ],
  ] as const)('refuses objects %s', async (_what, method, path, body, code, reason, message) => {
    await using api = await ApiUnderTest.start()
    await api.ok('POST', maps, configMap('taken'))
    const refusal = await api.refused(method, path, body)
    expect(refusal).toMatchObject({ kind: 'Status', status: 'Failure', code, reason })
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

describe('patches', () => {
  it.each([
    ['json', jsonPatch, [{ op: 'replace', path: '/data/a', value: '2' }]],
    ['merge', mergePatch, { data: { a: '2' } }],
    ['strategic', strategicPatch, { data: { a: '2' } }],
  ] as const)('%s', async (_kind, headers, body) => {
    await using api = await ApiUnderTest.start()
    await api.ok('POST', maps, configMap('p'))
    expect(await api.ok('PATCH', `${maps}/p`, body, headers)).toMatchObject({ data: { a: '2' } })
  })

  it('apply creates, then owns, conflicts and takes over', async () => {
    await using api = await ApiUnderTest.start()
    const config = (value: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 's' }, data: { a: value } })
    const created = await api.send('PATCH', `${maps}/s?fieldManager=one`, config('1'), applyPatch)
    expect(created.code).toBe(201)
    const again = await api.ok('PATCH', `${maps}/s?fieldManager=one`, config('1'), applyPatch)
    expect(again).toEqual(created.body)
    const refusal = await api.refused('PATCH', `${maps}/s?fieldManager=two`, config('2'), applyPatch)
    expect(refusal).toMatchObject({ code: 409, message: 'Apply failed with 1 conflict: conflict with "one": .data.a' })
    const forced = await api.ok('PATCH', `${maps}/s?fieldManager=two&force=true`, config('2'), applyPatch)
    expect(forced).toMatchObject({ data: { a: '2' } })
    expect(forced.metadata.managedFields?.map(entry => entry.manager)).toEqual(['two'])
  })

  it('need a manager to apply, and refuse force otherwise', async () => {
    await using api = await ApiUnderTest.start()
    const noManager = await api.refused('PATCH', `${maps}/s`, configMap('s'), applyPatch)
    expect(noManager.message).toBe('PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch')
    const forced = await api.refused('PATCH', `${maps}/s?force=true`, {}, mergePatch)
    expect(forced.message).toContain('force: Forbidden: may not be specified for non-apply patch')
  })

  it('of an unknown kind, and strategic ones of custom resources, are refused', async () => {
    await using api = await ApiUnderTest.start()
    await api.ok('POST', definitions, definition())
    await api.ok('POST', rooms, room('r'))
    expect(await api.refused('PATCH', `${rooms}/r`, {}, strategicPatch)).toMatchObject({ code: 415, reason: 'UnsupportedMediaType' })
    const failed = await api.refused('PATCH', `${rooms}/r`, [{ op: 'test', path: '/spec/map', value: 'x' }], jsonPatch)
    expect(failed).toMatchObject({ code: 422, reason: 'Invalid' })
  })
})

describe('status and scale', () => {
  it('keep spec and status apart', async () => {
    await using api = await ApiUnderTest.start()
    await api.ok('POST', definitions, definition())
    const created = await api.ok('POST', rooms, { ...room('r'), status: { seats: 9 } })
    expect(created).toMatchObject({ metadata: { generation: 1 }, spec: { map: 'dust', seats: 4 } })
    expect(created).not.toHaveProperty('status')
    const reported = await api.ok('PATCH', `${rooms}/r/status`, { spec: { map: 'x' }, status: { seats: 2 } }, mergePatch)
    expect(reported).toMatchObject({ metadata: { generation: 1 }, spec: { map: 'dust' }, status: { seats: 2 } })
    const changed = await api.ok('PATCH', `${rooms}/r`, { spec: { map: 'inferno' }, status: { seats: 5 } }, mergePatch)
    expect(changed).toMatchObject({ metadata: { generation: 2 }, spec: { map: 'inferno' }, status: { seats: 2 } })
  })

  it('scale by the paths of the definition', async () => {
    await using api = await ApiUnderTest.start()
    await api.ok('POST', definitions, definition())
    await api.ok('POST', rooms, room('r'))
    await api.ok('PATCH', `${rooms}/r/status`, { status: { seats: 3, selector: 'room=r' } }, mergePatch)
    expect(await api.ok('GET', `${rooms}/r/scale`)).toMatchObject({
      kind: 'Scale',
      spec: { replicas: 4 },
      status: { replicas: 3, selector: 'room=r' },
    })
    await api.ok('PATCH', `${rooms}/r/scale`, { spec: { replicas: 8 } }, mergePatch)
    expect(await api.ok('GET', `${rooms}/r`)).toMatchObject({ spec: { seats: 8 }, metadata: { generation: 2 } })
    const refusal = await api.refused('PATCH', `${rooms}/r/scale`, { spec: { replicas: -1 } }, mergePatch)
    expect(refusal.message).toBe('Scale.autoscaling "r" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0')
  })

  it('let pods/status change labels and annotations too', async () => {
    await using api = await ApiUnderTest.start()
    await api.ok('POST', pods, pod('p'))
    const changed = await api.ok(
      'PATCH',
      `${pods}/p/status`,
      { metadata: { labels: { a: 'b' } }, status: { phase: 'Running' } },
      strategicPatch,
    )
    expect(changed).toMatchObject({ metadata: { labels: { a: 'b' } }, status: { phase: 'Running' } })
  })
})

describe('custom resources', () => {
  it('are served in the moment their definition is accepted, and gone with it', async () => {
    await using api = await ApiUnderTest.start()
    const accepted = await api.ok('POST', definitions, definition())
    expect(accepted.status['conditions']).toMatchObject([
      { type: 'NamesAccepted', status: 'True' },
      { type: 'Established', status: 'True' },
    ])
    await api.ok('POST', rooms, room('r'))
    const wrong = await api.refused('POST', rooms, room('w', { seats: -1, mode: 'solo' }))
    expect(wrong.details?.causes?.map(cause => cause.field).toSorted()).toEqual(['spec.map', 'spec.mode', 'spec.seats'])
    await api.ok('DELETE', `${definitions}/rooms.example.com`)
    await api.until(async () => !(await api.exists(`${definitions}/rooms.example.com`)))
    expect(await api.refused('GET', rooms)).toMatchObject({ code: 404 })
  })

  it('get the defaults that a new schema brings', async () => {
    await using api = await ApiUnderTest.start()
    await api.ok('POST', definitions, definition())
    await api.ok('POST', rooms, room('r'))
    const path = '/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/light'
    await api.ok('PATCH', `${definitions}/rooms.example.com`, [{ op: 'add', path, value: { type: 'string', default: 'on' } }], jsonPatch)
    expect(await api.ok('GET', `${rooms}/r`)).toMatchObject({ spec: { map: 'dust', light: 'on' } })
  })

  it('take no new objects while their definition goes away', async () => {
    await using api = await ApiUnderTest.start()
    await api.ok('POST', definitions, definition())
    await api.ok('POST', rooms, { ...room('held'), metadata: { name: 'held', finalizers: ['example.com/hold'] } })
    await api.ok('DELETE', `${definitions}/rooms.example.com`)
    expect(await api.refused('POST', rooms, room('new'))).toMatchObject({ code: 405, reason: 'MethodNotAllowed' })
    await api.until(async () => (await api.ok('GET', `${rooms}/held`)).metadata.deletionTimestamp !== undefined)
    await api.ok('PATCH', `${rooms}/held`, { metadata: { finalizers: null } }, mergePatch)
    await api.until(async () => !(await api.exists(`${definitions}/rooms.example.com`)))
  })

  it('of several versions are one object under each name', async () => {
    await using api = await ApiUnderTest.start()
    const two = definition() as { spec: { versions: Record<string, unknown>[] } }
    two.spec.versions.push({ ...two.spec.versions[0], name: 'v2', storage: false })
    await api.ok('POST', definitions, two)
    await api.ok('POST', '/apis/example.com/v2/namespaces/default/rooms', { ...room('r'), apiVersion: 'example.com/v2' })
    expect(await api.ok('GET', `${rooms}/r`)).toMatchObject({ apiVersion: 'example.com/v1' })
    const changed = await api.ok('PATCH', '/apis/example.com/v2/namespaces/default/rooms/r', { spec: { seats: 9 } }, mergePatch)
    expect(changed).toMatchObject({ apiVersion: 'example.com/v2', spec: { seats: 9 } })
    expect(await api.refused('PUT', `${rooms}/r`, room('r'))).toMatchObject({ code: 422 })
  })

  it.each([
    [
      'a wrong name',
      (d: { metadata: { name: string } }) => void (d.metadata.name = 'x.example.com'),
      'must be spec.names.plural+\\".\\"+spec.group',
    ],
    [
      'no storage version',
      (d: { spec: { versions: { storage: boolean }[] } }) => void (d.spec.versions[0]!.storage = false),
      'must have exactly one version marked as storage version',
    ],
    [
      'a field without type',
      (d: { spec: { versions: { schema: { openAPIV3Schema: { properties: Record<string, unknown> } } }[] } }) =>
        void (d.spec.versions[0]!.schema.openAPIV3Schema.properties['x'] = {}),
      'must not be empty for specified object fields',
    ],
  ])('are refused with %s', async (_what, spoil, text) => {
    await using api = await ApiUnderTest.start()
    const bad = definition()
    spoil(bad as never)
    const refusal = await api.refused('POST', definitions, bad)
    expect(refusal.code).toBe(422)
    expect(JSON.stringify(refusal.message)).toContain(text.replaceAll('\\"', '\\"'))
  })
})

describe('pods', () => {
  it('are bound once, deleted gracefully, and evicted within their budget', async () => {
    await using api = await ApiUnderTest.start()
    await api.ok('POST', pods, pod('p', {}, { labels: { app: 'x' } }))
    const binding = { apiVersion: 'v1', kind: 'Binding', metadata: { name: 'p' }, target: { kind: 'Node', name: 'n1' } }
    await api.ok('POST', `${pods}/p/binding`, binding)
    expect(await api.ok('GET', `${pods}/p`)).toMatchObject({
      spec: { nodeName: 'n1' },
      status: { conditions: [{ type: 'PodScheduled', status: 'True' }] },
    })
    const twice = await api.refused('POST', `${pods}/p/binding`, binding)
    expect(twice.message).toBe('Operation cannot be fulfilled on pods/binding "p": pod p is already assigned to node "n1"')
    await api.ok('PATCH', `${pods}/p/status`, { status: { conditions: [{ type: 'Ready', status: 'True' }] } }, strategicPatch)
    const budget = {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name: 'b' },
      spec: { minAvailable: 1, selector: { matchLabels: { app: 'x' } } },
    }
    await api.ok('POST', '/apis/policy/v1/namespaces/default/poddisruptionbudgets', budget)
    expect(
      await api.refused('POST', `${pods}/p/eviction`, { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'p' } }),
    ).toMatchObject({ code: 429, reason: 'TooManyRequests' })
    const marked = await api.ok('DELETE', `${pods}/p`)
    expect(marked.metadata).toMatchObject({ deletionGracePeriodSeconds: 30 })
    await api.ok('DELETE', `${pods}/p`, { gracePeriodSeconds: 0 })
    expect(await api.exists(`${pods}/p`)).toBe(false)
  })

  it('without a node vanish at once', async () => {
    await using api = await ApiUnderTest.start()
    await api.ok('POST', pods, pod('p'))
    await api.ok('DELETE', `${pods}/p`)
    expect(await api.exists(`${pods}/p`)).toBe(false)
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

describe('services', () => {
  it('get addresses and ports that no other has, and give them back', async () => {
    await using api = await ApiUnderTest.start()
    const a = await api.ok(
      'POST',
      services,
      service('a', {
        type: 'NodePort',
        ports: [
          { name: 't', port: 80, protocol: 'TCP' },
          { name: 'u', port: 80, protocol: 'UDP' },
        ],
      }),
    )
    const ports = (a.spec['ports'] as { nodePort: number }[]).map(port => port.nodePort)
    expect(ports[0]).toBe(ports[1])
    expect(a.spec['clusterIP']).toMatch(/^10\.199\.0\.\d+$/)
    const asked = service('b', { type: 'NodePort', ports: [{ port: 80, nodePort: ports[0] }] })
    expect((await api.refused('POST', services, asked)).message).toBe(
      `Service "b" is invalid: spec.ports[0].nodePort: Invalid value: ${ports[0]}: provided port is already allocated`,
    )
    const outside = await api.refused('POST', services, service('c', { type: 'NodePort', ports: [{ port: 80, nodePort: 80 }] }))
    expect(outside.message).toContain('The range of valid ports is 30000-32767')
    const sameIp = await api.refused('POST', services, service('d', { clusterIP: a.spec['clusterIP'] }))
    expect(sameIp.message).toContain('provided IP is already allocated')
    await api.ok('DELETE', `${services}/a`)
    await api.ok('POST', services, asked)
    expect(await api.ok('POST', services, service('h', { clusterIP: 'None' }))).toMatchObject({
      spec: { clusterIP: 'None', clusterIPs: ['None'] },
    })
  })
})

describe('watches', () => {
  it('begin with what is there, and go on', async () => {
    await using api = await ApiUnderTest.start()
    await api.ok('POST', maps, configMap('a'))
    const seen = api.watch(`${maps}?watch=true`, 4)
    await new Promise(resolve => setImmediate(resolve))
    await api.ok('POST', maps, configMap('b'))
    await api.ok('PATCH', `${maps}/a`, { data: { a: '2' } }, mergePatch)
    await api.ok('DELETE', `${maps}/b`)
    expect((await seen).map(({ type, object }) => `${type} ${object.metadata.name}`)).toEqual([
      'ADDED a',
      'ADDED b',
      'MODIFIED a',
      'DELETED b',
    ])
  })

  it('see what enters and leaves their selection as added and deleted', async () => {
    await using api = await ApiUnderTest.start()
    await api.ok('POST', maps, configMap('a'))
    const version = (await api.list(maps)).metadata.resourceVersion
    const seen = api.watch(`${maps}?watch=true&labelSelector=on%3Dyes&resourceVersion=${version}`, 2)
    await api.ok('PATCH', `${maps}/a`, { metadata: { labels: { on: 'yes' } } }, mergePatch)
    await api.ok('PATCH', `${maps}/a`, { metadata: { labels: { on: 'no' } } }, mergePatch)
    const [entered, left] = await seen
    expect(entered).toMatchObject({ type: 'ADDED' })
    expect(left).toMatchObject({ type: 'DELETED', object: { metadata: { labels: { on: 'yes' } } } })
    expect(Number(left?.object.metadata.resourceVersion)).toBeGreaterThan(Number(entered?.object.metadata.resourceVersion))
  })

  it('resume from a version, and say 410 when it is too old', async () => {
    await using api = await ApiUnderTest.start({ historyLimit: 3 })
    const first = await api.ok('POST', maps, configMap('a'))
    for (const value of ['2', '3']) await api.ok('PATCH', `${maps}/a`, { data: { a: value } }, mergePatch)
    const resumed = await api.watch(`${maps}?watch=true&resourceVersion=${first.metadata.resourceVersion}`, 2)
    expect(resumed.map(({ object }) => object['data'])).toEqual([{ a: '2' }, { a: '3' }])
    for (const value of ['4', '5', '6', '7']) await api.ok('PATCH', `${maps}/a`, { data: { a: value } }, mergePatch)
    expect(await api.refused('GET', `${maps}?watch=true&resourceVersion=${first.metadata.resourceVersion}`)).toMatchObject({
      code: 410,
      reason: 'Expired',
    })
  })

  it('stream the initial list with a bookmark at its end', async () => {
    await using api = await ApiUnderTest.start()
    await api.ok('POST', maps, configMap('a'))
    const query = 'watch=true&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan'
    const [added, bookmark] = await api.watch(`${maps}?${query}`, 2)
    expect(added).toMatchObject({ type: 'ADDED', object: { metadata: { name: 'a' } } })
    expect(bookmark).toMatchObject({
      type: 'BOOKMARK',
      object: { kind: 'ConfigMap', metadata: { annotations: { 'k8s.io/initial-events-end': 'true' } } },
    })
  })
})

describe('lists', () => {
  it('page at one consistent version', async () => {
    await using api = await ApiUnderTest.start()
    for (const name of ['a', 'b', 'c', 'd']) await api.ok('POST', maps, configMap(name))
    const first = await api.list(`${maps}?limit=2`)
    expect(first.metadata.remainingItemCount).toBe(2)
    await api.ok('DELETE', `${maps}/c`)
    await api.ok('POST', maps, configMap('e'))
    await api.ok('PATCH', `${maps}/d`, { data: { a: '2' } }, mergePatch)
    const second = await api.list(`${maps}?limit=2&continue=${first.metadata.continue}`)
    expect(second.items.map(({ metadata }) => metadata.name)).toEqual(['c', 'd'])
    expect(second.items[1]?.['data']).toEqual({ a: '1' })
    expect(second.metadata).toEqual({ resourceVersion: first.metadata.resourceVersion })
  })

  it('select by labels and by the fields of a kind', async () => {
    await using api = await ApiUnderTest.start()
    await api.ok('POST', pods, pod('a', { nodeName: 'n1' }, { labels: { x: '1' } }))
    await api.ok('POST', pods, pod('b', {}, { labels: { x: '2' } }))
    const names = async (query: string) => (await api.list(`${pods}?${query}`)).items.map(({ metadata }) => metadata.name)
    expect(await names('labelSelector=x%3D2')).toEqual(['b'])
    expect(await names('fieldSelector=spec.nodeName%3Dn1')).toEqual(['a'])
    expect(await names('fieldSelector=metadata.name%3Db')).toEqual(['b'])
    expect(await api.refused('GET', `${pods}?fieldSelector=spec.color%3Dred`)).toMatchObject({
      code: 400,
      message: 'field label not supported: spec.color',
    })
  })
})

describe('deletion', () => {
  it('waits for finalizers and takes no new ones', async () => {
    await using api = await ApiUnderTest.start()
    await api.ok('POST', maps, configMap('f', { finalizers: ['example.com/hold'] }))
    const marked = await api.ok('DELETE', `${maps}/f`)
    expect(marked.metadata.deletionTimestamp).toBeDefined()
    const more = await api.refused('PATCH', `${maps}/f`, { metadata: { finalizers: ['example.com/hold', 'example.com/more'] } }, mergePatch)
    expect(more.message).toContain('no new finalizers can be added if the object is being deleted')
    await api.ok('PATCH', `${maps}/f`, { metadata: { finalizers: null } }, mergePatch)
    expect(await api.exists(`${maps}/f`)).toBe(false)
  })

  it('keeps to its preconditions', async () => {
    await using api = await ApiUnderTest.start()
    await api.ok('POST', maps, configMap('p'))
    expect(await api.refused('DELETE', `${maps}/p`, { preconditions: { uid: 'other' } })).toMatchObject({ code: 409, reason: 'Conflict' })
  })

  it('of a collection takes what is selected', async () => {
    await using api = await ApiUnderTest.start()
    await api.ok('POST', maps, configMap('a', { labels: { x: '1' } }))
    await api.ok('POST', maps, configMap('b'))
    await api.ok('DELETE', `${maps}?labelSelector=x%3D1`)
    expect((await api.list(maps)).items.map(({ metadata }) => metadata.name)).toEqual(['b'])
  })

  it('takes dependents along, in each way of propagation', async () => {
    await using api = await ApiUnderTest.start()
    const family = async (name: string) => {
      const owner = await api.ok('POST', maps, configMap(name))
      const ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name, uid: owner.metadata.uid, blockOwnerDeletion: true }]
      await api.ok('POST', maps, configMap(`${name}-child`, { ownerReferences }))
    }
    await family('background')
    await api.ok('DELETE', `${maps}/background`)
    await api.until(async () => !(await api.exists(`${maps}/background-child`)))
    await family('foreground')
    await api.ok('PATCH', `${maps}/foreground-child`, { metadata: { finalizers: ['example.com/hold'] } }, mergePatch)
    expect((await api.ok('DELETE', `${maps}/foreground`, { propagationPolicy: 'Foreground' })).metadata.finalizers).toEqual([
      'foregroundDeletion',
    ])
    await api.until(async () => (await api.ok('GET', `${maps}/foreground-child`)).metadata.deletionTimestamp !== undefined)
    expect(await api.exists(`${maps}/foreground`)).toBe(true)
    await api.ok('PATCH', `${maps}/foreground-child`, { metadata: { finalizers: null } }, mergePatch)
    await api.until(async () => !(await api.exists(`${maps}/foreground`)))
    await family('orphan')
    await api.ok('DELETE', `${maps}/orphan`, { propagationPolicy: 'Orphan' })
    await api.until(async () => !(await api.exists(`${maps}/orphan`)))
    expect((await api.ok('GET', `${maps}/orphan-child`)).metadata.ownerReferences).toBeUndefined()
  })

  it('removes what was made for an owner that is already gone', async () => {
    await using api = await ApiUnderTest.start()
    await api.ok('POST', maps, configMap('late', { ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'x', uid: 'gone' }] }))
    await api.until(async () => !(await api.exists(`${maps}/late`)))
  })

  it('empties a namespace before it goes, and lets nothing new in', async () => {
    await using api = await ApiUnderTest.start()
    await api.ok('POST', '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'room' } })
    await api.ok('POST', '/api/v1/namespaces/room/configmaps', configMap('held', { finalizers: ['example.com/hold'] }))
    await api.ok('POST', '/api/v1/namespaces/room/configmaps', configMap('free'))
    expect(await api.ok('DELETE', '/api/v1/namespaces/room')).toMatchObject({ status: { phase: 'Terminating' } })
    const refusal = await api.refused('POST', '/api/v1/namespaces/room/configmaps', configMap('new'))
    expect(refusal).toMatchObject({ code: 403, reason: 'Forbidden', details: { causes: [{ reason: 'NamespaceTerminating' }] } })
    expect(refusal.message).toBe(
      'configmaps "new" is forbidden: unable to create new content in namespace room because it is being terminated',
    )
    await api.until(async () => !(await api.exists('/api/v1/namespaces/room/configmaps/free')))
    await api.ok('PATCH', '/api/v1/namespaces/room/configmaps/held', { metadata: { finalizers: null } }, mergePatch)
    await api.until(async () => !(await api.exists('/api/v1/namespaces/room')))
    expect((await api.refused('DELETE', '/api/v1/namespaces/default')).code).toBe(403)
  })
})

describe('access', () => {
  it('of service accounts is what their roles give', async () => {
    await using api = await ApiUnderTest.start()
    await api.ok('POST', '/api/v1/namespaces/default/serviceaccounts', {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: 'bot' },
    })
    const bot = api.as('system:serviceaccount:default:bot')
    const refusal = await bot.refused('GET', pods)
    expect(refusal).toMatchObject({
      code: 403,
      message:
        'pods is forbidden: User "system:serviceaccount:default:bot" cannot list resource "pods" in API group "" in the namespace "default"',
    })
    const rbac = '/apis/rbac.authorization.k8s.io/v1/namespaces/default'
    await api.ok('POST', `${rbac}/roles`, {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'Role',
      metadata: { name: 'reader' },
      rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get', 'list'] }],
    })
    await api.ok('POST', `${rbac}/rolebindings`, {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name: 'reader' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'reader' },
      subjects: [{ kind: 'ServiceAccount', name: 'bot', namespace: 'default' }],
    })
    expect((await bot.list(pods)).items).toEqual([])
    expect((await bot.refused('DELETE', pods)).code).toBe(403)
    const review = {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      spec: { resourceAttributes: { verb: 'list', resource: 'pods', namespace: 'default' } },
    }
    expect(await bot.ok('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', review)).toMatchObject({
      status: { allowed: true },
    })
  })

  it('tokens are minted, reviewed, and die with their account', async () => {
    await using api = await ApiUnderTest.start()
    const accounts = '/api/v1/namespaces/default/serviceaccounts'
    await api.ok('POST', accounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'bot' } })
    const request = await api.ok('POST', `${accounts}/bot/token`, {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { expirationSeconds: 900 },
    })
    const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token: request.status['token'] } }
    const path = '/apis/authentication.k8s.io/v1/tokenreviews'
    expect(await api.ok('POST', path, review)).toMatchObject({
      status: { authenticated: true, user: { username: 'system:serviceaccount:default:bot' } },
    })
    await api.ok('DELETE', `${accounts}/bot`)
    expect(await api.ok('POST', path, review)).toMatchObject({ status: { authenticated: false } })
  })
})

describe('admission', () => {
  it('changes, warns and refuses', async () => {
    await using api = await ApiUnderTest.start()
    api.server.registerAdmission({
      name: 'test',
      matches: (resource, operation) => resource.type.plural === 'configmaps' && operation === 'CREATE',
      mutate: ({ object }) => void (object !== undefined && (object['data'] = { added: 'yes' })),
      validate: ({ name, warn }) => {
        warn('watch out')
        if (name === 'field') return [{ type: 'FieldValueInvalid', field: 'data', value: 1, detail: 'no' }]
        return name === 'denied' ? { denied: 'admission says no' } : undefined
      },
    })
    const response = await api.transport.request({ method: 'POST', path: maps, body: configMap('a') })
    expect(response.headers['warning']).toBe('299 - "watch out"')
    expect(await response.json()).toMatchObject({ data: { added: 'yes' } })
    expect(await api.refused('POST', maps, configMap('field'))).toMatchObject({
      code: 422,
      message: 'ConfigMap "field" is invalid: data: Invalid value: 1: no',
    })
    expect(await api.refused('POST', maps, configMap('denied'))).toMatchObject({ code: 403, message: 'admission says no' })
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

describe('persistence', () => {
  it('brings everything back with its versions', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'berth-api-'))
    try {
      let version = ''
      let token = ''
      {
        await using api = await ApiUnderTest.start({ dataDir })
        await api.ok('POST', definitions, definition())
        await api.ok('POST', rooms, room('r'))
        await api.ok('POST', services, service('s', { type: 'NodePort' }))
        await api.ok('POST', maps, configMap('gone'))
        await api.ok('DELETE', `${maps}/gone`)
        version = (await api.list(rooms)).metadata.resourceVersion
        token = api.server.tokens.admin
      }
      await using again = await ApiUnderTest.start({ dataDir })
      expect(again.server.tokens.admin).toBe(token)
      expect(await again.ok('GET', `${rooms}/r`)).toMatchObject({ spec: { map: 'dust' } })
      expect(await again.exists(`${maps}/gone`)).toBe(false)
      expect(Number((await again.list(rooms)).metadata.resourceVersion)).toBeGreaterThanOrEqual(Number(version))
      const kept = await again.ok('GET', `${services}/s`)
      const { nodePort } = (kept.spec['ports'] as { nodePort: number }[])[0]!
      expect((await again.refused('POST', services, service('t', { type: 'NodePort', ports: [{ port: 1, nodePort }] }))).code).toBe(422)
      expect((await again.refused('GET', `${rooms}?watch=true&resourceVersion=2`)).code).toBe(410)
    } finally {
      rmSync(dataDir, { recursive: true })
    }
  })
})

describe('other paths', () => {
  it.each([
    '/version',
    '/readyz',
    '/livez?verbose',
    '/healthz',
    '/api',
    '/apis',
    '/api/v1',
    '/apis/apps',
    '/apis/apps/v1',
    '/openapi/v3',
    '/metrics',
  ])('%s answers', async path => {
    await using api = await ApiUnderTest.start()
    expect((await api.send('GET', path)).code).toBe(200)
  })

  it('/metrics counts requests by what they were', async () => {
    await using api = await ApiUnderTest.start()
    await api.ok('POST', maps, configMap('a'))
    await api.ok('GET', maps)
    await api.ok('PATCH', `${maps}/a?fieldManager=x&force=true`, configMap('a'), applyPatch)
    await api.watch(`${maps}?watch=true`, 1)
    const text = String((await api.send('GET', '/metrics')).body)
    for (const verb of ['POST', 'LIST', 'APPLY', 'WATCH'])
      expect(text).toMatch(new RegExp(`apiserver_request_total\\{code="20[01]",.*resource="configmaps",.*verb="${verb}"`))
  })
})
