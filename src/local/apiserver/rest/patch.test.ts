import { describe, expect, it } from 'vitest'
import {
  ApiUnderTest,
  applyPatch,
  configMap,
  definition,
  definitions,
  jsonPatch,
  maps,
  mergePatch,
  room,
  rooms,
  strategicPatch,
} from '../testing/api-under-test.ts'

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

  it('that do not fit are refused in the words of Kubernetes', async () => {
    await using api = await ApiUnderTest.start()
    await api.ok('POST', maps, configMap('p'))
    const test = await api.refused('PATCH', `${maps}/p`, [{ op: 'test', path: '/data/a', value: 'x' }], jsonPatch)
    expect(test).toMatchObject({ code: 422, message: 'the server rejected our request due to an error in our request', details: {} })
    const type = await api.refused('PATCH', `${maps}/p`, { data: { a: 5 } }, mergePatch)
    expect(type.message).toMatch(
      /^ "" is invalid: patch: Invalid value: "\{.*\}": json: cannot unmarshal number into Go struct field ConfigMap.data of type string$/,
    )
    const unknown = await api.refused('PATCH', `${maps}/p?fieldValidation=Strict`, { dta: { b: [1, null] } }, strategicPatch)
    expect(unknown.message).toBe(
      ' "" is invalid: patch: Invalid value: "map[dta:map[b:[1 <nil>]]]": strict decoding error: unknown field "dta"',
    )
    expect(await api.ok('GET', `${maps}/p`, undefined)).toMatchObject({ data: { a: '1' } })
  })

  it('apply takes only what the schema declares', async () => {
    await using api = await ApiUnderTest.start()
    const odd = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 's' }, dta: {} }
    expect(await api.refused('PATCH', `${maps}/s?fieldManager=one`, odd, applyPatch)).toMatchObject({
      code: 500,
      message: 'failed to create typed patch object (/s; /v1, Kind=ConfigMap): .dta: field not declared in schema',
    })
  })
})
