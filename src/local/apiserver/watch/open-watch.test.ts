import { describe, expect, it } from 'vitest'
import { ApiUnderTest, configMap, maps, mergePatch } from '../testing/api-under-test.ts'

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
