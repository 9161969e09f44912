import { describe, expect, it } from 'vitest'
import {
  condition,
  container,
  createSet,
  eventually,
  patchSet,
  podsOf,
  serversOf,
  settled,
  useInProcessOkg,
} from '../../../test/harness/in-process-okg.ts'

useInProcessOkg()

describe('networks', () => {
  const network = (networkType: string, ...networkConf: [string, string][]) => ({
    network: { networkType, networkConf: networkConf.map(([name, value]) => ({ name, value })) },
  })

  it('gives host ports with the pod itself and publishes them once', async () => {
    await createSet('host', 2, network('Kubernetes-HostPort', ['ContainerPorts', 'game:80,90/UDP']))
    const servers = await settled('host', [0, 1])
    const [pod] = await podsOf('host')
    expect(pod?.spec?.containers[0]?.ports).toHaveLength(2)
    await eventually(async () => {
      for (const server of await serversOf('host'))
        expect(server.status?.networkStatus).toMatchObject({
          networkType: 'Kubernetes-HostPort',
          currentNetworkState: 'Ready',
          desiredNetworkState: 'Ready',
        })
    })
    expect(servers[0]?.status?.networkStatus?.externalAddresses?.[0]?.ports).toHaveLength(2)
    expect(JSON.parse(pod?.metadata.annotations?.['game.kruise.io/network-status'] ?? '')).toMatchObject({
      currentNetworkState: 'Ready',
      createTime: null,
    })
  })

  it('tells on the set when there is no room, and serves the rest', async () => {
    await createSet('full', 51, network('Volcengine-CLB', ['ClbIds', 'clb-full'], ['PortProtocols', '80']))
    await eventually(async () =>
      expect(await condition('full', 'AddressesMissing')).toMatchObject({ status: 'True', reason: 'NoFreePorts' }),
    )
  })

  it('refuses what could never work, naming field and cure', async () => {
    const refused = async (spec: object, ...texts: RegExp[]) => {
      const message = await createSet('bad', 1, spec).then(
        () => 'accepted',
        (error: Error) => error.message,
      )
      for (const text of texts) expect(message).toMatch(text)
    }
    await refused(network('Volcengine-CBL', ['PortProtocols', '80']), /spec\.network\.networkType/, /Volcengine-CBL/, /Volcengine-CLB/)
    await refused(network('Volcengine-CLB', ['ClbId', 'x'], ['PortProtocols', '80']), /ClbIds/)
    await refused({ reserveGameServerIds: [3, '2-4'] }, /spec\.reserveGameServerIds\[1\]/)
    await refused({ reserveGameServerIds: ['6-4'] }, /spec\.reserveGameServerIds\[0\]/)
    await createSet('only', 0, { updateStrategy: { rollingUpdate: { podUpdatePolicy: 'InPlaceOnly' } } })
    await expect(
      patchSet('only', { gameServerTemplate: { spec: { containers: [container('game:1', { env: [{ name: 'A', value: 'b' }] })] } } }),
    ).rejects.toThrow(/InPlaceOnly/)
  })
})
