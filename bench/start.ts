import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Bench, median, timed } from './harness/bench.ts'
import { berth, startCluster } from './harness/cluster.ts'

const run = promisify(execFile)
const rounds = 7

/** Median of several, in ms. */
async function medianOf(measure: () => Promise<number>): Promise<number> {
  const values: number[] = []
  for (let round = 0; round < rounds; round += 1) values.push(await measure())
  return Math.round(median(values))
}

async function startMs(args: readonly string[], cache: string): Promise<number> {
  await using cluster = await startCluster({ args, env: { NODE_COMPILE_CACHE: cache } })
  return cluster.startMs
}

export const start: Bench = {
  name: 'start',
  about: `from the shell to ready, median of ${rounds} in ms; cold: with an empty compile cache`,
  async run(report) {
    const cache = await mkdtemp(join(tmpdir(), 'berth-bench-cache-'))
    try {
      for (const [what, args] of [
        ['berth dev', []],
        ['berth dev --simulate', ['--simulate']],
      ] as const) {
        const cold = await medianOf(async () => {
          await rm(cache, { recursive: true, force: true })
          return startMs(args, cache)
        })
        report({ what, 'cold ms': cold, 'warm ms': await medianOf(() => startMs(args, cache)) })
      }
      await using cluster = await startCluster({ args: ['--simulate'] })
      const env = { ...process.env, NODE_COMPILE_CACHE: cache, KUBECONFIG: cluster.kubeconfig }
      for (const command of ['get pods', 'get gss', 'addresses', '--version']) {
        const once = (): Promise<number> => timed(() => run(berth, command.split(' '), { env }))
        await once()
        report({ what: `berth ${command}`, 'warm ms': await medianOf(once) })
      }
    } finally {
      await rm(cache, { recursive: true, force: true })
    }
  },
}
