import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { openBrowser } from './harness/browser.ts'
import { startCluster, type TestCluster } from './harness/cluster.ts'
import { eventually } from './harness/eventually.ts'
import { testNeeding } from './harness/needs.ts'
import { containerStatus, deletePods, type GameServer, patchServer, patchSet, podsOf, serversOf, settled } from './harness/okg.ts'
import { tcpAsk, udpAsk } from './harness/players.ts'
import { root, run } from './harness/run.ts'

const test = testNeeding('kubectl')
const testInBrowser = testNeeding('kubectl', 'chromium')
const example = (name: string) => join(root, 'examples', name, 'gameserverset.yaml')

/** Where players reach a server, as its status says. */
function address(server: GameServer, protocol: string): { host: string; port: number } {
  for (const { ip, endPoint, ports } of server.status?.networkStatus?.externalAddresses ?? []) {
    const port = ports?.find(one => one.protocol === protocol)
    if (port !== undefined) return { host: ip || (endPoint ?? ''), port: Number(port.port) }
  }
  throw new Error(`${server.metadata.name} has no ${protocol} address`)
}

async function reachable(cluster: TestCluster, set: string, ids: readonly number[]): Promise<GameServer[]> {
  await settled(cluster, set, ids, 60_000)
  return eventually('every server has its address', async () => {
    const servers = await serversOf(cluster, set)
    return (
      servers.length === ids.length && servers.every(server => server.status?.networkStatus?.currentNetworkState === 'Ready') && servers
    )
  })
}

