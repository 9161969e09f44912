import { describe, expect, it } from 'vitest'
import { ApiUnderTest, configMap, maps, mergePatch } from '../testing/api-under-test.ts'

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
