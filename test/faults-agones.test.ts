import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect } from 'vitest'
import { eventually } from './harness/eventually.ts'
import { AgonesWorld } from './harness/faults-agones.ts'
import { Replicas } from './harness/faults-controllers.ts'
import { EmbeddedPlane } from './harness/faults-plane.ts'
import { SeededRandom } from './harness/faults-random.ts'
import { survive } from './harness/faults-survive.ts'
import { testNeeding } from './harness/needs.ts'

const test = testNeeding('kubectl')

/**
 * Which faults strike, and what users do meanwhile; another number gives another history: `BERTH_FAULT_SEED=… BERTH_FAULTS=… npx vitest run
 * test/faults-agones.test.ts`.
 */
const seed = Number(process.env['BERTH_FAULT_SEED'] ?? 1)
/** How many faults, one after the other. */
const count = Number(process.env['BERTH_FAULTS'] ?? 12)
/** Only faults whose name has this in it. In the suite controllers are killed, which is what a test of minutes can do most often. */
const only = process.env['BERTH_FAULT'] ?? (process.env['BERTH_FAULTS'] === undefined ? 'killed' : '')

/** How long the API server is away for the controllers; `BERTH_OUTAGE=60` is a minute. */
const outageSeconds = Number(process.env['BERTH_OUTAGE'] ?? 8)

async function open(folder: string, random: SeededRandom) {
  await using parts = new AsyncDisposableStack()
  parts.defer(() => rm(folder, { recursive: true, force: true }))
  const plane = parts.use(await EmbeddedPlane.start(folder, ['--agones']))
  const sidecar = ['--agones', '--agones-sidecar-image', 'berth.dev/agones-sdk']
  const replicas = parts.use(await Replicas.start(2, plane.upstream, { args: [...sidecar, '--lease-namespace', 'default'] }))
  const world = parts.use(new AgonesWorld(plane, random, { home: 'default', matchmakers: 3 }))
  const all = parts.move()
  return { plane, replicas, world, [Symbol.asyncDispose]: () => all.disposeAsync() }
}

describe(`Fleets, matches and what can go wrong with their controllers (seed ${seed})`, () => {
  test('no match is disturbed, no server or port is given out twice, numbers come right, nothing is left over', {
    timeout: 180_000 + count * 70_000,
  }, async () => {
    const random = new SeededRandom(seed)
    await using opened = await open(await mkdtemp(join(tmpdir(), 'berth-faults-')), random)
    const { plane, replicas, world } = opened
    await survive(plane, replicas, world, random, { seed, count, only, leaseNamespace: 'default' })
    expect(world.violations).toEqual([])
    expect(world.ended).toBeGreaterThan(count)
    console.info(`${world.ended} matches were played`)
  })

  test('an API server that is away, and a node that is not heard of meanwhile, change nothing for any server', {
    timeout: 180_000 + outageSeconds * 1000,
  }, async () => {
    await using opened = await open(await mkdtemp(join(tmpdir(), 'berth-faults-')), new SeededRandom(seed))
    const { plane, replicas, world } = opened
    for (const operation of world.plan(3)) await operation.run(plane.api)
    await eventually('matches are played', () => world.playing >= 3, { timeout: 60_000 })
    await eventually('everything is as it should be', () => world.check(), { timeout: 60_000, every: 150 })
    const before = await world.fingerprints()
    expect([...before.values()].filter(text => text.includes(' Allocated '))).toHaveLength(world.playing)

    const [node] = (await plane.api.list<{ metadata: { name: string } }>('/api/v1/nodes')).items
    const heard = async (status: string) => {
      const body = { status: { conditions: [{ type: 'Ready', status }] } }
      const path = `/api/v1/nodes/${node?.metadata.name}/status`
      expect((await plane.api.send('PATCH', path, body, 'application/strategic-merge-patch+json')).code).toBe(200)
    }
    await heard('Unknown')
    const away = Date.now()
    for (const { proxy } of replicas.all) proxy.shut()
    await sleep(outageSeconds * 1000)
    for (const { proxy } of replicas.all) proxy.open()
    const isAtWork = ({ msg, time }: { msg: string; time: string }) => msg === 'controllers are at work' && Date.parse(time) > away
    await eventually('somebody is at work again', () => replicas.all.some(({ log }) => log.some(isAtWork)), { timeout: 60_000 })
    await sleep(3000)
    await heard('True')
    await sleep(2000)
    expect(await world.fingerprints()).toEqual(before)
    expect(await world.check()).toBeTypeOf('function')
  })
})
