import { describe, expect, it } from 'vitest'
import { gameServers } from '../../apis/agones.dev/game-server.ts'
import { events, nodes, pods } from '../../apis/core/resources.generated.ts'
import {
  at,
  client,
  createServer,
  eventually,
  inState,
  restartFamily,
  sdk,
  serverOf,
  useInProcessAgones,
  writes,
} from '../../../test/harness/in-process-agones.ts'

useInProcessAgones()

const podOf = (name: string) => client.get(pods, at(name))
const messagesOf = async (name: string) =>
  (await client.list(events)).items.filter(({ involvedObject }) => involvedObject.name === name).map(({ message }) => message)
const gone = (name: string) => eventually(() => expect(serverOf(name)).rejects.toMatchObject({ code: 404 }) as Promise<void>)

describe('a GameServer', () => {
  it('gets a port, a pod and an address, and is Ready when its game says so', async () => {
    await createServer('simple')
    const scheduled = await inState('simple', 'Scheduled')
    const node = (await client.list(nodes)).items[0]
    const [port] = scheduled.spec.ports ?? []
    expect(port?.hostPort).toBeGreaterThanOrEqual(7000)
    expect(scheduled.status).toMatchObject({
      nodeName: node?.metadata.name,
      ports: [{ name: 'default', port: port?.hostPort }],
      address: node?.status?.addresses?.find(({ type }) => type === 'InternalIP')?.address,
    })
    const pod = await podOf('simple')
    expect(scheduled.status?.addresses?.at(-1)).toEqual({ type: 'PodIP', address: pod.status?.podIP })
    expect(pod.spec?.containers[0]?.ports).toEqual([{ containerPort: 7654, hostPort: port?.hostPort, protocol: 'UDP' }])
    await sdk('simple', 'RequestReady')
    await inState('simple', 'Ready')
    const ours = writes.filter(write => /pods$|gameservers/.test(write))
    // One of the patches is the sidecar's; the first is that of a server which a user made: its fleet would have given it the port.
    expect(ours).toEqual([
      'POST gameservers',
      'PATCH gameservers',
      'POST pods',
      'PATCH gameservers',
      'PATCH gameservers',
      'PATCH gameservers',
    ])
  })

  it('keeps its finalizer until the pod is gone', async () => {
    await createServer('leaving')
    await inState('leaving', 'Scheduled')
    expect((await serverOf('leaving')).metadata.finalizers).toEqual(['agones.dev/controller'])
    await sdk('leaving', 'Shutdown')
    await gone('leaving')
    await expect(podOf('leaving')).rejects.toMatchObject({ code: 404 })
  })

  it('is Unhealthy when its pod goes, also while nobody looked', async () => {
    for (const name of ['first', 'second']) {
      await createServer(name)
      await inState(name, 'Scheduled')
    }
    await client.delete(pods, at('first'), { gracePeriodSeconds: 0 })
    await inState('first', 'Unhealthy')
    await restartFamily()
    await client.delete(pods, at('second'), { gracePeriodSeconds: 0 })
    await inState('second', 'Unhealthy')
  })

  it('of a developer is Ready at once, without a pod', async () => {
    const port = { name: 'default', portPolicy: 'Static' as const, containerPort: 1, hostPort: 17654 }
    await createServer('mine', { ports: [port] }, { annotations: { 'agones.dev/dev-address': '192.0.2.1' } })
    const ready = await inState('mine', 'Ready')
    expect(ready.status).toMatchObject({
      address: '192.0.2.1',
      nodeName: '192.0.2.1',
      addresses: [{ type: 'InternalIP', address: '192.0.2.1' }],
      ports: [{ name: 'default', port: 17654 }],
    })
    await expect(podOf('mine')).rejects.toMatchObject({ code: 404 })
    await client.delete(gameServers, at('mine'))
    await gone('mine')
  })

  it('goes to Error when its pod is refused, and says why', async () => {
    const containers = [{ name: 'game', image: 'game:1', volumeMounts: [{ name: 'nowhere', mountPath: '/x' }] }]
    await createServer('refused', { template: { spec: { containers } } })
    const { metadata } = await inState('refused', 'Error')
    expect(Date.parse(metadata.annotations?.['agones.dev/errored-at'] ?? '')).not.toBeNaN()
    expect(metadata.annotations?.['berth.dev/error']).toMatch(/spec\.containers\[0\]\.volumeMounts\[0\]\.name: .*nowhere/)
  })

  it('goes to Error as well where admission has not seen what it would refuse', async () => {
    const containers = ['a', 'b'].map(name => ({ name, image: 'game:1' }))
    await createServer('unseen', { template: { spec: { containers } } })
    const { metadata } = await inState('unseen', 'Error')
    expect(metadata.annotations?.['berth.dev/error']).toContain('spec.container: Required value: Container is required when using multiple')
    await expect(podOf('unseen')).rejects.toMatchObject({ code: 404 })
  })

  it('whose range of ports nobody knows, or has too few, waits and says for what', async () => {
    await createServer('odd', { ports: [{ name: 'a', containerPort: 1, range: 'nobodys' }] })
    await createServer('many', { ports: ['a', 'b', 'c'].map(name => ({ name, containerPort: 1, range: 'few' })) })
    await eventually(async () => expect(await messagesOf('odd')).toEqual(['there is no port range "nobodys", only default, few']))
    await eventually(async () => expect(await messagesOf('many')).toEqual(['no host ports are left for 3 ports']))
    expect((await serverOf('odd')).status?.state).toBe('PortAllocation')
  })

  it('has one number for a port of both protocols, and different ones for different ports', async () => {
    await createServer('both', {
      ports: [
        { name: 'game', containerPort: 1, protocol: 'TCPUDP', range: 'few' },
        { name: 'voice', portPolicy: 'Passthrough', range: 'few' },
      ],
    })
    const { spec, status } = await inState('both', 'Scheduled')
    expect(status?.ports?.map(({ name }) => name)).toEqual(['game-tcp', 'voice', 'game-udp'])
    const [tcp, voice, udp] = status?.ports ?? []
    expect(tcp?.port).toBe(udp?.port)
    expect(new Set([tcp?.port, voice?.port])).toEqual(new Set([9000, 9001]))
    expect(spec.ports?.[1]?.containerPort).toBe(voice?.port)
  })
})
