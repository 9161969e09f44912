import { describe, expect, it } from 'vitest'
import { ApiUnderTest, configMap, maps, mergePatch, pod, pods } from '../testing/api-under-test.ts'

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
