import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect } from 'vitest'
import { eventually } from './harness/eventually.ts'
import { checkWorld } from './harness/faults-check.ts'
import { Replicas } from './harness/faults-controllers.ts'
import { type Fault, faults } from './harness/faults-kinds.ts'
import { openPlane, type Plane } from './harness/faults-plane.ts'
import { SeededRandom } from './harness/faults-random.ts'
import { type Operation, Refused, World } from './harness/faults-world.ts'
import { testNeeding } from './harness/needs.ts'

const test = testNeeding('kubectl')

/**
 * Which faults strike, and what users do meanwhile; another number gives another history: `BERTH_FAULT_SEED=… BERTH_FAULTS=… npx vitest run
 * test/faults-leaders.test.ts`. On a real Kubernetes with BERTH_TEST_KUBECONFIG set: it starts a cluster of its own beside that one.
 */
const seed = Number(process.env['BERTH_FAULT_SEED'] ?? 1)
/** How many faults, one after the other. */
const count = Number(process.env['BERTH_FAULTS'] ?? 6)
/** Only faults whose name has this in it. */
const only = process.env['BERTH_FAULT'] ?? ''

/** Does what is planned, one after the other, each until it is answered. */
async function perform(plane: Plane, todo: readonly Operation[], random: SeededRandom): Promise<void> {
  for (const operation of todo) {
    await eventually(
      operation.text,
      async () => {
        try {
          await operation.run(plane.api)
        } catch (error) {
          if (error instanceof Refused) return error
          throw error
        }
        return true
      },
      { timeout: 60_000, every: 100 },
    ).then(outcome => {
      if (outcome instanceof Refused) throw outcome
    })
    await sleep(random.between(0, 150))
  }
}

/** How long it took from the end of each fault until everything was right again, by its name. */
class Tally {
  readonly #settled = new Map<string, number[]>()

  add(fault: Fault, ms: number): void {
    this.#settled.set(fault.name, [...(this.#settled.get(fault.name) ?? []), ms])
  }

  get rows(): { fault: string; times: number; medianMs: number; maxMs: number }[] {
    return [...this.#settled].map(([fault, all]) => {
      const sorted = all.toSorted((a, b) => a - b)
      return {
        fault,
        times: all.length,
        medianMs: Math.round(sorted[Math.floor(sorted.length / 2)] ?? 0),
        maxMs: Math.round(sorted.at(-1) ?? 0),
      }
    })
  }
}

function pickFault(plane: Plane, random: SeededRandom): Fault {
  const possible = faults.filter(fault => fault.on(plane) && fault.name.includes(only))
  return random.pick(possible.flatMap(fault => Array.from({ length: fault.weight }, () => fault)))
}

/** A fault after which more is told than that it is over. */
const slowMs = 20_000

const lastLines = ({ all }: Replicas): string =>
  all
    .map(
      ({ name, log }) =>
        `${name}:\n${log
          .slice(-15)
          .map(line => JSON.stringify(line))
          .join('\n')}`,
    )
    .join('\n')

async function survive(plane: Plane, replicas: Replicas, world: World, random: SeededRandom, leaseNamespace: string): Promise<void> {
  const tally = new Tally()
  const began = performance.now()
  await eventually('somebody leads', () => replicas.leader !== undefined)
  for (let number = 1; number <= count; number += 1) {
    const before = [...world.sets].map(([name, set]) => `(${name}: ids ${set.ids.join(' or ')}, ${set.traits})`)
    const todo = world.plan(random.between(3, 8))
    const fault = pickFault(plane, random)
    const story = [...before, ...todo.map(({ text }) => text)]
    const started = performance.now()
    const tell = (what: string) => story.push(`${Math.round(performance.now() - started)} ms: ${what}`)
    try {
      const done = perform(plane, todo, random).then(() => tell('all requests are answered'))
      done.catch(() => {})
      await sleep(random.between(0, 600))
      tell(`${fault.name}; ${replicas.leader?.replica.name} leads`)
      await fault.strike({ plane, replicas, world, random, leaseNamespace, tell })
      const over = performance.now()
      tell('the fault is over')
      await done
      const remember = await eventually('everything is as it should be', () => checkWorld(plane, world, false), {
        timeout: 60_000,
        every: 150,
      })
      tell('everything is right')
      tally.add(fault, performance.now() - over)
      remember()
      if (replicas.violations.length > 0) throw new Error(replicas.violations.join('\n'))
      for (const { name, runs, stray } of replicas.all) if (!runs) throw new Error(`${name} has ended by itself:\n${stray}`)
    } catch (error) {
      const what = error instanceof Error ? error.message : String(error)
      throw new Error(`seed ${seed}, fault ${number} (${fault.name}): ${what}\n${story.join('\n')}\n${lastLines(replicas)}`, {
        cause: error,
      })
    }
    if (count > 20) console.info(`${number}: ${fault.name}: ${story.at(-1)}`)
    if (performance.now() - started > slowMs) console.info(story.join('\n'), lastLines(replicas))
  }
  const errors = replicas.all.flatMap(({ log }) => log.filter(({ level }) => level >= 50))
  expect(errors).toEqual([])
  const seconds = Math.round((performance.now() - began) / 1000)
  console.info(
    JSON.stringify({ faults: count, on: plane.kind, seed, seconds, changesOfLeader: replicas.changes, lateWrites: replicas.lateWrites }),
  )
  console.table(tally.rows)
}

describe(`two controllers and what can go wrong (seed ${seed})`, () => {
  test('come through it: nothing lost, nothing twice, nothing restarted, none but the leader writes', {
    timeout: 180_000 + count * 70_000,
  }, async () => {
    const random = new SeededRandom(seed)
    const folder = await mkdtemp(join(tmpdir(), 'berth-faults-'))
    await using parts = new AsyncDisposableStack()
    parts.defer(() => rm(folder, { recursive: true, force: true }))
    const { plane, home, arena, networks } = parts.use(await openPlane(folder, seed))
    const world = new World(random, {
      image: tag => `registry.example.com/demo/game:${tag}`,
      sets: 4,
      home,
      arena,
      ...(networks === undefined ? {} : { networks }),
    })
    const replicas = parts.use(await Replicas.start(2, plane.upstream, { args: ['--lease-namespace', home] }))
    await survive(plane, replicas, world, random, home)
  })
})
