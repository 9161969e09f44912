import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect } from 'vitest'
import { eventually } from './harness/eventually.ts'
import { checkWorld } from './harness/faults-check.ts'
import { MortalCluster } from './harness/faults-cluster.ts'
import { SeededRandom } from './harness/faults-random.ts'
import { type Operation, Refused, World } from './harness/faults-world.ts'
import { testNeeding } from './harness/needs.ts'
import { root } from './harness/run.ts'

const test = testNeeding('kubectl')

/**
 * Which history is played; any number gives another: `BERTH_FAULT_SEED=… BERTH_FAULTS=… npx vitest run test/faults.test.ts`. A failed run prints
 * its seed, which does the same things again.
 */
const seed = Number(process.env['BERTH_FAULT_SEED'] ?? 1)
/** Rounds with simulated servers; a fifth as many with real processes. */
const rounds = Number(process.env['BERTH_FAULTS'] ?? 10)

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-faults-'))
})
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') console.info(`the data folder is kept: ${folder}`)
  else await rm(folder, { recursive: true, force: true })
})

const mortal = (...args: string[]) => new MortalCluster(join(folder, 'data'), args)

/**
 * Does what is planned, one after the other, until the cluster is dead. What was answered is taken off the list.
 * `fatal` is called when only so many are left.
 */
async function perform(
  cluster: MortalCluster,
  todo: Operation[],
  random: SeededRandom,
  fatal?: { left: number; act: () => void },
): Promise<void> {
  for (let [next] = todo; next !== undefined; [next] = todo) {
    try {
      await next.run(cluster.api)
    } catch (error) {
      if (error instanceof Refused) throw error
      return
    }
    todo.shift()
    if (todo.length === fatal?.left) fatal.act()
    await sleep(random.between(0, 80))
  }
}

/** Random operations with SIGKILL in between, round by round; everything has to come right after each. */
async function survive(
  cluster: MortalCluster,
  world: World,
  random: SeededRandom,
  options: { rounds: number; real: boolean },
): Promise<void> {
  let kills = 0
  await cluster.start()
  for (let round = 1; round <= options.rounds; round += 1) {
    const before = [...world.sets].map(([name, set]) => `(${name}: ids ${set.ids.join(' or ')}, ${set.traits})`)
    const todo = world.plan(random.between(6, 14))
    const story = [...before, ...todo.map(({ text }) => text)]
    try {
      const began = performance.now()
      const tell = (what: string) => story.push(`${Math.round(performance.now() - began)} ms: ${what}`)
      for (let lives = random.between(1, 2); lives > 0; lives -= 1) {
        // Either at some time, or in the moments after a request was answered, when its consequences are being written.
        const stroke = Promise.withResolvers<void>()
        const left = random.chance(0.5) ? random.between(0, Math.max(0, todo.length - 1)) : -1
        const lifetime = random.between(5, options.real ? 3000 : 1000)
        const death = Promise.race([stroke.promise.then(() => sleep(random.between(0, 60))), sleep(lifetime)]).then(() => cluster.kill())
        await Promise.all([death, perform(cluster, todo, random, { left, act: stroke.resolve })])
        kills += 1
        tell(`killed, ${todo.length} requests left`)
        if (random.chance(0.3)) {
          await cluster.dieStarting(random.between(100, 1200))
          kills += 1
        }
        await cluster.start()
        tell('up again')
      }
      await perform(cluster, todo, random)
      const remember = await eventually('everything is as it should be', () => checkWorld(cluster, world, options.real), {
        timeout: options.real ? 60_000 : 30_000,
        every: 150,
      })
      remember()
    } catch (error) {
      throw new Error(`seed ${seed}, round ${round}: ${error instanceof Error ? error.message : String(error)}\n${story.join('\n')}`, {
        cause: error,
      })
    }
  }
  expect(await cluster.now.k('get gss,gs,pods,svc -A')).toContain('gameserverset.game.kruise.io/')
  console.info(`${options.rounds} rounds, ${kills} kills, seed ${seed}`)
}

describe(`faults (seed ${seed})`, () => {
  test('simulated servers come through SIGKILL at any moment', { timeout: 60_000 + rounds * 40_000 }, async () => {
    const random = new SeededRandom(seed)
    const world = new World(random, { image: tag => `registry.example.com/demo/game:${tag}`, sets: 5 })
    await using cluster = mortal('--simulate', '--nodes', '2')
    await survive(cluster, world, random, { rounds, real: false })
  })

  test('real processes come through SIGKILL at any moment', { timeout: 60_000 + rounds * 40_000 }, async () => {
    const random = new SeededRandom(seed + 1)
    const world = new World(random, { image: tag => `registry.example.com/studio/tiny:${tag}`, sets: 3 })
    await using cluster = mortal('--images', join(root, 'test/images'))
    await survive(cluster, world, random, { rounds: Math.ceil(rounds / 5), real: true })
  })
})
