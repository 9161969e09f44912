import { copyFile, mkdir, mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect } from 'vitest'
import { startCluster } from './harness/cluster.ts'
import { eventually } from './harness/eventually.ts'
import { MortalCluster } from './harness/faults-cluster.ts'
import { testNeeding } from './harness/needs.ts'
import { gameServerSet, patchSet, podsOf, serversOf, settled } from './harness/okg.ts'
import { tcpAsk, udpAsk } from './harness/players.ts'
import { root } from './harness/run.ts'

const test = testNeeding('kubectl')

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-crashes-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const mortal = (...args: string[]) => new MortalCluster(join(folder, 'data'), args)

const clb = (ids: string, ports: string, fixed = false) => ({
  networkType: 'Volcengine-CLB',
  networkConf: [
    { name: 'ClbIds', value: ids },
    { name: 'PortProtocols', value: ports },
    { name: 'Fixed', value: String(fixed) },
  ],
})
const hostPorts = { networkType: 'Kubernetes-HostPort', networkConf: [{ name: 'ContainerPorts', value: 'game:80/TCP,90/UDP' }] }
const range = (count: number) => [...Array(count).keys()]

/** `ip:port/protocol` of every server, published as ready; throws until all are. */
async function published({ now }: MortalCluster, set: string): Promise<string[][]> {
  const servers = await serversOf(now, set)
  return servers.map(({ metadata, status }) => {
    const { currentNetworkState, externalAddresses = [] } = status?.networkStatus ?? {}
    if (currentNetworkState !== 'Ready') throw new Error(`the network of ${metadata.name} is ${currentNetworkState}`)
    return externalAddresses.flatMap(({ ip, ports = [] }) => ports.map(({ port, protocol }) => `${ip}:${port}/${protocol}`))
  })
}

const reachable = (cluster: MortalCluster, set: string) =>
  eventually(`${set} publishes its addresses`, async () => {
    const addresses = await published(cluster, set)
    expect(new Set(addresses.flat()).size).toBe(addresses.flat().length)
    return addresses
  })

/** Every address of a server is answered by it, on TCP and UDP. */
async function answered(addresses: readonly string[], by: string): Promise<void> {
  expect(addresses.length).toBeGreaterThan(0)
  for (const address of addresses) {
    const [, host = '', port, protocol = ''] = /^(.*):(\d+)\/(.*)$/.exec(address) ?? []
    const ask = protocol === 'TCP' ? tcpAsk : udpAsk
    await eventually(`${by} answers at ${address}`, async () => {
      const answer = await ask(host, Number(port), 'hello')
      if (answer !== `${by}/${protocol} hello`) throw new Error(answer)
      return true
    })
  }
}

