import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { startCluster } from './harness/cluster.ts'
import { eventually } from './harness/eventually.ts'
import { testNeeding } from './harness/needs.ts'
import { gameServerSet, podsOf, serversOf, settled } from './harness/okg.ts'
import { alive, descendants } from './harness/processes.ts'
import { root } from './harness/run.ts'

const test = testNeeding('kubectl')

describe('berth dev', () => {
  test.each(['SIGINT', 'SIGKILL'] as const)('%s ends every process it started', async signal => {
    const cluster = await startCluster({ args: ['-f', join(root, 'examples/minecraft')] })
    await eventually('servers are ready', async () => /Ready/.test(await cluster.k('get gameservers.game.kruise.io')), { timeout: 60_000 })
    const pid = cluster.process?.pid
    const children = descendants(pid ?? 0)
    expect(children.length).toBeGreaterThan(0)
    if (signal === 'SIGKILL') await cluster.kill()
    await cluster[Symbol.asyncDispose]()
    await eventually('no process is left', () => alive(children).length === 0, { timeout: 5000 })
  })

  test('with --data-dir everything is there again after SIGKILL, with the same addresses', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'berth-data-'))
    try {
      const first = await startCluster({ dataDir, args: ['-f', join(root, 'examples/session-rooms')] })
      const [set] = (await first.k('get gss -o jsonpath={.items[*].metadata.name}')).split(' ')
      const name = set ?? ''
      const replicas = Number(await first.k(`get gss ${name} -o jsonpath={.spec.replicas}`))
      const ids = [...Array(replicas).keys()]
      const networks = async (cluster: typeof first) =>
        (await settled(cluster, name, ids, 60_000)).map(server => server.status?.networkStatus)
      const ready = (cluster: typeof first) =>
        eventually('networks are ready', async () => {
          const all = await networks(cluster)
          return all.every(network => network?.currentNetworkState === 'Ready') && all.map(network => network?.externalAddresses)
        })
      const before = await ready(first)
      const uids = (await podsOf(first, name)).map(pod => pod.metadata.uid)
      await first.kill()
      await first[Symbol.asyncDispose]()

      await using second = await startCluster({ dataDir })
      const after = await ready(second)
      expect((await podsOf(second, name)).map(pod => pod.metadata.uid)).toEqual(uids)
      expect(after).toEqual(before)
    } finally {
      await rm(dataDir, { recursive: true, force: true })
    }
  })

  test('two clusters run side by side without sharing an address', async () => {
    await using one = await startCluster({ args: ['-f', join(root, 'examples/2048')] })
    await using two = await startCluster({ args: ['-f', join(root, 'examples/2048')] })
    const addresses = async (cluster: typeof one) =>
      eventually(
        'addresses',
        async () => {
          const ran = await cluster.berth('addresses -o json')
          const text = ran.stdout
          return ran.code === 0 && /127\.\d+\.\d+\.\d+/.test(text) && new Set(text.match(/127\.\d+\.\d+\.\d+/g))
        },
        { timeout: 60_000 },
      )
    const [a, b] = [await addresses(one), await addresses(two)]
    expect([...a].filter(address => b.has(address))).toEqual([])
  })

  test('--load-balancer and --provider-config say which load balancers and ports there are', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'berth-config-'))
    try {
      const file = join(folder, 'config.toml')
      await writeFile(file, '[volcengine]\nenable = true\n[volcengine.clb]\nmin_port = 700\nmax_port = 710\nblock_ports = [701]\n')
      await using cluster = await startCluster({
        args: ['--simulate', '--load-balancer', 'volcengine=clb-ours', '--provider-config', file],
      })
      const on = (name: string, id: string) =>
        gameServerSet({
          name,
          replicas: 2,
          spec: {
            network: {
              networkType: 'Volcengine-CLB',
              networkConf: [
                { name: 'ClbIds', value: id },
                { name: 'PortProtocols', value: '80' },
              ],
            },
          },
        })
      await cluster.apply(on('ours', 'clb-ours'))
      await cluster.apply(on('theirs', 'clb-theirs'))
      const ports = async (set: string) =>
        (await serversOf(cluster, set)).map(server => server.status?.networkStatus?.externalAddresses?.[0]?.ports?.[0]?.port)
      await eventually('ours have their ports', async () => JSON.stringify(await ports('ours')) === '[700,702]')
      await eventually('the cloud says that it does not know the other', async () =>
        (await cluster.k('describe gss theirs')).includes('clb-theirs'),
      )
      expect(await ports('theirs')).toEqual([undefined, undefined])
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })

  test('an empty cluster serves, and says how to use it', async () => {
    await using cluster = await startCluster()
    expect(cluster.output()).toContain(cluster.kubeconfig)
    expect(await cluster.k('get pods')).toBe('')
  })
})
