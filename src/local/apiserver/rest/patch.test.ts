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
})