describe('a cluster that is killed', () => {
  test('fast re-creations of one pod, with SIGKILL among them, neither share nor lose a port', async () => {
    await using cluster = mortal('--simulate')
    await cluster.start()
    const sets = { slot: clb('clb-a', '80/TCP,90/UDP', true), pod: clb('clb-a', '80/TCP,90/UDP'), host: hostPorts }
    for (const [name, network] of Object.entries(sets)) await cluster.now.apply(gameServerSet({ name, replicas: 3, spec: { network } }))
    for (const name of Object.keys(sets)) await settled(cluster.now, name, [0, 1, 2])
    const before = await reachable(cluster, 'slot')
    for (let time = 0; time < 8; time += 1) {
      const doomed = Object.keys(sets).map(name =>
        cluster.api.send('DELETE', `/api/v1/namespaces/default/pods/${name}-1?gracePeriodSeconds=0`),
      )
      // Not waited for: the next one comes while the ports of the last are still being given back.
      await Promise.allSettled(time === 4 ? [...doomed, cluster.kill()] : doomed)
      if (time === 4) await cluster.start()
      await sleep(40)
    }
    for (const name of Object.keys(sets)) {
      await settled(cluster.now, name, [0, 1, 2])
      await reachable(cluster, name)
    }
    expect((await reachable(cluster, 'slot')).map(ports => ports.map(port => port.split(':')[1]))).toEqual(
      before.map(ports => ports.map(port => port.split(':')[1])),
    )
    expect(cluster.ports.violations).toEqual([])
  })

  test('SIGKILL right after a Service was made, before its pod is ready: the pod gets it, and no other', async () => {
    await using cluster = mortal('--simulate')
    for (const [time, fixed] of [false, true, false].entries()) {
      await cluster.start()
      const name = `born${time}`
      const { version } = await cluster.api.list('/api/v1/services')
      const made = Promise.withResolvers<void>()
      using _watch = cluster.api.watch('/api/v1/services', version, ({ type }) => type === 'ADDED' && made.resolve())
      await cluster.now.apply(gameServerSet({ name, replicas: 4, spec: { network: clb('clb-a,clb-b', '80/TCP', fixed) } }))
      await made.promise
      await cluster.kill()
    }
    await cluster.start()
    for (const time of range(3)) {
      await settled(cluster.now, `born${time}`, range(4))
      await reachable(cluster, `born${time}`)
    }
    expect((await cluster.api.list('/api/v1/services')).items).toHaveLength(13)
    expect(cluster.ports.violations).toEqual([])
  })

  test('a server that found no free port says so after a restart too, and gets one that is given back meanwhile', async () => {
    await using cluster = mortal('--simulate')
    await cluster.start()
    // A CLB of the usual range has 49 ports.
    await cluster.now.apply(gameServerSet({ name: 'many', replicas: 48, spec: { network: clb('clb-a', '80/TCP') } }))
    await settled(cluster.now, 'many', range(48))
    await cluster.now.apply(gameServerSet({ name: 'late', replicas: 2, spec: { network: clb('clb-a', '80/TCP') } }))
    const refused = () =>
      eventually('one server has no address, and its set says why', async () =>
        /NoFreePorts/.test(await cluster.now.k('get gss late -o jsonpath={.status.conditions}')),
      )
    await refused()
    await cluster.kill()
    await cluster.start()
    await refused()
    await patchSet(cluster.now, 'many', { spec: { replicas: 47 } })
    await cluster.kill()
    await cluster.start()
    await settled(cluster.now, 'late', [0, 1])
    expect((await reachable(cluster, 'late')).flat()).toHaveLength(2)
    expect(cluster.ports.violations).toEqual([])
  })

  test('whose addresses another cluster has taken meanwhile gives its servers others, and everything works there', async () => {
    await using cluster = mortal('--images', join(root, 'test/images'))
    await cluster.start()
    const sets = {
      lb: clb('clb-a', '7777/TCPUDP', true),
      host: { networkType: 'Kubernetes-HostPort', networkConf: [{ name: 'ContainerPorts', value: 'game:7777/TCPUDP' }] },
      node: { networkType: 'Kubernetes-NodePort', networkConf: [{ name: 'PortProtocols', value: '7777/TCPUDP' }] },
    }
    const image = 'registry.example.com/studio/echo:v1'
    for (const [name, network] of Object.entries(sets))
      await cluster.now.apply(gameServerSet({ name, replicas: 2, image, spec: { network } }))
    for (const name of Object.keys(sets)) await settled(cluster.now, name, [0, 1])
    const before = { lb: await reachable(cluster, 'lb'), node: await reachable(cluster, 'node') }
    const uids = (await podsOf(cluster.now, 'lb')).map(pod => pod.metadata.uid)
    await cluster.kill()

    const squatter = join(folder, 'squatter')
    await mkdir(squatter)
    await copyFile(join(folder, 'data', 'slot'), join(squatter, 'slot'))
    await using other = await startCluster({ dataDir: squatter, args: ['--simulate'] })
    const slot = (await other.k('get nodes -o jsonpath={.items[0].status.addresses[0].address}')).split('.')[1] ?? ''
    await cluster.start()
    const own = (await cluster.now.k('get nodes -o jsonpath={.items[0].status.addresses[0].address}')).split('.')[1] ?? ''
    expect(own).not.toBe(slot)

    for (const name of Object.keys(sets)) {
      await settled(cluster.now, name, [0, 1], 60_000)
      await eventually(`${name} has moved`, async () => {
        for (const address of (await published(cluster, name)).flat()) if (address.split('.')[1] !== own) throw new Error(address)
        return true
      })
    }
    // Players reach every server where it says.
    for (const name of Object.keys(sets)) {
      for (const [id, addresses] of (await published(cluster, name)).entries()) await answered(addresses, `${name}-${id} 7777`)
    }
    const ports = (addresses: string[][]) => addresses.map(list => list.map(address => address.split(':')[1]))
    expect(ports(await published(cluster, 'lb'))).toEqual(ports(before.lb))
    expect(ports(await published(cluster, 'node'))).toEqual(ports(before.node))
    expect((await podsOf(cluster.now, 'lb')).map(pod => pod.metadata.uid)).toEqual(uids)
    // What is there can be changed, and new ones come.
    await patchSet(cluster.now, 'lb', { spec: { replicas: 3 } })
    await cluster.now.k(['patch', 'gameservers.game.kruise.io', 'lb-0', '--type=merge', '-p', '{"spec":{"networkDisabled":true}}'])
    await settled(cluster.now, 'lb', [0, 1, 2])
    await eventually('lb-0 is off', async () => (await cluster.now.k('get service lb-0 -o jsonpath={.spec.type}')) === 'ClusterIP')
    expect(cluster.ports.violations).toEqual([])
  })
})