describe('the stories of the examples', () => {
  let cluster: TestCluster
  beforeAll(async () => {
    cluster = await startCluster()
  })
  afterAll(() => cluster[Symbol.asyncDispose]())

  describe('2048 on HwCloud-CCE-ELB', () => {
    let browser: Browser
    beforeAll(async () => {
      browser = await openBrowser()
    })
    afterAll(() => browser.close())

    /** Plays a few moves on the server's page and leaves it open. */
    async function openPage(server: GameServer): Promise<Page> {
      const { host, port } = address(server, 'TCP')
      const page = await browser.newPage()
      await page.goto(`http://${host}:${port}/`)
      await page.locator('#version', { hasText: 'v1.0' }).waitFor()
      for (const key of ['ArrowLeft', 'ArrowUp', 'ArrowRight', 'ArrowDown', 'ArrowLeft', 'ArrowUp']) await page.keyboard.press(key)
      await page.locator('#acknowledged', { hasText: /^[1-9]\d*, lost 0$/ }).waitFor()
      return page
    }
    const board = (page: Page) => page.locator('.tile').allTextContents()

    async function updateSidecar(set: string): Promise<void> {
      process.env['KUBE_EDITOR'] = 'sed -i s#2048-sidecar:v1.0#2048-sidecar:v2.0#'
      try {
        expect(await cluster.k(`edit gss ${set}`)).toMatch(/edited/)
      } finally {
        delete process.env['KUBE_EDITOR']
      }
      await eventually('every sidecar runs v2.0', async () =>
        (await podsOf(cluster, set)).every(
          pod => containerStatus(pod, 'sidecar')?.image.endsWith(':v2.0') === true && containerStatus(pod, 'sidecar')?.ready,
        ),
      )
    }

    testInBrowser('the sidecar is edited to v2.0: the open page shows the new text by itself, and nothing else moves', async () => {
      await cluster.applyExample(example('2048'))
      const servers = await reachable(cluster, 'gss-2048', [0, 1, 2])
      const before = await podsOf(cluster, 'gss-2048')
      const page = await openPage(servers[1] as GameServer)
      const tiles = await board(page)
      const serverBefore = await page.locator('#server').textContent()

      await updateSidecar('gss-2048')
      await page.locator('#version', { hasText: 'v2.0' }).waitFor()
      expect(await board(page)).toEqual(tiles)
      await page.locator('#give-up').click()
      expect(await page.locator('#message').textContent()).toBe('So close! One more try?')
      expect(await page.locator('#server').textContent()).toBe(serverBefore)
      expect(await page.locator('#acknowledged').textContent()).toMatch(/lost 0$/)
      await page.close()

      await settled(cluster, 'gss-2048', [0, 1, 2])
      const after = await podsOf(cluster, 'gss-2048')
      expect(after.map(pod => [pod.metadata.uid, containerStatus(pod, 'app-2048')])).toEqual(
        before.map(pod => [pod.metadata.uid, containerStatus(pod, 'app-2048')]),
      )
      expect(after.map(pod => containerStatus(pod, 'sidecar')?.restartCount)).toEqual([1, 1, 1])
      expect((await serversOf(cluster, 'gss-2048')).map(server => server.status?.networkStatus?.externalAddresses)).toEqual(
        servers.map(server => server.status?.networkStatus?.externalAddresses),
      )
    })

    testInBrowser('reloading by hand: the page changes when the command is run in the container, not before', async () => {
      const manual = (await readFile(example('2048'), 'utf8'))
        .replace('namespace: default', `namespace: ${cluster.namespace}`)
        .replaceAll('gss-2048', 'manual-2048')
        .replace(/( +)image: (.*\/2048:v1\.0)/, '$1image: $2\n$1env: [{ name: RELOAD, value: manual }]')
        .replace('replicas: 3', 'replicas: 1')
      await cluster.apply(manual)
      const [server] = await reachable(cluster, 'manual-2048', [0])
      // The content comes after the game's start; by hand it has to be told of that too.
      await eventually('the first content is there', async () => {
        await cluster.k('exec manual-2048-0 -c app-2048 -- /usr/local/bin/reload')
        const { host, port } = address(server as GameServer, 'TCP')
        return ((await (await fetch(`http://${host}:${port}/status`)).json()) as { version: string }).version === 'v1.0'
      })
      const page = await openPage(server as GameServer)
      await updateSidecar('manual-2048')
      await page.waitForTimeout(500)
      expect(await page.locator('#version').textContent()).toBe('v1.0')
      await cluster.k('exec manual-2048-0 -c app-2048 -- nginx -s reload')
      await page.locator('#version', { hasText: 'v2.0' }).waitFor()
      await page.close()
    })
  })

  const minecraft = async (server: GameServer) => {
    const { host, port } = address(server, 'TCP')
    return JSON.parse(await tcpAsk(host, port, 'status\n')) as { version: string; boot: string }
  }

  test('Minecraft-like servers, OnDelete: who plays stays, who is new or re-created runs the new version', async () => {
    await cluster.applyExample(example('minecraft'))
    const servers = await reachable(cluster, 'minecraft', [0, 1, 2])
    const before = await Promise.all(servers.map(minecraft))
    expect(before.map(({ version }) => version)).toEqual(['1.12.2', '1.12.2', '1.12.2'])
    await cluster.k([
      'patch',
      'gss',
      'minecraft',
      '--type=json',
      '-p',
      '[{"op":"replace","path":"/spec/gameServerTemplate/spec/containers/0/image","value":"registry.cn-hangzhou.aliyuncs.com/berth-examples/minecraft-demo:1.13.0"}]',
    ])
    await patchSet(cluster, 'minecraft', { spec: { replicas: 5 } })
    const five = await reachable(cluster, 'minecraft', [0, 1, 2, 3, 4])
    const after = await Promise.all(five.map(minecraft))
    expect(after.slice(0, 3)).toEqual(before)
    expect(after.slice(3).map(({ version }) => version)).toEqual(['1.13.0', '1.13.0'])
    await deletePods(cluster, 'minecraft-1')
    const again = await reachable(cluster, 'minecraft', [0, 1, 2, 3, 4])
    expect((await Promise.all(again.map(minecraft))).map(({ version }) => version)).toEqual([
      '1.12.2',
      '1.13.0',
      '1.12.2',
      '1.13.0',
      '1.13.0',
    ])
  })

  test('the same, directed: servers 1 and 2 run 1.13.0, server 0 does not; the override survives the pod', async () => {
    await cluster.applyExample(example('minecraft-directed'))
    await reachable(cluster, 'minecraft-directed', [0, 1, 2])
    const containers = [{ name: 'minecraft', image: 'registry.cn-hangzhou.aliyuncs.com/berth-examples/minecraft-demo:1.13.0' }]
    for (const n of [1, 2]) await patchServer(cluster, `minecraft-directed-${n}`, { spec: { containers } })
    const versions = async () =>
      (await Promise.all((await reachable(cluster, 'minecraft-directed', [0, 1, 2])).map(minecraft))).map(({ version }) => version)
    await eventually('1 and 2 run 1.13.0', async () => JSON.stringify(await versions()) === '["1.12.2","1.13.0","1.13.0"]')
    await deletePods(cluster, 'minecraft-directed-2')
    await eventually('2 comes back as 1.13.0', async () => JSON.stringify(await versions()) === '["1.12.2","1.13.0","1.13.0"]')
  })

  test('session rooms on Volcengine-CLB: TCP and UDP, a fixed address over re-creation, and the room knows it', async () => {
    await cluster.applyExample(example('session-rooms'))
    const rooms = await reachable(cluster, 'session-rooms', [0, 1, 2, 3])
    const before = rooms.map(room => room.status?.networkStatus?.externalAddresses)
    const ask = async (room: GameServer) => {
      const { host, port } = address(room, 'TCP')
      return JSON.parse(await tcpAsk(host, port, 'status\n')) as {
        room: string
        boot: string
        addresses: { protocol: string; address: string }[]
      }
    }
    const first = rooms[0] as GameServer
    const knows = () =>
      eventually('the room knows its own address', async () => {
        const status = await ask(first)
        const tcp = address(first, 'TCP')
        return status.addresses.some(own => own.address === `${tcp.host}:${tcp.port}`) && status
      })
    const status = await knows()
    expect(status.room).toBe('session-rooms-0')
    const udp = address(first, 'UDP')
    expect(await udpAsk(udp.host, udp.port, 'hello')).toMatch(/^\d+ hello$/)
    await deletePods(cluster, 'session-rooms-0')
    const after = (await reachable(cluster, 'session-rooms', [0, 1, 2, 3])).map(room => room.status?.networkStatus?.externalAddresses)
    expect(after).toEqual(before)
    expect((await knows()).boot).not.toBe(status.boot)
  })

  test('berth demo tells the whole story, twice and beside this cluster', async () => {
    for (let time = 0; time < 2; time += 1) {
      const ran = await run(join(root, 'berth'), ['demo', '--json', '--kubeconfig', join(root, '.berth', `demo-${process.pid}`)], {
        timeout: 100_000,
      })
      expect(ran.code, ran.stdout + ran.stderr).toBe(0)
      const result = JSON.parse(ran.stdout) as { ok: boolean; seconds: number; acts: { checks: { ok: boolean }[] }[] }
      expect(result.ok).toBe(true)
      expect(result.seconds).toBeLessThan(60)
      expect(result.acts.map(act => act.checks.length)).toEqual([9, 4, 3])
    }
  })
})
