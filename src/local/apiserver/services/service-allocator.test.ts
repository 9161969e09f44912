import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ApiUnderTest, mergePatch, service } from '../testing/api-under-test.ts'

const path = '/api/v1/namespaces/default/services'

const wish = fc.record({
  name: fc.constantFrom('a', 'b', 'c', 'd'),
  remove: fc.boolean(),
  type: fc.constantFrom('ClusterIP', 'NodePort', 'LoadBalancer'),
  nodePort: fc.constantFrom(undefined, 30_500, 30_501),
})

describe('service allocation', () => {
  it('never gives one address or node port to two services, whatever is asked', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(wish, { maxLength: 20 }), async wishes => {
        await using api = await ApiUnderTest.start()
        for (const { name, remove, type, nodePort } of wishes) {
          if (remove) await api.send('DELETE', `${path}/${name}`)
          else {
            const port = { port: 80, ...(nodePort === undefined || type === 'ClusterIP' ? {} : { nodePort }) }
            await api.send('POST', path, service(name, { type, ports: [port] }))
          }
          const { items } = await api.list('/api/v1/services')
          const ips = items.map(({ spec }) => spec['clusterIP'])
          expect(new Set(ips).size).toBe(ips.length)
          const ports = items.flatMap(({ spec }) => (spec['ports'] as { nodePort?: number }[]).flatMap(each => each.nodePort ?? []))
          expect(new Set(ports).size).toBe(ports.length)
        }
      }),
      { numRuns: 40 },
    )
  })

  it('get addresses and ports that no other has, and give them back', async () => {
    await using api = await ApiUnderTest.start()
    const a = await api.ok(
      'POST',
      path,
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
    expect((await api.refused('POST', path, asked)).message).toBe(
      `Service "b" is invalid: spec.ports[0].nodePort: Invalid value: ${ports[0]}: provided port is already allocated`,
    )
    const outside = await api.refused('POST', path, service('c', { type: 'NodePort', ports: [{ port: 80, nodePort: 80 }] }))
    expect(outside.message).toContain('The range of valid ports is 30000-32767')
    const sameIp = await api.refused('POST', path, service('d', { clusterIP: a.spec['clusterIP'] }))
    expect(sameIp.message).toContain('provided IP is already allocated')
    await api.ok('DELETE', `${path}/a`)
    await api.ok('POST', path, asked)
    expect(await api.ok('POST', path, service('h', { clusterIP: 'None' }))).toMatchObject({
      spec: { clusterIP: 'None', clusterIPs: ['None'] },
    })
  })

  it('follows a change of type', async () => {
    await using api = await ApiUnderTest.start()
    await api.ok('POST', path, service('s'))
    const opened = await api.ok('PATCH', `${path}/s`, { spec: { type: 'NodePort' } }, mergePatch)
    const [port] = opened.spec['ports'] as { nodePort: number }[]
    expect(port?.nodePort).toBeGreaterThanOrEqual(30_000)
    const again = await api.ok('PATCH', `${path}/s`, { metadata: { labels: { a: 'b' } } }, mergePatch)
    expect(again.spec).toEqual(opened.spec)
    const closed = await api.ok('PATCH', `${path}/s`, { spec: { type: 'ClusterIP' } }, mergePatch)
    expect((closed.spec['ports'] as object[])[0]).not.toHaveProperty('nodePort')
    await api.ok('POST', path, service('t', { type: 'NodePort', ports: [{ port: 80, nodePort: port?.nodePort }] }))
  })

  it('gives a load balancer without node ports none, and one with local traffic a health check port', async () => {
    await using api = await ApiUnderTest.start()
    const bare = await api.ok('POST', path, service('bare', { type: 'LoadBalancer', allocateLoadBalancerNodePorts: false }))
    expect((bare.spec['ports'] as object[])[0]).not.toHaveProperty('nodePort')
    const local = await api.ok('POST', path, service('local', { type: 'LoadBalancer', externalTrafficPolicy: 'Local' }))
    expect(local.spec['healthCheckNodePort']).toBeGreaterThanOrEqual(30_000)
  })

  it('gives an external name nothing', async () => {
    await using api = await ApiUnderTest.start()
    const created = await api.ok('POST', path, service('e', { type: 'ExternalName', externalName: 'example.com', ports: undefined }))
    expect(created.spec).not.toHaveProperty('clusterIP')
  })
})