describe('a data folder', () => {
  test('that was left at any moment of its first start can be used', async () => {
    await using cluster = mortal('--simulate')
    for (const afterMs of [150, 250, 330, 400, 470, 550, 700]) await cluster.dieStarting(afterMs)
    await cluster.start()
    await cluster.now.apply(gameServerSet({ name: 'first', replicas: 2 }))
    await settled(cluster.now, 'first', [0, 1])
  })

  test('serves one cluster at a time', async () => {
    await using cluster = mortal('--simulate')
    await cluster.start()
    await expect(startCluster({ dataDir: cluster.dataDir, args: ['--simulate'] })).rejects.toThrow(/is in use by another cluster/)
    expect(await cluster.now.k('get --raw /readyz')).toBe('ok')
  })

  test('whose last writes are cut off is as it was before them, and goes on from there', async () => {
    await using cluster = mortal('--simulate')
    await cluster.start()
    await cluster.now.apply(gameServerSet({ name: 'cut', replicas: 3, spec: { network: clb('clb-a', '80/TCP', true) } }))
    await settled(cluster.now, 'cut', [0, 1, 2])
    const log = join(cluster.dataDir, 'objects', 'objects.sqlite-wal')
    const { size } = await stat(log)
    await patchSet(cluster.now, 'cut', { spec: { replicas: 5 } })
    await settled(cluster.now, 'cut', range(5))
    await cluster.kill()
    await truncate(log, size + 4096 + 700)
    await cluster.start()
    const replicas = Number(await cluster.now.k('get gss cut -o jsonpath={.spec.replicas}'))
    expect([3, 5]).toContain(replicas)
    await settled(cluster.now, 'cut', range(replicas))
    await reachable(cluster, 'cut')
  })

  test.each([
    ['the log of a cluster that was killed is gone', 'objects.sqlite-wal', undefined],
    ['the log of a cluster that was killed is empty', 'objects.sqlite-wal', ''],
    ['the database is gone and its log is not', 'objects.sqlite', undefined],
    ['the database is something else', 'objects.sqlite', 'this is not a database, and long enough to be seen as none'.repeat(200)],
  ])('is refused with its name when %s', async (_, file, content) => {
    await using cluster = mortal('--simulate')
    await cluster.start()
    await cluster.now.apply(gameServerSet({ name: 'lost', replicas: 1 }))
    await settled(cluster.now, 'lost', [0])
    await cluster.kill()
    const path = join(cluster.dataDir, 'objects', file)
    await (content === undefined ? rm(path) : writeFile(path, content))
    // As long as the log has all pages nothing is lost with the database itself.
    if (content) await rm(`${path}-wal`)
    await expect(cluster.start()).rejects.toThrow(/objects\.sqlite/)
    // Whoever has a copy can still put it back: nothing was written over.
    if (content) expect(await readFile(path, 'utf8')).toBe(content)
  })
})

test.each([
  ['simulated servers', ['--simulate'], 'registry.example.com/demo/game'],
  ['real processes', ['--images', join(root, 'test/images')], 'registry.example.com/studio/tiny'],
])('Ctrl-C in the middle of a rollout of %s ends within 5 s; the next start finishes it', async (_, args, image) => {
  await using cluster = mortal(...args)
  await cluster.start()
  const updateStrategy = { rollingUpdate: { podUpdatePolicy: 'InPlaceIfPossible', maxUnavailable: 1 } }
  const containers = (tag: string) => [
    { name: 'game', image: `${image}:v1` },
    { name: 'side', image: `${image}:${tag}` },
  ]
  const template = (tag: string) => ({ gameServerTemplate: { spec: { containers: containers(tag) } } })
  await cluster.now.apply(gameServerSet({ name: 'roll', replicas: 6, spec: { updateStrategy, ...template('v1') } }))
  await settled(cluster.now, 'roll', range(6), 60_000)
  const before = (await podsOf(cluster.now, 'roll')).map(pod => pod.metadata.uid)
  const sides = async () => (await podsOf(cluster.now, 'roll')).map(pod => pod.spec.containers[1]?.image.split(':')[1])
  await patchSet(cluster.now, 'roll', { spec: template('v2') })
  await eventually('the rollout is under way', async () => (await sides()).includes('v2'), { every: 20 })
  expect(await cluster.stop()).toBeLessThan(5000)
  await cluster.start()
  await eventually('the rollout is done', async () => (await sides()).every(tag => tag === 'v2'), { timeout: 60_000 })
  await settled(cluster.now, 'roll', range(6), 60_000)
  expect((await podsOf(cluster.now, 'roll')).map(pod => pod.metadata.uid)).toEqual(before)
})
