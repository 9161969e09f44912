import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { startCluster, type TestCluster } from './harness/cluster.ts'
import { eventually } from './harness/eventually.ts'
import { testNeeding } from './harness/needs.ts'
import { gameServerSet, patchSet, podsOf, settled } from './harness/okg.ts'
import { root } from './harness/run.ts'

const test = testNeeding('kubectl')

describe('controllers in a process of their own, over HTTPS', () => {
  let cluster: TestCluster
  const running = new Set<ChildProcess>()
  beforeAll(async () => {
    cluster = await startCluster({ args: ['--simulate', '--no-controllers'] })
  })
  afterAll(async () => {
    for (const child of running) child.kill('SIGKILL')
    await cluster[Symbol.asyncDispose]()
  })

  function start(...args: string[]): { child: ChildProcess; log: () => string } {
    const child = spawn(join(root, 'berth'), ['controller', ...args], {
      env: { ...process.env, KUBECONFIG: cluster.kubeconfig },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let log = ''
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => (log += chunk))
    running.add(child)
    child.once('exit', () => running.delete(child))
    return { child, log: () => log }
  }

  test('installs its kinds, works, serves health and metrics; a killed leader is replaced and nothing is lost', async () => {
    const port = 20_000 + (process.pid % 20_000)
    const first = start('--install-crds', '--bind', `127.0.0.1:${port}`)
    await eventually('it is at work', () => first.log().includes('controllers are at work'))
    await cluster.apply(gameServerSet({ name: 'apart', replicas: 5 }))
    await settled(cluster, 'apart', [0, 1, 2, 3, 4])
    expect((await fetch(`http://127.0.0.1:${port}/readyz`)).status).toBe(200)
    const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
    expect(metrics).toMatch(/^leader_election_master_status\{.*\} 1$/m)
    expect(metrics).toMatch(/^controller_runtime_reconcile_total\{/m)

    const second = start()
    const uids = (await podsOf(cluster, 'apart')).map(pod => pod.metadata.uid)
    await patchSet(cluster, 'apart', { spec: { replicas: 40 } })
    first.child.kill('SIGKILL')
    await settled(cluster, 'apart', [...Array(40).keys()], 60_000)
    expect((await podsOf(cluster, 'apart')).slice(0, 5).map(pod => pod.metadata.uid)).toEqual(uids)
    expect(second.log()).toMatch(/became leader/)
  })

  test('a graceful stop hands the lease over at once', async () => {
    for (const child of running) child.kill('SIGTERM')
    await eventually('they end', () => running.size === 0)
    const third = start()
    await eventually('the next one leads', () => third.log().includes('controllers are at work'), { timeout: 5000 })
    third.child.kill('SIGTERM')
    const [code] = (await once(third.child, 'exit')) as [number | null]
    expect(code).toBe(0)
  })
})
