import { describe, expect, it } from 'vitest'
import { ApiUnderTest, definition, definitions, jsonPatch, mergePatch, room, rooms } from '../testing/api-under-test.ts'

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
    expect(wrong.details?.causes?.map(cause => cause.field).toSorted()).toEqual(['.spec.seats', 'spec.map', 'spec.mode', 'spec.seats'])
    await api.ok('DELETE', `${definitions}/rooms.example.com`)
    await api.until(async () => !(await api.exists(`${definitions}/rooms.example.com`)))
    expect(await api.exists(rooms)).toBe(false)
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
