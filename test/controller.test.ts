import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect } from 'vitest'
import { eventually } from './harness/eventually.ts'
import { Replica, Replicas } from './harness/faults-controllers.ts'
import { type Ground, openPlane } from './harness/faults-plane.ts'
import { ApiProxy } from './harness/faults-proxy.ts'
import { testNeeding } from './harness/needs.ts'
import { gameServerSet } from './harness/okg.ts'

const test = testNeeding('kubectl')

interface Named {
  metadata: { name: string; uid: string }
}

describe('controllers in processes of their own, over HTTPS', () => {
  let folder: string
  let ground: Ground
  let replicas: Replicas
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'berth-controller-'))
    ground = await openPlane(folder, 0)
    replicas = await Replicas.start(2, ground.plane.upstream, { args: ['--lease-namespace', ground.home] })
  })
  afterEach(() => {
    expect(replicas.violations).toEqual([])
    for (const replica of replicas.all) replica.start()
  })
  afterAll(async () => {
    await replicas[Symbol.asyncDispose]()
    await ground[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  })

  const sets = () => `/apis/game.kruise.io/v1alpha1/namespaces/${ground.home}/gameserversets`
  const merge = 'application/merge-patch+json'

  async function create(name: string, count: number): Promise<void> {
    const set = gameServerSet({ name, replicas: count }) as { metadata: object }
    const answer = await ground.plane.api.send('POST', sets(), { ...set, metadata: { name, namespace: ground.home } })
    expect(answer.code).toBe(201)
  }
  const scale = (name: string, count: number) => ground.plane.api.send('PATCH', `${sets()}/${name}`, { spec: { replicas: count } }, merge)
  const podsOf = async (name: string) => {
    const path = `/api/v1/namespaces/${ground.home}/pods?labelSelector=game.kruise.io%2Fowner-gss%3D${name}`
    return (await ground.plane.api.list<Named>(path)).items
  }
  const ready = (name: string, count: number) =>
    eventually(
      `${count} servers of ${name} are ready`,
      async () => {
        const { body } = await ground.plane.api.send<{ status?: { readyReplicas?: number } }>('GET', `${sets()}/${name}`)
        const has = body.status?.readyReplicas ?? 0
        if (has !== count) throw new Error(`${has} are`)
        expect(await podsOf(name)).toHaveLength(count)
        return true
      },
      { timeout: 60_000 },
    )
  /** Both run, one of them leads, and the other has had the time to see that. */
  async function pair(): Promise<{ first: Replica; second: Replica }> {
    await eventually('somebody leads', () => replicas.leader !== undefined)
    const { first, rest } = replicas
    const [second] = rest
    if (second === undefined) throw new Error('there is one replica alone')
    await eventually('the other has begun to wait', () => second.log.length > 0 || second.pid !== undefined)
    await sleep(1500)
    return { first, second }
  }

  test('serve health and metrics, whether they lead or wait', async () => {
    const { first } = await pair()
    const port = 20_000 + (process.pid % 20_000)
    const proxy = await ApiProxy.start(ground.plane.upstream)
    await using third = new Replica('third', proxy, ['--lease-namespace', ground.home, '--bind', `127.0.0.1:${port}`])
    third.start()
    const ask = async (path: string) => (await fetch(`http://127.0.0.1:${port}${path}`)).status
    await eventually('it has seen everything and waits', async () => (await ask('/readyz')) === 200)
    expect(await ask('/healthz')).toBe(200)
    await create('apart', 5)
    await ready('apart', 5)
    const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
    expect(metrics).toMatch(/^rest_client_requests_total\{code="200",method="GET"\} \d+$/m)
    expect(metrics).not.toMatch(/^controller_runtime_reconcile_total/m)
    expect(proxy.writes).toEqual([])
    expect(replicas.first).toBe(first)
  })

  test('the lease costs the leader one request a second, and who waits none', async () => {
    const { first, second } = await pair()
    const [before, after] = [first.proxy.writes.length, second.proxy.writes.length]
    const began = performance.now()
    await sleep(10_000)
    // A busy machine sleeps longer, and its requests take longer.
    const seconds = (performance.now() - began) / 1000
    const written = first.proxy.writes.slice(before).filter(({ holder }) => holder !== undefined)
    expect(written.length).toBeGreaterThanOrEqual(5)
    expect(written.length).toBeLessThanOrEqual(Math.ceil(seconds) + 1)
    expect(second.proxy.writes.slice(after)).toEqual([])
  })

  test('a killed leader is replaced within five seconds and nothing is lost', async () => {
    const { first } = await pair()
    await create('killed', 5)
    await ready('killed', 5)
    const uids = (await podsOf('killed')).map(({ metadata }) => metadata.uid)
    await scale('killed', 60)
    await sleep(50)
    const killedAt = performance.now()
    await first.end('SIGKILL')
    await eventually('the other leads', () => replicas.leader !== undefined && replicas.leader.replica !== first, { every: 5 })
    const took = (replicas.leader?.since ?? 0) - killedAt
    expect(took).toBeLessThan(5000)
    await ready('killed', 60)
    const now = (await podsOf('killed')).map(({ metadata }) => metadata.uid)
    expect(uids.filter(uid => !now.includes(uid))).toEqual([])
  })

  test('a graceful stop hands over at once, not when the lease runs out', async () => {
    const { first } = await pair()
    await create('handed', 60)
    await eventually('it is being made', async () => (await podsOf('handed')).length > 5)
    const toldAt = performance.now()
    const ended = first.end('SIGTERM')
    await eventually('the other leads', () => replicas.leader !== undefined && replicas.leader.replica !== first, { every: 5 })
    // A tenth of a second on an idle machine; without the release it would take four.
    expect((replicas.leader?.since ?? 0) - toldAt).toBeLessThan(2500)
    await ended
    await ready('handed', 60)
  })

  test('a leader that was stopped in mid-scale and continues after another has taken over writes nothing', async () => {
    const { first } = await pair()
    await create('fenced', 2)
    await ready('fenced', 2)
    let writes = 0
    const { onWrite } = first.proxy
    const stopped = new Promise<void>(resolve => {
      first.proxy.onWrite = write => {
        onWrite(write)
        if (!/events|leases/.test(write.path) && (writes += 1) === 40) {
          first.signal('SIGSTOP')
          resolve()
        }
      }
    })
    await scale('fenced', 120)
    await stopped
    first.proxy.onWrite = onWrite
    await eventually('the other leads', () => replicas.leader !== undefined && replicas.leader.replica !== first)
    // It has all of this still in its queues when it wakes.
    expect((await podsOf('fenced')).length).toBeLessThan(120)
    const since = replicas.leader?.since ?? 0
    first.signal('SIGCONT')
    await ready('fenced', 120)
    await eventually('it has noticed', () => first.log.some(({ msg }) => msg === 'no longer leader'))
    await sleep(2000)
    // It may stand for election, with a version that is refused.
    const late = first.proxy.writes.filter(({ at }) => at > since)
    expect(late.filter(({ holder }) => holder === undefined)).toEqual([])
    expect(late.filter(({ code }) => code < 300)).toEqual([])
    expect(first.runs).toBe(true)
  })

  test('alone and without a lease it serves health while it works, and ends when it is told to', async () => {
    for (const replica of replicas.all) await replica.end('SIGTERM')
    const port = 20_001 + (process.pid % 20_000)
    const args = ['--no-leader-elect', '--bind', `127.0.0.1:${port}`]
    await using alone = new Replica('alone', await ApiProxy.start(ground.plane.upstream), args)
    alone.start()
    const ask = async (path: string) => (await fetch(`http://127.0.0.1:${port}${path}`)).status
    await eventually('it works', async () => (await ask('/readyz')) === 200)
    await create('alone', 5)
    await ready('alone', 5)
    expect(await ask('/healthz')).toBe(200)
    expect(alone.proxy.writes.filter(({ holder }) => holder !== undefined)).toEqual([])
    const toldAt = performance.now()
    await alone.end('SIGTERM')
    expect(performance.now() - toldAt).toBeLessThan(5000)
  })
})
