import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  ApiUnderTest,
  applyPatch,
  configMap,
  definition,
  definitions,
  maps,
  room,
  rooms,
  service,
  services,
} from './testing/api-under-test.ts'

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

describe('default objects', () => {
  it('come back when they are deleted', async () => {
    await using api = await ApiUnderTest.start()
    const path = '/api/v1/namespaces/default/services/kubernetes'
    const before = await api.ok('GET', path)
    await api.ok('DELETE', path)
    await api.until(() => api.exists(path))
    expect((await api.ok('GET', path)).spec['clusterIP']).toBe(before.spec['clusterIP'])
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
