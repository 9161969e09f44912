import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import { eventually } from './eventually.ts'
import type { Replicas } from './faults-controllers.ts'
import { type Fault, faults } from './faults-kinds.ts'
import type { Plane } from './faults-plane.ts'
import type { SeededRandom } from './faults-random.ts'
import { type Operation, Refused } from './faults-world.ts'

/** What users want, and what has to come of it. */
export interface Trial {
  readonly namespaces: readonly string[]
  /** What there is, for the story of a run that fails. */
  describe(): readonly string[]
  /** What users do next. */
  plan(count: number): Operation[]
  /** Throws what is not (yet) as it should be; resolves with what to do when all is well. */
  check(): Promise<() => void>
}

export interface TrialOptions {
  readonly seed: number
  /** How many faults, one after the other. */
  readonly count: number
  /** Only faults whose name has this in it. Default: all that the plane knows. */
  readonly only?: string
  readonly leaseNamespace: string
}

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

function pickFault(plane: Plane, random: SeededRandom, only: string): Fault {
  const possible = faults.filter(fault => fault.on(plane) && fault.name.includes(only))
  return random.pick(possible.flatMap(fault => Array.from({ length: fault.weight }, () => fault)))
}

/** A fault after which more is told than that it is over. */
const slowMs = 20_000

async function lastLines({ all }: Replicas): Promise<string> {
  const parts = all.map(async replica => {
    const { name, log, runs, stray } = replica
    const lines = log.slice(-15).map(line => JSON.stringify(line))
    return `${name}, which ${runs ? 'runs' : 'has ended'}:\n${stray}${lines.join('\n')}\n${await replica.queues()}`
  })
  return (await Promise.all(parts)).join('\n')
}

/** Faults while users go on, one after the other; everything has to come right after each. */
export async function survive(
  plane: Plane,
  replicas: Replicas,
  trial: Trial,
  random: SeededRandom,
  { seed, count, only = '', leaseNamespace }: TrialOptions,
): Promise<void> {
  const tally = new Tally()
  const began = performance.now()
  await eventually('somebody leads', () => replicas.leader !== undefined)
  for (let number = 1; number <= count; number += 1) {
    const before = trial.describe()
    const todo = trial.plan(random.between(3, 8))
    const fault = pickFault(plane, random, only)
    const story = [...before, ...todo.map(({ text }) => text)]
    const started = performance.now()
    const tell = (what: string) => story.push(`${Math.round(performance.now() - started)} ms: ${what}`)
    try {
      const done = perform(plane, todo, random).then(() => tell('all requests are answered'))
      done.catch(() => {})
      await sleep(random.between(0, 600))
      tell(`${fault.name}; ${replicas.leader?.replica.name} leads`)
      await fault.strike({ plane, replicas, world: trial, random, leaseNamespace, tell })
      const over = performance.now()
      tell('the fault is over')
      await done
      const remember = await eventually('everything is as it should be', () => trial.check(), {
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
      throw new Error(`seed ${seed}, fault ${number} (${fault.name}): ${what}\n${story.join('\n')}\n${await lastLines(replicas)}`, {
        cause: error,
      })
    }
    if (count > 20) console.info(`${number}: ${fault.name}: ${story.at(-1)}`)
    if (performance.now() - started > slowMs) console.info(story.join('\n'), await lastLines(replicas))
  }
  const errors = replicas.all.flatMap(({ log }) => log.filter(({ level }) => level >= 50))
  expect(errors).toEqual([])
  const seconds = Math.round((performance.now() - began) / 1000)
  console.info(
    JSON.stringify({ faults: count, on: plane.kind, seed, seconds, changesOfLeader: replicas.changes, lateWrites: replicas.lateWrites }),
  )
  console.table(tally.rows)
}
